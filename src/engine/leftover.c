/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/leftover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/container_files.h"
#include "engine/runtime_call.h"
#include "os/cgroup.h"
#include "store/pin.h"

void leftover_unmount(struct container *c)
{
	static const char *const places[] = { CONTAINER_DIR_MERGED, CONTAINER_FILE_SHM };

	for (size_t i = 0; i < KEG_COUNT(places); i++) {
		autofree char *path = keg_path_join(c->run_path, places[i]);

		while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
			;
	}
}

/* As config.json says, else where it is without --cgroup-parent. */
static const char *cgroup_path(struct container *c)
{
	struct oci_config config = { 0 };
	struct keg_err ignored;
	int dir = c->run >= 0 && keg_exists(c->run, CONTAINER_FILE_CONFIG) ? c->run : c->dir;

	if (dir >= 0 &&
	    oci_config_read(dir, CONTAINER_FILE_CONFIG, &config, &c->arena, &ignored) >= 0 &&
	    config.os && config.os->cgroups_path)
		return config.os->cgroups_path;
	return keg_arena_printf(&c->arena, "/keg/keg-%s", c->id);
}

int leftover_cgroup(struct container *c, struct keg_err *err)
{
	autoptr(cgroup) group = NULL;
	int r = cgroup_open(cgroup_path(c), &group, err);

	if (r < 0 || !cgroup_exists(group))
		return 0; /* no hierarchy of ours, or gone */
	r = cgroup_signal(group, SIGKILL, err);
	return r < 0 ? r : cgroup_delete(group, err);
}

/* Its image is not known any more: the pins' folder says of which it is one. */
static int unpin(struct engine *engine, const char *id, struct keg_err *err)
{
	struct store *store;
	autofree char *pins = keg_path_join(engine->kegdir, "pins");
	int r = engine_store(engine, &store, err);
	autodir stream = r < 0 ? NULL : opendir(pins);

	for (struct dirent *entry; stream && r >= 0 && (entry = readdir(stream)) != NULL;) {
		autofree char *file = keg_printf("%s/%s/%s", pins, entry->d_name, id);

		if (store_id_is_valid(entry->d_name) && keg_exists(AT_FDCWD, file))
			r = store_unpin(store, entry->d_name, id, err);
	}
	return r;
}

int leftover_remove(struct engine *engine, const char *id, struct keg_err *err)
{
	auto(container) c = CONTAINER_INIT;
	struct keg_err ignored;

	container_adopt(engine, id, &c);
	if (runtime_call_delete(&c, &ignored) < 0)
		keg_debug("%s", ignored.msg);
	int r = leftover_cgroup(&c, err);
	leftover_unmount(&c);
	if (r >= 0)
		r = container_discard(&c, err);
	if (r >= 0)
		r = unpin(engine, id, err);
	return r;
}
