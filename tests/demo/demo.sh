#!/usr/bin/env bash
# The main job, end to end, on real programs: notifications go out through an SMTP server, two of
# them are answered, Postfix takes the answers, metroplex makes comments of them.
#
#   demo.sh BIN        BIN is the folder with metroplex and notifier
#
# All of it happens in one temporary directory and on loopback ports; nothing is left behind.
set -euo pipefail

bin=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
lib=$here/../lib
host=git.example.org

say() { printf '\n\033[1m%s\033[0m\n' "$*" | { [[ -t 1 ]] && cat || sed 's/\x1b\[[0-9]*m//g'; }; }
die() { echo "demo: $*" >&2; exit 1; }
show() { sed 's/^/    /'; }

# Postfix needs several user ids. Without root, a user namespace lends them, and its own network.
if [[ $(id -u) != 0 && -z ${METROPLEX_DEMO_NESTED-} ]]; then
    enter=(unshare --user --map-root-user --map-auto --net --mount --pid --fork --kill-child)
    if "${enter[@]}" true 2>/dev/null; then
        export METROPLEX_DEMO_NESTED=1
        exec "${enter[@]}" bash -c 'ip link set lo up 2>/dev/null || true; exec bash "$0" "$@"' "$0" "$@"
    fi
fi
with_postfix=yes
[[ $(id -u) == 0 && -x /usr/sbin/postfix ]] || with_postfix=no

