/* SPDX-License-Identifier: Apache-2.0 */
#include "os/namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/idmap_text.h"

const struct namespace_kind namespace_kinds[] = {
	{ "user", "user", CLONE_NEWUSER }, { "ipc", "ipc", CLONE_NEWIPC },
	{ "uts", "uts", CLONE_NEWUTS },	   { "network", "net", CLONE_NEWNET },
	{ "pid", "pid", CLONE_NEWPID },	   { "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "time", "time", CLONE_NEWTIME }, { "mount", "mnt", CLONE_NEWNS },
};
const size_t namespace_n_kinds = KEG_COUNT(namespace_kinds);

const struct namespace_kind *namespace_find(const char *name)
{
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		if (strcmp(namespace_kinds[i].name, name) == 0)
			return &namespace_kinds[i];
	}
	return NULL;
}

bool namespace_user_is_partial(void)
{
	char text[64];
	struct idmap_range range;
	autofd int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n < 0)
		return false;
	text[n] = '\0';
	return idmap_text_parse(text, &range, 1) != 1 || range.inside != 0 || range.outside != 0 ||
	       range.count != UINT32_MAX;
}

int namespace_loopback_up(struct keg_err *err)
{
	struct ifreq lo = { .ifr_name = "lo" };
	autofd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A kernel without IPv4 still has netdevices behind its Unix sockets. */
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return keg_fail_sys(err, errno, "make a socket");
	if (ioctl(fd, SIOCGIFFLAGS, &lo) < 0)
		return keg_fail_sys(err, errno, "look at the loopback interface");
	lo.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return keg_fail_sys(err, errno, "bring up the loopback interface");
	return 0;
}
