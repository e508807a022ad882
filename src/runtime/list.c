/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "runtime/state.h"

char *runtime_default_root(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	/* Root of a user namespace does not own /run; only there the variable is set for him. */
	if (!keg_str_empty(runtime_dir) && (geteuid() != 0 || access("/run", W_OK) < 0))
		return keg_path_join(runtime_dir, "kegrun");
	if (geteuid() != 0)
		return keg_printf("/tmp/kegrun-%u", (unsigned)geteuid());
	return keg_strdup("/run/kegrun");
}

char *runtime_default_cache(void)
{
	autofree char *root = runtime_default_root();

	return keg_printf("%s-cache", root);
}

int runtime_list(const struct runtime_context *ctx, struct keg_strv *ids, struct keg_err *err)
{
	struct dirent *entry;
	struct keg_err ignored;
	autodir dir = opendir(ctx->root);

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return keg_fail_sys(err, errno, "open %s", ctx->root);
	while (errno = 0, (entry = readdir(dir))) {
		bool may_be = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;

		if (may_be && state_check_id(entry->d_name, &ignored) >= 0)
			keg_strv_add(ids, entry->d_name);
	}
	if (errno)
		return keg_fail_sys(err, errno, "read %s", ctx->root);
	keg_strv_sort(ids);
	return 0;
}

int runtime_state(const struct runtime_context *ctx, const char *id, struct runtime_state *out,
		  struct keg_arena *arena, struct keg_err *err)
{
	auto(state_container) c = { .folder = -1 };
	int r = state_load(ctx, id, &c, err);

	if (r < 0)
		return r;
	enum runtime_status status = state_status(c.folder, &c.record);
	/* One that was begun this moment has nothing to tell; with crun it is not there before it
	   is created. */
	if (!c.record.created || (c.record.as_crun && status == RUNTIME_CREATING))
		return keg_fail(err, KEG_ENOTFOUND, "container does not exist: %s", id);
	struct keg_pair *notes = keg_arena_alloc(arena, c.config.n_annotations + 1, sizeof *notes);
	for (size_t i = 0; i < c.config.n_annotations; i++)
		notes[i] =
			(struct keg_pair){ keg_arena_strdup(arena, c.config.annotations[i].key),
					   keg_arena_strdup(arena, c.config.annotations[i].value) };
	*out = (struct runtime_state){
		.oci_version = keg_arena_strdup(arena, c.record.oci_version),
		.id = keg_arena_strdup(arena, c.record.id),
		.bundle = keg_arena_strdup(arena, c.record.bundle),
		.rootfs = keg_arena_strdup(arena, c.record.rootfs),
		.created = keg_arena_strdup(arena, c.record.created),
		.owner = keg_arena_strdup(arena, c.record.owner),
		.status = status,
		.pid = status == RUNTIME_STOPPED ? 0 : (pid_t)c.record.pid,
		.annotations = notes,
		.n_annotations = c.config.n_annotations,
	};
	return 0;
}

int runtime_config(const struct runtime_context *ctx, const char *id, struct oci_config *out,
		   struct keg_arena *arena, struct keg_err *err)
{
	struct state_record record;
	autofd int folder = state_open(ctx, id, err);
	int r = folder < 0 ? folder : state_read(folder, &record, arena, err);

	if (r < 0)
		return r;
	if (!record.config)
		return keg_fail(err, KEG_EBUSY, "container %s is still being created", id);
	return oci_config_decode(record.config, out, arena, err);
}
