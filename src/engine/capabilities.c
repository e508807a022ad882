/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/capabilities.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"

/* By number, as linux/capability.h counts them. */
static const char *const cap_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

_Static_assert(KEG_COUNT(cap_names) == CAPABILITY_COUNT, "one name a capability");

const char *capability_name(unsigned number)
{
	return cap_names[number];
}

/* The number of "NET_ADMIN", "cap_net_admin" and so on; -1 when there is no such. */
int capability_number(const char *text)
{
	const char *name = strncasecmp(text, "CAP_", 4) == 0 ? text + 4 : text;

	for (size_t i = 0; i < KEG_COUNT(cap_names); i++) {
		if (strcasecmp(cap_names[i] + 4, name) == 0)
			return (int)i;
	}
	return -1;
}

static int unknown_cap(const char *text, struct keg_err *err)
{
	autofree char *name =
		strncasecmp(text, "CAP_", 4) == 0 ? keg_strdup(text) : keg_printf("CAP_%s", text);

	for (char *at = name; *at; at++)
		*at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	return keg_fail(err, KEG_EUSAGE, "\"%s\": unknown capability", name);
}

/* A list of words into a set of bits; "all" is everything that we have. */
int capability_set(const char *const *list, size_t n, uint64_t all, uint64_t *out,
		   struct keg_err *err)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		int number = capability_number(list[i]);

		if (strcasecmp(list[i], "all") == 0)
			*out |= all;
		else if (number < 0)
			return unknown_cap(list[i], err);
		else
			*out |= (uint64_t)1 << number;
	}
	return 0;
}

/* Those this process may give away: what is not in our bounding set nobody gets. */
uint64_t capability_bounding(void)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;
	unsigned long long set = 0;

	if (keg_file_read(AT_FDCWD, "/proc/self/status", 1 << 16, &text, &err) < 0)
		return 0;
	const char *at = strstr(keg_buf_text(&text), "\nCapBnd:");
	if (!at || sscanf(at, "\nCapBnd: %llx", &set) != 1)
		return 0;
	return set & (((uint64_t)1 << KEG_COUNT(cap_names)) - 1);
}
