#!/usr/bin/env bash
# Eight ext4 file systems on loop devices over memory, at /mnt/l0 to /mnt/l7: real O_DIRECT at the rate of one GPU's share of
# a fast Lustre. As root. libcufile asks udev what a block device holds; where no udevd runs, its entries are written here,
# also that of the root file system.
#
#   fast_disks.sh [GIBIBYTES]
set -euo pipefail
gib=${1:-48}

tell_udev() {
  local device
  device=$(stat -c %d "$1")
  printf 'E:ID_FS_USAGE=filesystem\nE:ID_FS_TYPE=ext4\n' \
    >"/run/udev/data/b$(((device >> 8) & 0xfff)):$(((device & 0xff) | ((device >> 12) & 0xfff00)))"
}

mkdir -p /run/udev/data /tmp/disks
tell_udev /
mount -t tmpfs -o "size=${gib}g" tmpfs /tmp/disks
for i in 0 1 2 3 4 5 6 7; do
  truncate -s $((gib * 128 - 64))m "/tmp/disks/image$i"
  loop=$(losetup -f --show "/tmp/disks/image$i")
  mkfs.ext4 -q -E lazy_itable_init=0 "$loop"
  mkdir -p "/mnt/l$i"
  mount "$loop" "/mnt/l$i"
  tell_udev "/mnt/l$i"
done
touch /run/udev/control
# Memory that a file system takes for the first time is slow; what is deleted stays with it.
for i in 0 1 2 3 4 5 6 7; do
  dd if=/dev/zero of="/mnt/l$i/fill" bs=16M oflag=direct status=none 2>/dev/null &
done
wait
rm -f /mnt/l?/fill
