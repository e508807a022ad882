/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/container_files.h"
#include "os/path.h"
#include "spec/runtime_config.h"

static const char join_word[] = "container:";

static const char *namespace_file(const char *type)
{
	return strcmp(type, "network") == 0 ? "net" : strcmp(type, "mount") == 0 ? "mnt" : type;
}

static int open_running(struct container *c, const char *name, struct container *other,
			const char *what, struct keg_err *err)
{
	int r = container_open(c->engine, name, other, err);

	if (r < 0)
		return keg_wrap(err, "looking up container to share %s namespace with", what);
	if (other->state.status == CONTAINER_RUNNING)
		return 0;
	container_close(other);
	return keg_fail(err, KEG_EBUSY,
			"cannot get namespace path unless container %s is running: container state "
			"improper",
			name);
}

/*
 * The other's /dev/shm, for a shared ipc namespace. What lies below its root is the container's
 * to change, so it is resolved there, must be a tmpfs, and is mounted by descriptor.
 */
static int share_shm(struct container *c, const struct container *other, struct keg_err *err)
{
	autofree char *root_path = keg_printf("/proc/%d/root", other->state.pid);
	struct statfs fs;

	if (mkdirat(c->run, CONTAINER_FILE_SHM, 0700) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make %s/shm", c->run_path);
	autofd int root = keg_open_at(AT_FDCWD, root_path, O_PATH | O_DIRECTORY, 0, err);
	if (root < 0)
		return root;
	autofd int shm = path_open_in_root(root, "/dev/shm", O_PATH | O_DIRECTORY, err);
	if (shm < 0)
		return keg_wrap(err, "container %s", other->id);
	if (fstatfs(shm, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return keg_fail(err, KEG_EDENIED, "/dev/shm of container %s is no tmpfs",
				other->id);
	autofd int tree = (int)syscall(SYS_open_tree, shm, "",
				       AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || syscall(SYS_move_mount, tree, "", c->run, CONTAINER_FILE_SHM,
				MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "share /dev/shm of container %s", other->id);
	return 0;
}

static int fill_namespace(struct container *c, struct oci_namespace *ns, struct keg_arena *arena,
			  struct keg_err *err)
{
	const char *name = ns->path ? keg_str_after(ns->path, join_word) : NULL;
	auto(container) other = CONTAINER_INIT;

	if (!name)
		return 0;
	int r = open_running(c, name, &other, ns->type, err);
	if (r < 0)
		return r;
	ns->path = keg_arena_printf(arena, "/proc/%d/ns/%s", other.state.pid,
				    namespace_file(ns->type));
	return strcmp(ns->type, "ipc") == 0 ? share_shm(c, &other, err) : 0;
}

/* Is there anything to fill in? A look at the text spares the usual container the parsing. */
static bool has_joins(const struct keg_buf *config)
{
	return strstr(keg_buf_text(config), "\"path\":\"container:") != NULL;
}

static int fill_joins(struct container *c, struct keg_buf *config, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct oci_config parsed = { 0 };
	int r = oci_config_parse(keg_buf_text(config), config->len, &parsed, &arena, err);

	for (size_t i = 0; r >= 0 && parsed.os && i < parsed.os->n_namespaces; i++)
		r = fill_namespace(c, &parsed.os->namespaces[i], &arena, err);
	if (r < 0)
		return r;
	autojson tree = oci_config_encode(&parsed);
	keg_buf_cut(config, 0);
	keg_json_print(tree, config);
	return 0;
}

int bundle_prepare(struct container *c, struct keg_err *err)
{
	auto(keg_buf) config = { 0 };
	int from = c->record.remove ? c->run : c->dir;
	int r = keg_file_read(from, CONTAINER_FILE_CONFIG, OCI_CONFIG_MAX, &config, err);

	if (r < 0)
		return keg_wrap(err, "container %s", c->id);
	bool joins = has_joins(&config);
	if (!joins && c->record.remove)
		return 0;
	if (joins)
		r = fill_joins(c, &config, err);
	if (r >= 0)
		r = keg_file_write(c->run, CONTAINER_FILE_CONFIG, config.data, config.len, 0600, 0,
				   err);
	if (r >= 0 && !c->record.remove)
		r = container_files_restore(c->dir, c->run, err);
	return r;
}
