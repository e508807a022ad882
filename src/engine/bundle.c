/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/container_files.h"
#include "os/socket.h"
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
 * In a child that entered the other's mount namespace: mounts are cloned only from within, and
 * there "/dev/shm" cannot mean anything of the host, whatever the container made of it.
 */
static int send_shm(int ns, int socket)
{
	const char mark = 's';
	struct statfs fs;
	struct keg_err err;

	if (setns(ns, CLONE_NEWNS) < 0)
		return 1;
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/shm",
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || fstatfs(tree, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return 1;
	return socket_send_fd(socket, tree, &mark, 1, &err) < 0;
}

static int clone_shm(int ns, struct keg_err *err)
{
	int pair[2];
	char mark;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return keg_fail_sys(err, errno, "socketpair");
	autofd int ours = pair[0], theirs = pair[1];
	pid_t child = fork();
	if (child == 0)
		_exit(send_shm(ns, theirs));
	close(take_fd(&theirs));
	int tree = child < 0 ? keg_fail_sys(err, errno, "fork")
			     : socket_receive_fd(ours, &mark, 1, err);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return tree;
}

/* The other's /dev/shm, for a shared ipc namespace, below our run folder. */
static int share_shm(struct container *c, const struct container *other, struct keg_err *err)
{
	autofree char *ns_path = keg_printf("/proc/%d/ns/mnt", other->state.pid);

	if (mkdirat(c->run, CONTAINER_FILE_SHM, 0700) < 0 && errno != EEXIST)
		return keg_fail_sys(err, errno, "make %s/shm", c->run_path);
	autofd int ns = keg_open_at(AT_FDCWD, ns_path, O_RDONLY, 0, err);
	if (ns < 0)
		return ns;
	autofd int tree = clone_shm(ns, err);
	if (tree < 0)
		return keg_wrap(err, "share /dev/shm of container %s", other->id);
	if (syscall(SYS_move_mount, tree, "", c->run, CONTAINER_FILE_SHM, MOVE_MOUNT_F_EMPTY_PATH) <
	    0)
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

	/* Everything was put into the run folder a moment ago. */
	if (c->fresh && c->record.remove)
		return 0;
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
