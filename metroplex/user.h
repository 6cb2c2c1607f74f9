/* The subcommands of `metroplex user` that have a file of their own. */
#pragma once

int user_remove(int argc, char **argv);
int user_watch(int argc, char **argv);
int user_list(int argc, char **argv);
int user_show(int argc, char **argv);
