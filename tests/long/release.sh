#!/bin/sh
# make check in a clean clone on a clean Debian: release.sh RELEASE BUILD, as root.
#
# The Debian is made by debootstrap below BUILD/release, once; nothing of this machine but its network is
# seen there. `make check` is run as root, and then all tests once more as an ordinary user.
#
#   MIRROR=http://deb.debian.org/debian      where it comes from
set -eu

release=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$2/release"
tree=$(cd "$2/release" && pwd)/$release

[ "$(id -u)" = 0 ] || { echo "check-release: needs root"; exit 1; }
if [ ! -e "$tree.made" ]; then
    rm -rf --one-file-system "$tree"
    # Whatever it mounts goes with it, however it ends.
    unshare --mount debootstrap --variant=minbase --include=make,git "$release" "$tree" "${MIRROR:-http://deb.debian.org/debian}" >"$tree.log" ||
        { tail "$tree.log"; exit 1; }
    touch "$tree.made"
fi
rm -rf "$tree/home/metroplex"
# The checkout may be somebody else's.
GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' git clone -q --no-hardlinks "$here" "$tree/home/metroplex"
cp /etc/resolv.conf "$tree/etc/resolv.conf"

cat >"$tree/root/check" <<'E2'
set -eu
export HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin
. /etc/os-release
make -C /home/metroplex check >/root/check.log 2>&1 && status=0 || status=$?
grep -aE '^not ok|^\[FAIL\]' /root/check.log || true
echo "$PRETTY_NAME, as root: $(grep -aE '^[0-9]+ passed, ' /root/check.log | tail -n 1)"
id tester >/dev/null 2>&1 || useradd -m -s /bin/sh tester
chown -R tester: /home/metroplex
su tester -c 'cd /home/metroplex && HOME=/home/tester tests/run build' >/root/user.log 2>&1 || status=$?
grep -E '^not ok|^\[FAIL\]' /root/user.log || true
echo "$PRETTY_NAME, as an ordinary user: $(tail -n 1 /root/user.log)"
exit $status
E2

# A root of its own and not a chroot, in which no user may make a namespace.
exec unshare --mount --pid --fork --kill-child sh -c '
    mount --bind "$1" "$1" && cd "$1"
    mount -t proc proc proc && mount --rbind /dev dev
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mkdir -p .old && pivot_root . .old && cd /
    umount -l /.old
    exec sh /root/check' sh "$tree"
