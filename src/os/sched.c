/* SPDX-License-Identifier: Apache-2.0 */
#include "os/sched.h"

#include <errno.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_BITS = 4096, WORD_BITS = CHAR_BIT * sizeof(unsigned long) };

struct word {
	const char *name;
	unsigned value;
};

/* A list of bits as cpusets write it. */
struct bits {
	unsigned long words[MAX_BITS / WORD_BITS];
};

static const struct word policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	{ "SCHED_FIFO", SCHED_FIFO },
	{ "SCHED_RR", SCHED_RR },
	{ "SCHED_BATCH", SCHED_BATCH },
	{ "SCHED_ISO", 4 },
	{ "SCHED_IDLE", SCHED_IDLE },
	{ "SCHED_DEADLINE", SCHED_DEADLINE },
};

static const struct word sched_flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK },
	{ "SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM },
	{ "SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN },
	{ "SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY },
	{ "SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT },
	{ "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

static const struct word memory_modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT },  { "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_BIND", MPOL_BIND },	   { "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_LOCAL", MPOL_LOCAL },	   { "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 }, /* Linux 6.9 */
};

static const struct word memory_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING },
	{ "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES },
};

static int look_up(const struct word *words, size_t n, const char *what, const char *name,
		   unsigned *out, struct keg_err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i].name, name) == 0) {
			*out = words[i].value;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "unknown %s %s", what, name);
}

static int look_up_all(const struct word *words, size_t n, const char *what,
		       const char *const *names, size_t n_names, unsigned *out, struct keg_err *err)
{
	*out = 0;
	for (size_t i = 0; i < n_names; i++) {
		unsigned bit = 0;
		int r = look_up(words, n, what, names[i], &bit, err);

		if (r < 0)
			return r;
		*out |= bit;
	}
	return 0;
}

int sched_apply(const struct sched_request *want, struct keg_err *err)
{
	unsigned policy = 0, flags = 0;
	int r = look_up(policies, KEG_COUNT(policies), "scheduler policy", want->policy, &policy,
			err);

	if (r >= 0)
		r = look_up_all(sched_flags, KEG_COUNT(sched_flags), "scheduler flag", want->flags,
				want->n_flags, &flags, err);
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
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return keg_fail_sys(err, errno, "set scheduler %s", want->policy);
	return 0;
}

int sched_io_priority(const char *class, int level, struct keg_err *err)
{
	unsigned number = 0;
	int r = look_up(io_classes, KEG_COUNT(io_classes), "I/O priority class", class, &number,
			err);

	if (r < 0)
		return r;
	if (level < 0 || level > 7)
		return keg_fail(err, KEG_EUSAGE, "I/O priority %d is not 0 to 7", level);
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, number << IOPRIO_CLASS_SHIFT | level) <
	    0)
		return keg_fail_sys(err, errno, "set I/O priority %s", class);
	return 0;
}

static int parse_bits(const char *text, struct bits *out, struct keg_err *err)
{
	*out = (struct bits){ 0 };
	for (const char *at = text; *at;) {
		char *end;
		unsigned long low = strtoul(at, &end, 10), high = low;

		if (end == at)
			return keg_fail(err, KEG_EUSAGE, "malformed list %s", text);
		if (*end == '-') {
			at = end + 1;
			high = strtoul(at, &end, 10);
			if (end == at)
				return keg_fail(err, KEG_EUSAGE, "malformed list %s", text);
		}
		if (high < low || high >= MAX_BITS || (*end && *end != ','))
			return keg_fail(err, KEG_EUSAGE, "malformed list %s", text);
		for (; low <= high; low++)
			out->words[low / WORD_BITS] |= 1UL << low % WORD_BITS;
		at = *end ? end + 1 : end;
	}
	return 0;
}

int sched_affinity(const char *cpus, struct keg_err *err)
{
	struct bits bits;
	int r = parse_bits(cpus, &bits, err);

	if (r < 0)
		return keg_wrap(err, "processors");
	if (syscall(SYS_sched_setaffinity, 0, sizeof bits, &bits) < 0)
		return keg_fail_sys(err, errno, "set processors %s", cpus);
	return 0;
}

int sched_memory_policy(const char *mode, const char *nodes, const char *const *flags,
			size_t n_flags, struct keg_err *err)
{
	unsigned number = 0, bit = 0;
	struct bits bits;
	int r = look_up(memory_modes, KEG_COUNT(memory_modes), "memory policy", mode, &number, err);

	if (r >= 0)
		r = look_up_all(memory_flags, KEG_COUNT(memory_flags), "memory policy flag", flags,
				n_flags, &bit, err);
	if (r >= 0)
		r = parse_bits(nodes ? nodes : "", &bits, err);
	if (r < 0)
		return keg_wrap(err, "memory policy");

	bool none = !nodes || !*nodes;
	if (syscall(SYS_set_mempolicy, number | bit, none ? NULL : &bits, none ? 0 : MAX_BITS) < 0)
		return keg_fail_sys(err, errno, "set memory policy %s", mode);
	return 0;
}

const char *sched_memory_mode_name(size_t n)
{
	return n < KEG_COUNT(memory_modes) ? memory_modes[n].name : NULL;
}

const char *sched_memory_flag_name(size_t n)
{
	return n < KEG_COUNT(memory_flags) ? memory_flags[n].name : NULL;
}

int sched_personality(const char *domain, struct keg_err *err)
{
	static const struct word domains[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 } };
	unsigned number = 0;
	int r = look_up(domains, KEG_COUNT(domains), "personality", domain, &number, err);

	if (r < 0)
		return r;
	if (personality(number) < 0)
		return keg_fail_sys(err, errno, "set personality %s", domain);
	return 0;
}
