#!/usr/bin/env bash
# The README's two commands in a new Debian with nothing but what the README names, as an ordinary user and as root.
# Usage, as root, where debootstrap is: tests/fresh.sh [SUITE]; TESTS=no leaves out the second command.
set -euo pipefail
cd "$(dirname "$0")/.."
suite="${1:-stable}"

if ! type -P debootstrap > /dev/null || [ "$(id -u)" != 0 ]; then
  echo "skipped: debootstrap is needed, and root"
  exit 0
fi
place="$(mktemp -d)"
chmod 0755 "$place"
leave() { # Nothing stays mounted, and nothing is removed below a mount.
  for mount in dev/shm dev/pts proc; do
    if mountpoint -q "$place/$mount"; then umount "$place/$mount"; fi
  done
  rm -rf --one-file-system "$place"
}
trap leave EXIT

# What the README names is installed by its names of Debian's packages.
debootstrap --variant=minbase --include=python3-venv,gnupg,make,ca-certificates "$suite" "$place"
mount -t proc proc "$place/proc"
mount -t tmpfs shm "$place/dev/shm"
mount --bind /dev/pts "$place/dev/pts"
cp /etc/resolv.conf /etc/hosts "$place/etc/"
# A network with a certificate or a proxy of its own says so by these variables; a folder of this system is not there.
settings=("PATH=/usr/local/bin:/usr/bin:/bin")
while IFS= read -r -d '' setting; do
  case "$setting" in PIP_FIND_LINKS=*) ;; PIP_* | *_proxy=* | *_PROXY=*) settings+=("$setting") ;; esac
done < /proc/self/environ
if [ -n "${PIP_CERT:-}" ]; then
  mkdir -p "$place$(dirname "$PIP_CERT")"
  cp "$PIP_CERT" "$place$PIP_CERT"
fi
chroot "$place" useradd --create-home somebody

try() { # Run the commands as this user of the new system, in a copy of what is committed.
  local user="$1" home="$2"
  mkdir "$place$home/cutter-console"
  git archive HEAD | tar x -C "$place$home/cutter-console"
  # The tests and the tour ask if this is a clone.
  mkdir "$place$home/cutter-console/.git"
  chroot "$place" chown -R "$user" "$home/cutter-console"
  for command in demo test; do
    if [ "$command" = test ] && [ "${TESTS:-yes}" = no ]; then continue; fi
    echo "make $command, as $user, on $suite"
    chroot --userspec="$user" "$place" env -i HOME="$home" "${settings[@]}" make -C "$home/cutter-console" "$command" < /dev/null
  done
}
try somebody /home/somebody
try root /root
