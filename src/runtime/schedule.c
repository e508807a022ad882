/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/schedule.h"

#include <errno.h>

#include "base/strv.h"
#include "os/mempolicy.h"
#include "os/sched.h"

enum { NICE_LEAST = -20, NICE_MOST = 19, IO_LEVEL_MOST = 7 };

static bool is_policy(const struct oci_scheduler *s, const char *a, const char *b)
{
	return keg_str_eq(s->policy, a) || keg_str_eq(s->policy, b);
}

/* sched(7): runtime <= deadline <= period, where no period is the deadline. */
static int check_deadline(const struct oci_scheduler *s, struct keg_err *err)
{
	static const char what[] = "sched_setattr: `SCHED_DEADLINE`";
	const uint64_t least = 1024, most = INT64_MAX;

	if (!s->runtime || !s->deadline)
		return keg_fail(err, KEG_EUSAGE, "%s requires `%s`", what,
				s->runtime ? "deadline" : "runtime");
	const uint64_t runtime = *s->runtime, deadline = *s->deadline;
	if (runtime == 0 || deadline == 0)
		return keg_fail(err, KEG_EUSAGE, "%s %s must be greater than 0", what,
				runtime ? "deadline" : "runtime");
	if (runtime < least || runtime > most)
		return keg_fail(err, KEG_EUSAGE, "%s runtime (%llu) must be between %llu and %llu",
				what, (unsigned long long)runtime, (unsigned long long)least,
				(unsigned long long)most);
	if (runtime > deadline)
		return keg_fail(err, KEG_EUSAGE, "%s runtime (%llu) must be <= deadline (%llu)",
				what, (unsigned long long)runtime, (unsigned long long)deadline);
	if (s->period && deadline > s->period)
		return keg_fail(err, KEG_EUSAGE, "%s deadline (%llu) must be <= period (%llu)",
				what, (unsigned long long)deadline, (unsigned long long)s->period);
	return 0;
}

static bool is_given(const uint64_t *number)
{
	return number && *number;
}

/* The kernel ignores some of these, or refuses them with nothing but EINVAL. */
static int check_scheduler(const struct oci_scheduler *s, struct keg_err *err)
{
	if (keg_str_empty(s->policy))
		return keg_fail(err, KEG_EUSAGE, "scheduler policy is required");
	if (is_policy(s, "SCHED_OTHER", "SCHED_BATCH") &&
	    (s->nice < NICE_LEAST || s->nice > NICE_MOST))
		return keg_fail(err, KEG_EUSAGE,
				"invalid scheduler.nice: %d when scheduler.policy is %s", s->nice,
				s->policy);
	if (s->priority && !is_policy(s, "SCHED_FIFO", "SCHED_RR"))
		return keg_fail(err, KEG_EUSAGE,
				"scheduler.priority can only be specified for SCHED_FIFO or "
				"SCHED_RR policy");
	if (keg_str_eq(s->policy, "SCHED_DEADLINE"))
		return check_deadline(s, err);
	if (is_given(s->runtime) || is_given(s->deadline) || s->period)
		return keg_fail(err, KEG_EUSAGE,
				"scheduler runtime/deadline/period can only be specified for "
				"SCHED_DEADLINE policy");
	return 0;
}

static int check_affinity(const struct oci_cpu_affinity *want, struct keg_err *err)
{
	struct bitlist bits;
	int r = bitlist_parse(want->initial ? want->initial : "", &bits, err);

	if (r >= 0)
		r = bitlist_parse(want->final ? want->final : "", &bits, err);
	return r < 0 ? keg_wrap(err, "invalid execCPUAffinity") : 0;
}

int schedule_check(const struct oci_process *process, struct keg_err *err)
{
	const struct oci_io_priority *io = process->io_priority;
	int r = process->scheduler ? check_scheduler(process->scheduler, err) : 0;

	if (r >= 0 && io && (io->priority < 0 || io->priority > IO_LEVEL_MOST))
		r = keg_fail(err, KEG_EUSAGE, "invalid ioPriority.Priority: %d", io->priority);
	if (r >= 0 && process->exec_cpu_affinity)
		r = check_affinity(process->exec_cpu_affinity, err);
	return r;
}

static int parse_memory(const struct oci_memory_policy *policy, struct mempolicy *out,
			struct keg_err *err)
{
	return mempolicy_parse(policy->mode, policy->nodes, policy->flags, policy->n_flags, out,
			       err);
}

int schedule_check_memory(const struct oci_linux *os, struct keg_err *err)
{
	struct mempolicy parsed;

	return os->memory_policy ? parse_memory(os->memory_policy, &parsed, err) : 0;
}

int schedule_apply(pid_t pid, const struct oci_process *process, const char *cpus,
		   struct keg_err *err)
{
	const struct oci_scheduler *s = process->scheduler;
	const struct oci_io_priority *io = process->io_priority;
	int r = 0;

	if (s) {
		const struct sched_request want = {
			.policy = s->policy,
			.nice = s->nice,
			.priority = s->priority,
			.flags = s->flags,
			.n_flags = s->n_flags,
			.runtime = s->runtime ? *s->runtime : 0,
			.deadline = s->deadline ? *s->deadline : 0,
			.period = s->period,
		};

		r = sched_apply(pid, &want, err);
		/* sched_setattr(2): a deadline is promised for all processors or not at all. */
		if (r < 0 && err->sys == EPERM && !keg_str_empty(cpus))
			return keg_fail(err, KEG_EDENIED,
					"process scheduler can't be used together with AllowedCPUs "
					"(cpuset %s)",
					cpus);
	}
	if (r >= 0 && io)
		r = sched_io_priority(pid, io->class, io->priority, err);
	return r;
}

static int set_affinity(const char *cpus, struct keg_err *err)
{
	struct bitlist bits;
	int r = bitlist_parse(cpus, &bits, err);

	if (r >= 0)
		r = sched_affinity(0, &bits, err);
	return r < 0 ? keg_wrap(err, "execCPUAffinity %s", cpus) : 0;
}

int schedule_affinity_initial(const struct oci_cpu_affinity *want, struct keg_err *err)
{
	return want && !keg_str_empty(want->initial) ? set_affinity(want->initial, err) : 0;
}

int schedule_affinity_final(const struct oci_cpu_affinity *want, struct keg_err *err)
{
	if (want && !keg_str_empty(want->final))
		return set_affinity(want->final, err);
	if (!want || keg_str_empty(want->initial))
		sched_affinity_reset();
	return 0;
}

int schedule_inside(const struct oci_linux *os, struct keg_err *err)
{
	struct mempolicy policy;
	int r = os->personality ? sched_personality(os->personality->domain, err) : 0;

	if (r >= 0 && os->memory_policy) {
		r = parse_memory(os->memory_policy, &policy, err);
		if (r >= 0)
			r = mempolicy_set(&policy, err);
	}
	return r;
}
