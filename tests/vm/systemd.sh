# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# Sourced by init.sh: the first process becomes the distribution's systemd, with a bus and the job
# as its only services. What a real boot starts beside them is neither needed nor waited for.
mkdir -p /run/systemd/system /run/systemd/system-generators
for generator in /lib/systemd/system-generators/*; do
	ln -s /dev/null "/run/systemd/system-generators/${generator##*/}"
done
for unit in dbus.socket dbus.service; do
	mkdir "/run/systemd/system/$unit.d"
	printf '[Unit]\nDefaultDependencies=no\n' >"/run/systemd/system/$unit.d/early.conf"
done
cat >/run/systemd/system/keg-job.service <<'UNIT'
[Unit]
DefaultDependencies=no
Requires=dbus.socket
After=dbus.socket
[Service]
Type=oneshot
Delegate=yes
ExecStart=/bin/sh -c 'sh /run/job/run.sh >/run/job/output 2>&1; echo $? >/run/job/status.new'
ExecStopPost=/bin/sh -c 'mv /run/job/status.new /run/job/status; sync; poweroff -f'
UNIT
# The words of the kernel's command line again: that is not read where the host's root says that it is a container's.
# shellcheck disable=SC2046
exec /lib/systemd/systemd $(grep -o 'systemd\.[^ ]*' /proc/cmdline) --unit=keg-job.service --log-target=null --show-status=no