dir=$(mktemp -d /tmp/metroplex-demo.XXXXXX)
chmod 755 "$dir"
smtp_pid=
clean_up() {
    [[ -z $smtp_pid ]] || kill "$smtp_pid" 2>/dev/null || true
    "$lib/postfix.sh" stop "$dir/postfix" || true
    [[ -n ${KEEP-} ]] || rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# The owner of the data runs them, whom a home directory such as /root need not let in.
mkdir "$dir/programs" "$dir/programs/bin"
cp -R "$bin/../libexec" "$dir/programs/"
cp "$bin/metroplex" "$bin/notifier" "$dir/programs/bin/"
bin=$dir/programs/bin

conf=$dir/etc/metroplex.conf
data=$dir/data
metroplex() { "$bin/metroplex" "$1" --config "$conf" "${@:2}"; }
tracker() { git -c safe.directory='*' -C "$data/tracker.git" "$@"; }
set_key() { sed -i "s|^#\? *$1 *=.*|$1 = $2|" "$conf"; grep -q "^$1 = $2\$" "$conf" || sed -i "s|^\[smtp\]|[smtp]\n$1 = $2|" "$conf"; }

say "1. An installation: metroplex init"
owner=()
[[ $with_postfix == no ]] || owner=(--owner nobody)
metroplex init --hostname "$host" --data "$data" "${owner[@]}" | sed "s|$dir|DIR|g" | show

say "2. Three accounts, and an issue, a pull request and a commit thread"
metroplex user add tim --name 'Tim Lake' --email tim@example.org >/dev/null
metroplex user add kate --name 'Kate Bush' --email kate@gmail.example >/dev/null
metroplex user add jo --name 'Jo Outlook' --email jo@corp.example >/dev/null
issue=$(metroplex thread open --repository acme/rocket --kind issue --title 'Rocket does not start' --as tim - <<'T'
The **red** button does nothing. @kate, @jo: any idea?
T
)
pull=$(metroplex thread open --repository acme/rocket --kind pull --object fix-fuse --title 'Replace the fuse' --as kate - <<'T'
This replaces the fuse. @tim please review.
T
)
commit=$(metroplex thread open --repository acme/rocket --kind commit --object 4b825dc642cb6eb9a060e54bf8d69288fbee4904 --title 'Paint it red' --as jo - <<'T'
Why red?
T
)
metroplex thread subscribe "$commit" kate
metroplex thread list | show

say "3. An SMTP server with STARTTLS and AUTH, and the notifications through it"
"$lib/certificates.sh" "$dir/certificates" >/dev/null 2>&1
chmod 755 "$dir/certificates"
chmod 644 "$dir/certificates/ca.pem"
printf 'correct horse' >"$dir/etc/smtp-password"
chmod 600 "$dir/etc/smtp-password"
[[ $with_postfix == no ]] || chown nobody "$dir/etc/smtp-password"
python3 "$lib/smtp_server.py" --dir "$dir/sent" --tls starttls --auth 'PLAIN LOGIN' \
    --cert "$dir/certificates/good.pem" --key "$dir/certificates/good.key" \
    --user postmaster --password 'correct horse' >"$dir/smtp-port" &
smtp_pid=$!
for _ in $(seq 200); do [[ -s $dir/smtp-port ]] && break; sleep 0.05; done
[[ -s $dir/smtp-port ]] || die "the SMTP server did not start"
set_key transport smtp
set_key address localhost
set_key port "$(head -n1 "$dir/smtp-port" | tr -dc 0-9)"
set_key tls starttls
set_key ca-file "$dir/certificates/ca.pem"
set_key authentication login
set_key username postmaster
set_key password-file "$dir/etc/smtp-password"
set_key connections 1
notify() { "$bin/notifier" --config "$conf" --once; }
notify
echo "    $(ls "$dir"/sent/*.eml | wc -l) messages were sent; the conversation of the first, as notifier.log has it:"
grep -m 12 -e '-> ' -e '<- ' -e 'Connection' -e 'TLS' "$data/log/notifier.log" | cut -c1-150 | show

of() { # the notification of thread $2 to address $1
    grep -lFx -- "to=<$1>" "$dir"/sent/*.envelope | sed 's/envelope$/eml/' | xargs grep -l "$2" | head -n1
}
to_kate=$(of kate@gmail.example "Issue #$issue") || true
to_jo=$(of jo@corp.example "Issue #$issue") || true
[[ -n $to_kate && -n $to_jo ]] || die "the notifications of issue $issue are not there"
say "4. What Kate got"
tr -d '\r' <"$to_kate" | sed -n '1,/^Content-Type: text\/html/p' | grep -v '^X-\|^List-\|^--=\|^Content\|^MIME' | head -n 32 | show

if [[ $with_postfix == yes ]]; then
    say "5. Kate (Gmail) and Jo (Outlook) answer; somebody forges an address. A private Postfix takes all three"
    port=$("$lib/postfix.sh" start "$dir/postfix" "$host" "$data" nobody)
    before=0
    answer() { python3 "$here/reply.py" --port "$port" "$@"; }
    answer --as gmail --from 'Kate Bush <kate@gmail.example>' --text 'Have you tried the *fuse*?' "$to_kate"
    answer --as outlook --from 'Jo <jo@corp.example>' --text 'It works here – since Tuesday.' "$to_jo"
    answer --as gmail --from 'Eve <eve@evil.example>' --text 'Close it, it is fine.' --forge "$to_kate"
    for _ in $(seq 200); do
        [[ $(ls "$data/mail/reply/new" | wc -l) -ge 3 ]] && break
        sleep 0.05
    done
    grep -e 'status=' "$dir/postfix/log/mail.log" | sed 's/.*postfix/postfix/; s/-[0-9a-f]\{40\}-/-…-/g; s/: [0-9A-Za-z]*: /: /' | show
else
    say "5. Left out: Postfix needs root, or a user namespace with several ids (package uidmap)"
    echo "    The answers are put into the Maildir directly."
    answer() { # deliver by hand, as virtual(8) would
        python3 - "$data" "$@" <<'P'
import os, runpy, smtplib, sys, time
data, script, argv = sys.argv[1], sys.argv[2], sys.argv[2:]
class Maildir:
    def __init__(self, *a, **k): pass
    def __enter__(self): return self
    def __exit__(self, *a): pass
    def send_message(self, mail, sender, to):
        name = "%d.V1I1M%06d.demo" % (time.time(), time.time() % 1 * 1e6)
        with open(f"{data}/mail/reply/new/{name}", "wb") as f:
            f.write(f"Return-Path: <{sender}>\nX-Original-To: {to[0]}\nDelivered-To: {to[0]}\n".encode() + mail.as_bytes().replace(b"\r\n", b"\n"))
smtplib.SMTP = Maildir
sys.argv = argv
runpy.run_path(script, run_name="__main__")
P
    }
    answer "$here/reply.py" --port 0 --as gmail --from 'Kate Bush <kate@gmail.example>' --text 'Have you tried the *fuse*?' "$to_kate"
    answer "$here/reply.py" --port 0 --as outlook --from 'Jo <jo@corp.example>' --text 'It works here – since Tuesday.' "$to_jo"
    answer "$here/reply.py" --port 0 --as gmail --from 'Eve <eve@evil.example>' --text 'Close it, it is fine.' --forge "$to_kate"
fi

say "6. metroplex --once, and its log"
"$bin/metroplex" --config "$conf" --once
grep -e processing -e Matched -e Moving -e Refused -e Posted "$data/log/metroplex.log" |
    sed "s|$dir|DIR|g" | cut -c1-170 | show

say "7. The comments: git log and git show of the tracker"
tracker log --format='%h  %an <%ae>  %s' -n 3 main | show
for number in 1 2; do
    echo "    threads/…/comments/$number/comment.md:"
    tracker show "main:threads/000/0/0/0/0/$issue/comments/$number/comment.md" | sed 's/^/        /'
done
fsck=$(tracker fsck --strict 2>&1) || die "git fsck: $fsck"
echo "    git fsck --strict: clean"

say "8. Where the mails are"
(cd "$data/incoming-mail" && ls success failure) | show
echo "    incoming-mail/outcomes-$(date -u +%Y-%m).tsv:"
cut -f 2,3,6- "$data"/incoming-mail/outcomes-*.tsv | sed 's/^/        /'

say "9. The other subscribers hear of it"
rm -f "$dir"/sent/*.eml "$dir"/sent/*.envelope
notify
for file in "$dir"/sent/*.eml; do
    grep -h -m1 '^to=' "${file%eml}envelope" | sed 's/^to=/to /'
    grep -m 3 -e '^From:' -e '^Subject:' -e '^In-Reply-To:' "$file"
done | tr -d '\r' | show

say "10. Kate asks by mail: a first mail to the repository's address opens a thread"
sed -i 's|^\[address\]|[address]\nauthserv-id = mx.example.org|' "$conf"
metroplex repository set acme/rocket --address rocket --open known >/dev/null
metroplex repository list | show
first() { # as a mail server writes it that found the signature good, or none
    printf '%s\n' "Return-Path: <kate@gmail.example>" "Delivered-To: rocket@reply.$host" \
        "Authentication-Results: mx.example.org; $1" "From: Kate Bush <kate@gmail.example>" "To: rocket@reply.$host" \
        "Subject: $2" "Date: $(date -R)" "Message-ID: <first-$2@gmail.example>" '' 'It stands in the rain.' >"$data/mail/reply/new/$(date +%s).V1I1M$2.demo"
}
first 'dkim=pass header.d=gmail.example' 'Rust'
first 'dkim=none' 'Forged'
[[ $with_postfix == no ]] || chown nobody "$data"/mail/reply/new/*
"$bin/metroplex" --config "$conf" --once
grep -e Opened -e Held "$data/log/metroplex.log" | sed "s|$dir|DIR|g" | cut -c1-170 | show
metroplex thread list | show
metroplex held list | cut -d ' ' -f 1-2,4- | show

say "11. The same to read along: metroplex pages, for any web server or none"
mkdir "$dir/pages"
[[ $with_postfix == no ]] || chown nobody "$dir/pages"
metroplex pages "$dir/pages" | sed "s|$dir|DIR|g" | show
metroplex pages --check "$dir/pages" | show
(cd "$dir/pages" && find . -name '*.html' ! -path '*/.new/*' | sort) | show
echo "    r/acme/rocket/$issue.html, without its markup:"
sed -n '/<main/,/<section/p' "$dir/pages/r/acme/rocket/$issue.html" | sed '/<details/,/<\/details/d; s/<[^>]*>//g; /^ *$/d' | sed 's/^/        /'

posted=$(cut -f 3 "$data"/incoming-mail/outcomes-*.tsv | grep -cx posted)
refused=$(cut -f 3 "$data"/incoming-mail/outcomes-*.tsv | grep -cx bad-address)
sent=$(ls "$dir"/sent/*.eml | wc -l)
say "Done: $posted comments posted, $refused forged address refused, $sent notifications sent on."
[[ $posted == 2 && $refused == 1 && $sent == 4 ]] || die "that is not what should have happened"
