#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first process. KEG_JOB (from the kernel's command line) is a folder of the host
# with run.sh, which is what this machine is for; its exit status goes to KEG_JOB/status. The
# host's root is below a tmpfs, so whatever the job does to it ends with the machine.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
umask 022
mount -t proc proc /proc
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
busybox insmod "/usr/lib/uml/modules/$(uname -r)/kernel/fs/overlayfs/overlay.ko"
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work root /mnt/root || poweroff -f
cd /mnt/root || poweroff -f
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs devtmpfs dev
mkdir -p dev/pts dev/shm
mount -t devpts -o ptmxmode=0666,newinstance devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue 2>/dev/null
mount -t tmpfs -o mode=0755 tmpfs run
# systemd mounts the older layouts by itself.
[ "${KEG_CGROUPS:-v2}" != v2 ] || mount -t cgroup2 cgroup2 sys/fs/cgroup
# The host's may change at any time, under an overlay that does not expect it.
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/job run/disk run/tree run/build
mount -t hostfs -o "$KEG_JOB" none run/job
. run/job/places
mount -r -t hostfs -o "$tree" none run/tree
mount -r -t hostfs -o "$build" none run/build
ip link set lo up
hostname vm
[ ! -b dev/ubda ] || mount -t ext4 dev/ubda run/disk
# What was there before is the new root's parent: gone from sight, as after any boot.
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
cd / || poweroff -f
[ "${KEG_INIT:-}" != systemd ] || . /run/job/systemd.sh
sh /run/job/run.sh >/run/job/output 2>&1 </dev/null
echo $? >/run/job/status.new
mv /run/job/status.new /run/job/status
umount /run/disk 2>/dev/null
sync
poweroff -f
