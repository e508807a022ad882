/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lock.h"
#include "os/cgroup.h"
#include "runtime/group.h"
#include "runtime/intel_rdt.h"
#include "runtime/limits.h"
#include "runtime/state.h"

/* The container's group; the caller frees it. */
static int open_group(const struct state_container *c, struct cgroup **out, struct keg_err *err)
{
	if (keg_str_empty(c->record.cgroup))
		return keg_fail(err, KEG_EUNSUPPORTED, "container has no cgroup");
	return cgroup_open(c->record.cgroup, out, err);
}

int runtime_pause(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	autoptr(cgroup) group = NULL;
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	enum runtime_status status = state_status(c.folder, &c.record);
	if (status != RUNTIME_RUNNING && status != RUNTIME_CREATED)
		return keg_fail(err, KEG_EBUSY, "container not running or created: %s",
				runtime_status_name(status));
	r = open_group(&c, &group, err);
	return r < 0 ? r : cgroup_freeze(group, err);
}

int runtime_resume(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	autoptr(cgroup) group = NULL;
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	if (state_status(c.folder, &c.record) != RUNTIME_PAUSED)
		return keg_fail(err, KEG_EBUSY, "container not paused");
	r = open_group(&c, &group, err);
	return r < 0 ? r : cgroup_thaw(group, err);
}

/* Locked, and not stopped. */
static int load_running(const struct runtime_context *ctx, const char *id,
			struct state_container *c, struct keg_err *err)
{
	int r = state_load(ctx, id, c, err);

	if (r >= 0)
		r = keg_lock_flock(c->folder, KEG_LOCK_EXCLUSIVE, err);
	if (r >= 0 && state_status(c->folder, &c->record) == RUNTIME_STOPPED)
		return keg_fail(err, KEG_EBUSY, "container not running");
	return r;
}

int runtime_update(const struct runtime_context *ctx, const char *id,
		   const struct oci_resources *want, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	auto(keg_arena) arena = { 0 };
	autoptr(cgroup) group = NULL;
	struct cgroup_resources limits;
	int r = load_running(ctx, id, &c, err);

	if (r >= 0)
		r = limits_translate(want, false, &limits, &arena, err);
	if (r >= 0)
		r = open_group(&c, &group, err);
	return r < 0 ? r : group_update(ctx, &c.record, group, &limits, &arena, err);
}

int runtime_update_rdt(const struct runtime_context *ctx, const char *id, const char *l3,
		       const char *mb, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	int r = load_running(ctx, id, &c, err);

	return r < 0 ? r : rdt_update(&c.record, l3, mb, err);
}
