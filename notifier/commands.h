/* The commands of notifier(8); argv[0] is the whole command, such as "queue hold". */
#pragma once

int cmd_run(int argc, char **argv); /* without a subcommand: the cron job */
int cmd_preview(int argc, char **argv);
int cmd_test(int argc, char **argv);
int cmd_queue(int argc, char **argv);
int cmd_queue_list(int argc, char **argv);
int cmd_queue_show(int argc, char **argv);
int cmd_queue_change(int argc, char **argv); /* retry, hold, release, drop */
