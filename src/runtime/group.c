/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/group.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/process.h"
#include "runtime/annotations.h"
#include "runtime/limits.h"

/* --- making ------------------------------------------------------------------------------ */

/* FNV-1a. */
static uint32_t mark_of(const char *text)
{
	uint32_t hash = 2166136261U;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash;
}

/*
 * An id is unique below one root only: a container of another than the usual one has a mark of that
 * before it, in what systemd calls its group always, else where the usual name is taken. Who looks
 * for a group by the id looks for its end.
 */
static const char *marked_id(struct creation *c)
{
	autofree char *usual = runtime_default_root();

	if (strcmp(c->ctx->root, usual) == 0 || !keg_str_empty(c->os.cgroups_path))
		return c->id;

	autofree char *real_usual = realpath(usual, NULL);
	autofree char *real = realpath(c->ctx->root, NULL);
	if (!real || keg_str_eq(real, real_usual))
		return c->id;
	return keg_arena_printf(&c->arena, "%08x-%s", mark_of(real), c->id);
}

/* A frozen group would stop the new process at its first instruction, and us with it. */
static int check_group(struct creation *c, struct keg_err *err)
{
	int frozen = cgroup_is_frozen(c->launch.group, err);

	if (frozen < 0)
		return frozen;
	if (frozen)
		return keg_fail(err, KEG_EBUSY, "container's cgroup unexpectedly frozen");
	return 0;
}

/* So that a crash from here on leaves what delete --force can find. */
static int record_group(void *creation, const char *place, struct keg_err *err)
{
	struct creation *c = creation;

	c->record.cgroup = keg_arena_strdup(&c->arena, place);
	return state_write(c->folder, &c->record, err);
}

static int make_by_files(struct creation *c, const char *path, bool adopt, struct keg_err *err)
{
	const struct cgroup_request want = {
		.path = path,
		.id = c->id,
		.other_id = marked_id(c),
		.rootless = c->ctx->rootless,
		.adopt = adopt,
		.planned = record_group,
		.data = c,
	};
	int r = cgroup_make(&want, &c->launch.group, err);

	c->record.group_found = r >= 0 && !adopt && cgroup_was_there(c->launch.group);
	if (r >= 0 && !keg_str_eq(c->record.cgroup, cgroup_place(c->launch.group)))
		r = record_group(c, cgroup_place(c->launch.group), err);
	if (r < 0)
		return r;
	c->launch.born_in_group = cgroup_clone_fd(c->launch.group) >= 0 && !c->record.group_found;
	r = check_group(c, err);
	c->group_is_ours = r >= 0;
	return r;
}

/* --- by systemd -------------------------------------------------------------------------- */

/* A process that only is, and that ends with us. */
static int start_stand_in(struct creation *c, struct keg_err *err)
{
	const struct process_clone how = { .cgroup = -1 };
	pid_t parent = getpid();
	pid_t pid = process_clone(&how, NULL, err);

	if (pid == 0) {
		process_reset_signals();
		if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
			_exit(1);
		for (;;)
			pause();
	}
	c->stand_in = pid > 0 ? pid : 0;
	return pid < 0 ? pid : 0;
}

static void release(struct creation *c)
{
	struct keg_err ignored;

	if (c->stand_in <= 0)
		return;
	kill(c->stand_in, SIGKILL);
	(void)!process_wait(c->stand_in, &ignored);
	c->stand_in = 0;
}

static size_t unit_annotations(const struct creation *c, struct keg_pair *out)
{
	size_t n = 0;

	for (size_t i = 0; i < c->config.n_annotations; i++) {
		const struct keg_pair *note = &c->config.annotations[i];
		const char *name = keg_str_after(note->key, ANNOTATION_UNIT_PROPERTY);

		if (name)
			out[n++] = (struct keg_pair){ name, note->value };
	}
	return n;
}

static int start_unit(struct creation *c, const struct cgroup_resources *limits, char **place,
		      struct keg_err *err)
{
	const struct cgroup_manager *manager = c->ctx->manager;
	struct keg_pair *properties =
		keg_arena_alloc(&c->arena, c->config.n_annotations + 1, sizeof *properties);
	size_t n = unit_annotations(c, properties);
	struct cgroup_unit unit = { .user = c->ctx->rootless };
	const char *slice;
	int r = manager->name(c->os.cgroups_path, marked_id(c), &unit.name, &slice, &c->arena, err);

	if (r < 0)
		return r;
	/*
	 * Recorded first: when we die now, so does the stand-in, and systemd forgets a scope whose
	 * last process ends, but not one that it made around a process which had ended already.
	 */
	c->record.unit = unit.name;
	c->record.unit_of_user = unit.user;
	c->record.unit_planned = true;
	r = state_write(c->folder, &c->record, err);
	/* A slice holds no process when it is made. */
	if (r >= 0 && !keg_str_ends(unit.name, ".slice"))
		r = start_stand_in(c, err);
	if (r >= 0)
		r = manager->start(&unit, slice, c->stand_in, limits, properties, n, place, err);
	if (r == -KEG_EEXISTS)
		return keg_wrap(err, "container's cgroup is not empty");
	if (r < 0)
		return r;
	c->record.unit_planned = false;
	return state_write(c->folder, &c->record, err);
}

