/* SPDX-License-Identifier: Apache-2.0 */
#include "os/rlimit.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
	const char *name;
	int number;
} limits[] = {
	{ "RLIMIT_AS", RLIMIT_AS },
	{ "RLIMIT_CORE", RLIMIT_CORE },
	{ "RLIMIT_CPU", RLIMIT_CPU },
	{ "RLIMIT_DATA", RLIMIT_DATA },
	{ "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "RLIMIT_NICE", RLIMIT_NICE },
	{ "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "RLIMIT_RSS", RLIMIT_RSS },
	{ "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "RLIMIT_STACK", RLIMIT_STACK },
};

int rlimit_number(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(limits); i++) {
		if (strcmp(limits[i].name, name) == 0)
			return limits[i].number;
	}
	return -1;
}

uint64_t rlimit_hard(const char *name)
{
	int number = rlimit_number(name);
	struct rlimit now;

	if (number < 0 || prlimit(0, number, NULL, &now) < 0)
		return UINT64_MAX;
	return now.rlim_max;
}

int rlimit_set(pid_t pid, const char *name, uint64_t soft, uint64_t hard, struct keg_err *err)
{
	int number = rlimit_number(name);
	const struct rlimit want = { .rlim_cur = soft, .rlim_max = hard };

	if (number < 0)
		return keg_fail(err, KEG_EUSAGE, "unknown resource limit %s", name);
	if (prlimit(pid, number, &want, NULL) == 0)
		return 0;

	int saved = errno;
	struct rlimit now = { 0 };
	keg_fail_sys(err, saved, "error setting rlimit type %d: set %s to %llu:%llu", number, name,
		     (unsigned long long)soft, (unsigned long long)hard);
	if (saved == EPERM && prlimit(pid, number, NULL, &now) == 0 && hard > now.rlim_max)
		keg_hint(err,
			 "The hard limit here is %llu; without CAP_SYS_RESOURCE it cannot be "
			 "raised.",
			 (unsigned long long)now.rlim_max);
	return -(int)err->code;
}
