#!/usr/bin/env bash
# A private Postfix for tests and the demo: it takes mail on a loopback port and delivers replies
# into a data directory of metroplex. It never touches the system's own Postfix, sends nothing, and
# leaves nothing outside its directory.
#
#   postfix.sh start DIR HOSTNAME DATA USER   prints the port
#   postfix.sh stop DIR
#
# USER owns DATA; virtual(8) delivers as that user. Needs root, or a user namespace that maps ids.
# Lines in the environment's POSTFIX_MAIN and POSTFIX_MASTER go to the end of main.cf and master.cf.
set -euo pipefail

die() { echo "postfix.sh: $*" >&2; exit 1; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

write_main() { # DIR HOSTNAME DATA UID GID
    cat >"$1/etc/main.cf" <<EOF
compatibility_level = 3.6
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C POSTLOG_SERVICE POSTLOG_HOSTNAME LD_PRELOAD AHEAD
queue_directory = $1/queue
data_directory = $1/lib
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = $1/log
maillog_file = $1/log/mail.log
myhostname = $2
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
local_transport = error:5.1.1 no local delivery here
default_transport = error:5.7.1 this instance sends no mail
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_non_fqdn_recipient, reject_unlisted_recipient
virtual_mailbox_domains = reply.$2, noreply.$2
virtual_mailbox_base = $3/mail
virtual_mailbox_maps = regexp:$1/etc/virtual.regexp
virtual_uid_maps = static:$4
virtual_gid_maps = static:$5
virtual_mailbox_limit = 0
recipient_delimiter = +
message_size_limit = 26214400
disable_vrfy_command = yes
smtpd_helo_required = yes
strict_rfc821_envelopes = yes
service_throttle_time = 1s
in_flow_delay = 0s
EOF
    # A key that stands twice is a warning of every process, and too many before postlogd is up stop them all.
    sed -n 's/^\([a-z_-]*\) *=.*/\1/p' <<<"${POSTFIX_MAIN-}" | while read -r key; do sed -i "/^$key *=/d" "$1/etc/main.cf"; done
    echo "${POSTFIX_MAIN-}" >>"$1/etc/main.cf"
}

write_virtual() { # DIR HOSTNAME
    local host=${2//./\\.}
    cat >"$1/etc/virtual.regexp" <<EOF
/^(reply|unsub|bounce)\+[a-z]-[0-9]{1,14}-[0-9a-f]{40}-[0-9]{1,14}@reply\.$host\$/   reply/
/^[^@]+@noreply\.$host\$/   reply/
EOF
}

write_master() { # DIR PORT
    cat >"$1/etc/master.cf" <<EOF
127.0.0.1:$2 inet n - n - - smtpd
$(<"$(dirname "${BASH_SOURCE[0]}")/postfix.services")
${POSTFIX_MASTER-}
EOF
}

# With a missing main.cf, postfix falls back to the system's queue: so look before every call.
refuse_foreign() { # DIR
    local queue
    queue=$(/usr/sbin/postconf -c "$1/etc" -h queue_directory) || die "cannot read $1/etc/main.cf"
    [[ $queue == "$1/queue" ]] || die "$1/etc/main.cf is not of this instance: its queue is $queue"
}

start() { # DIR HOSTNAME DATA USER
    local dir=$1 port
    port=$(free_port)
    mkdir -p "$dir"/{etc,lib,log,queue}
    chmod 755 "$dir" "$dir/log"
    chown postfix "$dir/lib"
    write_main "$dir" "$2" "$3" "$(id -u "$4")" "$(id -g "$4")"
    write_virtual "$dir" "$2"
    write_master "$dir" "$port"
    touch -d '1 hour ago' "$dir/etc/main.cf" # Postfix's tools wait for a file that is younger
    refuse_foreign "$dir"
    /usr/sbin/postfix -c "$dir/etc" start >"$dir/log/start.log" 2>&1 ||
        die "cannot start: $(tail -n 3 "$dir/log/start.log" "$dir/log/mail.log" 2>/dev/null)"
    echo "$port"
}

stop() { # DIR
    [[ -f $1/etc/main.cf ]] || return 0
    refuse_foreign "$1"
    /usr/sbin/postfix -c "$1/etc" stop >>"$1/log/start.log" 2>&1 || true
}

case ${1-} in
start) [[ $# == 5 ]] || die "usage: postfix.sh start DIR HOSTNAME DATA USER"; start "${@:2}" ;;
stop) [[ $# == 2 ]] || die "usage: postfix.sh stop DIR"; stop "$2" ;;
*) die "usage: postfix.sh start DIR HOSTNAME DATA USER | stop DIR" ;;
esac
