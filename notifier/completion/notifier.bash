# bash-completion looks for a file of the command's name; what it needs is in metroplex's.
. "${BASH_SOURCE[0]%notifier*}metroplex${BASH_SOURCE[0]##*notifier}"
