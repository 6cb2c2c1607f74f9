/* The commands of metroplex(8); argv[0] is the whole command, such as "init". */
#pragma once

int cmd_run(int argc, char **argv); /* without a subcommand: the cron job; of metroplex-run */
int cmd_address(int argc, char **argv);
int cmd_bundle(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_configure(int argc, char **argv); /* the mail server, and what starts the programs */
int cmd_diagnostics(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_extract(int argc, char **argv);
int cmd_failure(int argc, char **argv);
int cmd_held(int argc, char **argv);
int cmd_fsck(int argc, char **argv);
int cmd_hook(int argc, char **argv); /* not for people: gives new comments to on-comment */
int cmd_init(int argc, char **argv);
int cmd_pages(int argc, char **argv);
int cmd_policy(int argc, char **argv); /* under Postfix's spawn(8) */
int cmd_prune(int argc, char **argv);
int cmd_repack(int argc, char **argv); /* not for people: upkeep beside a run */
int cmd_repository(int argc, char **argv);
int cmd_settings(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_thread(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_user(int argc, char **argv);
