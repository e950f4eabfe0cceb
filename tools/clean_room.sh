#!/usr/bin/env bash
# Tries the README's commands where nothing is installed: tools/clean_room.sh [FOLDER] [COMMAND ...]
# Makes a bare Debian 12 with git and make in FOLDER (default /var/tmp/widenet_clean_room), clones the last commit into it and
# runs COMMAND there (default: make demo, make demo again, make test). Needs root, debootstrap and Debian's package
# mirror; takes about 2 GB. FOLDER is kept for a look and removed by the next run.
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
room=${1:-/var/tmp/widenet_clean_room}
shift || true
mirror=${WIDENET_MIRROR:-http://deb.debian.org/debian}

if [ "$(id -u)" != 0 ] || ! command -v debootstrap > /dev/null; then
  printf 'clean_room: needs root and debootstrap (it makes a root file system) run: apt-get install debootstrap\n' >&2
  exit 1
fi

leave() {
  local mount
  for mount in dev/shm dev/pts dev proc sys; do
    if mountpoint -q "$room/$mount"; then umount "$room/$mount"; fi
  done
}
trap leave EXIT
leave
rm -rf --one-file-system "$room"
mkdir -p "$room"
debootstrap --variant=minbase --include=git,make,ca-certificates bookworm "$room" "$mirror"
# This machine's way to the packages.
cp /etc/resolv.conf "$room/etc/resolv.conf"
if command -v apt-config > /dev/null; then
  apt-config dump | grep '^Acquire::\(http\|https\|Check\)[A-Za-z:-]* "[^"]\+";$' > "$room/etc/apt/apt.conf.d/99this-machine" || true
fi
mount -t proc proc "$room/proc"
mount -t sysfs -o ro sysfs "$room/sys" || true
mount --bind /dev "$room/dev"
mount --bind /dev/pts "$room/dev/pts"
mount -t tmpfs tmpfs "$room/dev/shm" || true

git clone -q --no-hardlinks "$source" "$room/widenet"
printf 'clean_room: %s at %s\n' "$(git -C "$source" log -1 --format='%h %s')" "$room"
run() { printf '\nclean_room: %s\n' "$*"; time chroot "$room" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
  sh -c "cd /widenet && $*"; }
if [ $# -gt 0 ]; then
  run "$*"
else
  run make demo
  run make demo
  run make test
fi
