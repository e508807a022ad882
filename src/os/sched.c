/* SPDX-License-Identifier: Apache-2.0 */
#include "os/sched.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/words.h"

static const struct words_entry policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const struct words_entry sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const struct words_entry io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

int sched_apply(pid_t pid, const struct sched_request *want, struct keg_err *err)
{
	unsigned policy = 0, flags = 0;
	int r = words_find(policies, KEG_COUNT(policies), "unknown scheduler policy", want->policy,
			   &policy, err);

	if (r >= 0)
		r = words_join(sched_flags, KEG_COUNT(sched_flags), "unknown scheduler flag",
			       want->flags, want->n_flags, &flags, err);
	if (r < 0)
		return r;

	const struct sched_attr attr = {
		.size = sizeof attr,
		.sched_policy = policy,
		.sched_flags = flags,
		.sched_nice = want->nice,
		.sched_priority = (unsigned)want->priority,
		.sched_runtime = want->runtime,
		.sched_deadline = want->deadline,
		.sched_period = want->period,
	};
	if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
		return keg_fail_sys(err, errno, "set scheduler %s", want->policy);
	return 0;
}

int sched_io_priority(pid_t pid, const char *class, int level, struct keg_err *err)
{
	unsigned number = 0;
	int r = words_find(io_classes, KEG_COUNT(io_classes), "unknown I/O priority class", class,
			   &number, err);

	if (r < 0)
		return r;
	if (level < 0 || level > 7)
		return keg_fail(err, KEG_EUSAGE, "I/O priority %d is not 0 to 7", level);
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, number << IOPRIO_CLASS_SHIFT | level) <
	    0)
		return keg_fail_sys(err, errno, "set I/O priority %s", class);
	return 0;
}

int sched_affinity(pid_t pid, const struct bitlist *cpus, struct keg_err *err)
{
	if (syscall(SYS_sched_setaffinity, pid, sizeof cpus->words, cpus->words) < 0)
		return keg_fail_sys(err, errno, "set the CPU affinity");
	return 0;
}

void sched_affinity_reset(void)
{
	struct bitlist all;

	memset(&all, 0xff, sizeof all);
	(void)syscall(SYS_sched_setaffinity, 0, sizeof all.words, all.words);
}

int sched_personality(const char *domain, struct keg_err *err)
{
	static const struct words_entry domains[] = { { "LINUX", PER_LINUX },
						      { "LINUX32", PER_LINUX32 } };
	unsigned number = 0;
	int r = words_find(domains, KEG_COUNT(domains), "unknown personality", domain, &number,
			   err);

	if (r < 0)
		return r;
	if (personality(number) < 0)
		return keg_fail_sys(err, errno, "set personality %s", domain);
	return 0;
}