/* A name for a group below: one component. */
static int check_below(const char *name, const char *key, struct keg_err *err)
{
	if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return keg_fail(err, KEG_EUSAGE, "%s: invalid cgroup name %s", key, name);
	return 0;
}

/*
 * A group below the one with the limits, for the container alone to govern. It is entered when the
 * cgroup namespace is made, whose root is thus the group above.
 */
static int make_delegated(struct creation *c, const char *name, struct keg_err *err)
{
	autofree char *above = cgroup_folder(c->launch.group, "");
	autofree char *folder = above ? keg_path_join(above, name) : NULL;
	autofree char *procs = folder ? keg_path_join(folder, "cgroup.procs") : NULL;

	if (!above || !cgroup_is_unified(c->launch.group))
		return keg_fail(err, KEG_EUNSUPPORTED, ANNOTATION_DELEGATE " needs cgroup v2");
	int r = keg_mkdirs(AT_FDCWD, folder, 0755, err);
	if (r < 0)
		return r;
	c->launch.delegated = keg_open_at(AT_FDCWD, procs, O_WRONLY, 0, err);
	return c->launch.delegated < 0 ? c->launch.delegated : 0;
}

static int make_below(struct creation *c, const char *place, const char *subgroup,
		      const char *delegated, struct keg_err *err)
{
	autofree char *path = keg_path_join(place, subgroup);
	int r = make_by_files(c, path, true, err);

	/* In v2 a group with processes hands no controllers on. */
	if (r >= 0 && c->stand_in)
		r = cgroup_add(c->launch.group, c->stand_in, err);
	if (r < 0)
		return r;
	cgroup_enable_controllers(c->launch.group);
	return delegated ? make_delegated(c, delegated, err) : 0;
}

static int make_by_systemd(struct creation *c, const struct cgroup_resources *limits,
			   struct keg_err *err)
{
	const char *subgroup = oci_annotation(&c->config, ANNOTATION_SUBGROUP);
	const char *delegated = oci_annotation(&c->config, ANNOTATION_DELEGATE);
	autofree char *place = NULL;
	int r = 0;

	if (keg_str_empty(subgroup) && !keg_str_empty(delegated))
		return keg_fail(err, KEG_EUSAGE,
				ANNOTATION_DELEGATE " needs " ANNOTATION_SUBGROUP " as well");
	if (!keg_str_empty(subgroup))
		r = check_below(subgroup, ANNOTATION_SUBGROUP, err);
	if (r >= 0 && !keg_str_empty(delegated))
		r = check_below(delegated, ANNOTATION_DELEGATE, err);
	if (r >= 0)
		r = start_unit(c, limits, &place, err);
	if (r < 0)
		return r;
	if (!keg_str_empty(subgroup))
		return make_below(c, place, subgroup, keg_str_empty(delegated) ? NULL : delegated,
				  err);
	r = make_by_files(c, place, true, err);
	if (r >= 0)
		cgroup_enable_controllers(c->launch.group);
	return r;
}

static int move_first(void *creation, pid_t pid, struct keg_err *err)
{
	struct creation *c = creation;

	return group_move(c->ctx, &c->record, c->launch.group, pid, err);
}

/* The stand-in counts as well: a limit of one would keep the container's own process out. */
static void hold_back_pids(struct creation *c, struct cgroup_resources *limits)
{
	if (!limits->pids_limit || *limits->pids_limit < 0 || *limits->pids_limit > 1)
		return;
	c->late_pids = limits->pids_limit;
	limits->pids_limit = NULL;
}

int group_settle(struct creation *c, struct keg_err *err)
{
	struct cgroup_resources late = { .pids_limit = c->late_pids };

	release(c);
	c->late_pids = NULL;
	return late.pids_limit
		       ? group_update(c->ctx, &c->record, c->launch.group, &late, &c->arena, err)
		       : 0;
}

int group_make(struct creation *c, struct keg_err *err)
{
	struct cgroup_resources limits;
	int r;

	if (c->ctx->no_cgroups)
		return state_write(c->folder, &c->record, err);
	if (c->ctx->systemd && !c->ctx->manager)
		return keg_fail(
			err, KEG_EUNSUPPORTED,
			"systemd cannot manage the cgroup: this program was built without it");
	r = limits_translate(c->os.resources, true, &limits, &c->arena, err);
	if (r >= 0 && c->ctx->systemd) {
		c->ctx->manager->adjust(&limits, &c->arena);
		hold_back_pids(c, &limits);
		r = make_by_systemd(c, &limits, err);
	} else if (r >= 0) {
		r = make_by_files(c, c->os.cgroups_path, false, err);
	}
	if (r < 0)
		return r;
	if (group_can_move(c->ctx, &c->record)) {
		c->launch.move = move_first;
		c->launch.mover = c;
	}
	r = cgroup_apply(c->launch.group, &limits, err);
	if (r == -KEG_EUSAGE || r == -KEG_EUNSUPPORTED)
		keg_wrap(err, "invalid configuration");
	return r;
}

