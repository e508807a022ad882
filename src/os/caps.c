/* SPDX-License-Identifier: Apache-2.0 */
#include "os/caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const names[] = {
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

int caps_number(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (strcasecmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

const char *caps_name(int number)
{
	return number >= 0 && (size_t)number < KEG_COUNT(names) ? names[number] : NULL;
}

/* prctl(2): EINVAL for a number that the kernel does not have. */
uint64_t caps_known(void)
{
	int low = 0, high = 63; /* the last one is between these */

	while (low < high) {
		int middle = (low + high + 1) / 2;

		if (prctl(PR_CAPBSET_READ, middle, 0, 0, 0) >= 0)
			low = middle;
		else
			high = middle - 1;
	}
	return UINT64_MAX >> (63 - low);
}

static int read_sets(struct caps *out)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	*out = (struct caps){
		.effective = data[0].effective | (uint64_t)data[1].effective << 32,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
	};
	return 0;
}

uint64_t caps_effective(void)
{
	struct caps own = { 0 };

	(void)read_sets(&own);
	return own.effective;
}

int caps_permitted(uint64_t *out, struct keg_err *err)
{
	struct caps own = { 0 };
	int r = read_sets(&own);

	if (r < 0)
		return keg_fail_sys(err, -r, "read our capabilities");
	*out = own.permitted;
	return 0;
}

int caps_limit_bounding(uint64_t keep, struct keg_err *err)
{
	uint64_t drop = caps_known() & ~keep;

	for (int i = 0; i < 64; i++) {
		if (!(drop >> i & 1) || prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		/* Without CAP_SETPCAP that is no harm for one which is not there. */
		if (errno == EPERM && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 0)
			continue;
		return keg_fail_sys(err, errno, "drop %s from the bounding set",
				    caps_name(i) ? caps_name(i) : "a capability");
	}
	return 0;
}

int caps_keep_over_setuid(bool keep, struct keg_err *err)
{
	if (prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "keep capabilities");
	return 0;
}

int caps_apply(const struct caps *want, struct keg_err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	uint64_t held = 0;
	int r = caps_permitted(&held, err);

	if (r < 0)
		return r;
	const uint64_t effective = want->effective & held, permitted = want->permitted & held,
		       inheritable = want->inheritable & held;
	const struct __user_cap_data_struct data[2] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	if (syscall(SYS_capset, &head, data) < 0)
		return keg_fail_sys(err, errno, "set capabilities");
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return keg_fail_sys(err, errno, "clear ambient capabilities");
	for (int i = 0; i < 64; i++) {
		if (!(want->ambient & permitted & inheritable & UINT64_C(1) << i))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return keg_fail_sys(err, errno, "raise ambient capability %d", i);
	}
	return 0;
}
