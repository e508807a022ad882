/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kill.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strv.h"
#include "os/cgroup.h"

/* Was it moved to a group that is frozen, and not for its sake? Then it is moved back. */
static bool is_frozen_elsewhere(pid_t pid)
{
	autoptr(cgroup) group = NULL;
	struct keg_err ignored;

	return cgroup_open_pid(pid, &group, &ignored) >= 0 && cgroup_is_frozen(group, &ignored) > 0;
}

void kill_thaw(const struct state_record *record)
{
	autoptr(cgroup) group = NULL;
	struct keg_err ignored;

	if (keg_str_empty(record->cgroup) || cgroup_open(record->cgroup, &group, &ignored) < 0)
		return;
	if (cgroup_is_frozen(group, &ignored) > 0)
		(void)!cgroup_thaw(group, &ignored);
	if (is_frozen_elsewhere((pid_t)record->pid))
		(void)!cgroup_add(group, (pid_t)record->pid, &ignored);
}

/* Whoever is in the group; `gone_is_fine` where nobody can be. */
static int kill_all(const struct state_record *record, int sig, bool gone_is_fine,
		    struct keg_err *err)
{
	autoptr(cgroup) group = NULL;

	if (keg_str_empty(record->cgroup))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"container has no cgroup to find processes by");
	int r = cgroup_open(record->cgroup, &group, err);
	if (r >= 0 && !gone_is_fine && !cgroup_exists(group))
		return keg_fail(err, KEG_EBUSY, "container not running");
	return r < 0 ? r : cgroup_signal(group, sig, err);
}

/* Its first process is the init of a namespace, so the kernel kills the others with it. */
static bool has_own_pids(const struct oci_config *config)
{
	for (size_t i = 0; config->os && i < config->os->n_namespaces; i++) {
		const struct oci_namespace *ns = &config->os->namespaces[i];

		if (keg_str_eq(ns->type, "pid"))
			return keg_str_empty(ns->path);
	}
	return false;
}

bool kill_is_over(const struct state_container *container)
{
	return container->record.pid && has_own_pids(&container->config) &&
	       !state_is_alive(&container->record);
}

int runtime_kill(const struct runtime_context *ctx, const char *id, int sig, bool all,
		 struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	if (all && kill_is_over(&c))
		return 0;
	/* KILL leaves nothing running, be the first process gone or not. */
	if (all || (sig == SIGKILL && !has_own_pids(&c.config) && !keg_str_empty(c.record.cgroup)))
		return kill_all(&c.record, sig, all, err);
	autofd int pidfd = state_open_process(&c.record, err);
	if (pidfd < 0)
		return pidfd;
	if (syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0) {
		if (errno == ESRCH)
			return keg_fail(err, KEG_EBUSY, "container not running");
		return keg_fail_sys(err, errno, "send signal %d", sig);
	}
	if (sig == SIGKILL)
		kill_thaw(&c.record);
	return 0;
}

int runtime_pids(const struct runtime_context *ctx, const char *id, pid_t **pids, size_t *n,
		 struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	autoptr(cgroup) group = NULL;
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	if (keg_str_empty(c.record.cgroup))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"container has no cgroup to find processes by");
	r = cgroup_open(c.record.cgroup, &group, err);
	return r < 0 ? r : cgroup_pids(group, pids, n, err);
}

int runtime_group(const struct runtime_context *ctx, const char *id, struct cgroup **out,
		  struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	if (!state_is_alive(&c.record))
		return keg_fail(err, KEG_EBUSY, "container with id %s is not running", id);
	if (keg_str_empty(c.record.cgroup))
		return keg_fail(err, KEG_EUNSUPPORTED, "container has no cgroup to count by");
	return cgroup_open(c.record.cgroup, out, err);
}

int runtime_stat(const struct runtime_context *ctx, const char *id, struct cgroup_stat *out,
		 struct keg_err *err)
{
	autoptr(cgroup) group = NULL;
	int r = runtime_group(ctx, id, &group, err);

	return r < 0 ? r : cgroup_read_stat(group, out, err);
}