/* --- the specification's "Cgroup ownership" ---------------------------------------------- */

static bool sees_it_writable(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_mount *m = &config->mounts[i];
		bool readonly = false;

		if (strcmp(m->destination, "/sys/fs/cgroup") != 0)
			continue;
		for (size_t j = 0; j < m->n_options; j++)
			readonly = readonly || strcmp(m->options[j], "ro") == 0;
		return !readonly;
	}
	return false;
}

/* The host's number of the container's 0; false: it has none. */
static bool host_root(const struct oci_id_map *maps, size_t n, uint32_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if (maps[i].container_id == 0) {
			*out = maps[i].host_id;
			return true;
		}
	}
	return false;
}

int group_give(struct creation *c, struct keg_err *err)
{
	uint32_t uid;

	if (!c->launch.group || !c->launch.in_new_userns || c->ctx->rootless ||
	    !(c->launch.join.fresh & CLONE_NEWCGROUP) || !cgroup_is_unified(c->launch.group) ||
	    !sees_it_writable(&c->config) ||
	    !host_root(c->os.uid_mappings, c->os.n_uid_mappings, &uid))
		return 0;
	return cgroup_chown(c->launch.group, uid, (gid_t)-1, err);
}

/* --- a group that is there --------------------------------------------------------------- */

static struct cgroup_unit unit_of(const struct state_record *record)
{
	return (struct cgroup_unit){ record->unit, record->unit_of_user };
}

bool group_can_move(const struct runtime_context *ctx, const struct state_record *record)
{
	return ctx->manager && record->unit;
}

int group_move(const struct runtime_context *ctx, const struct state_record *record,
	       struct cgroup *group, pid_t pid, struct keg_err *err)
{
	const struct cgroup_unit unit = unit_of(record);
	autofree char *folder = cgroup_folder(group, "");
	const char *below = folder ? strstr(folder, unit.name) : NULL;

	below = below ? below + strlen(unit.name) : "";
	return ctx->manager->attach(&unit, *below ? below : "/", pid, err);
}

/* systemd has one property for both. */
static void warn_of_idle(const struct runtime_context *ctx, const struct cgroup_resources *limits)
{
	if (ctx->warn && limits->cpu.idle && *limits->cpu.idle == 1 && limits->cpu.shares &&
	    *limits->cpu.shares)
		ctx->warn(ctx->sink, "unable to apply both CPUWeight and CpuIdle to systemd, "
				     "ignoring CPUWeight");
}

int group_update(const struct runtime_context *ctx, const struct state_record *record,
		 struct cgroup *group, struct cgroup_resources *limits, struct keg_arena *arena,
		 struct keg_err *err)
{
	const struct cgroup_unit unit = unit_of(record);
	int r = 0;

	cgroup_complete(group, limits, arena);
	/* systemd writes all that it knows of a controller; so what is finer comes after. */
	if (ctx->manager && unit.name) {
		warn_of_idle(ctx, limits);
		ctx->manager->adjust(limits, arena);
		r = cgroup_check(group, limits, err);
		if (r >= 0)
			r = ctx->manager->set(&unit, limits, err);
	}
	return r < 0 ? r : cgroup_apply(group, limits, err);
}

/* Without systemd at hand the group's folders go all the same; a scope without any ends. */
static void stop_unit(const struct runtime_context *ctx, const struct state_record *record)
{
	const struct cgroup_unit unit = unit_of(record);
	struct keg_err err;

	if (ctx->manager && unit.name &&
	    ctx->manager->stop(&unit, record->unit_planned, &err) < 0 && ctx->warn &&
	    !record->unit_planned)
		ctx->warn(ctx->sink, err.msg);
}

int group_remove(const struct runtime_context *ctx, const struct state_record *record,
		 struct cgroup *group, bool spare, struct keg_err *err)
{
	/* Without a pid namespace of its own other processes outlive the first; mostly there are
	   none. */
	bool idle = !group || cgroup_delete_idle(group);
	int r = 0;

	if (!idle)
		r = spare ? cgroup_delete(group, err) : cgroup_signal(group, SIGKILL, err);
	if (r < 0)
		return r;
	stop_unit(ctx, record);
	return idle || !cgroup_exists(group) ? 0 : cgroup_delete(group, err);
}

void group_unmake(struct creation *c)
{
	struct keg_err ignored;

	release(c);
	stop_unit(c->ctx, &c->record);
	if (c->group_is_ours)
		(void)!cgroup_delete(c->launch.group, &ignored);
}
