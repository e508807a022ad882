/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/creation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strv.h"
#include "os/idmap.h"
#include "os/mount.h"
#include "os/process.h"
#include "os/socket.h"
#include "runtime/annotations.h"
#include "runtime/console.h"
#include "runtime/credentials.h"
#include "runtime/crun_status.h"
#include "runtime/devices.h"
#include "runtime/filter.h"
#include "runtime/group.h"
#include "runtime/intel_rdt.h"
#include "runtime/net_devices.h"
#include "runtime/notify.h"
#include "runtime/pidfd_socket.h"
#include "runtime/ready.h"
#include "runtime/schedule.h"
#include "runtime/validate.h"

static int read_config(struct creation *c, struct keg_err *err)
{
	const struct runtime_create_request *req = c->req;
	autofree char *bundle = NULL;
	int r = keg_path_absolute(req->bundle ? req->bundle : ".", &bundle, err);

	if (r < 0)
		return r;
	c->launch.bundle = keg_arena_strdup(&c->arena, bundle);
	if (req->config) {
		c->config = *req->config;
		return 0;
	}
	autofd int folder = keg_open_at(AT_FDCWD, bundle, O_PATH | O_DIRECTORY, 0, err);
	if (folder < 0)
		return keg_wrap(err, "bundle");
	const char *name = req->config_path ? req->config_path : "config.json";
	struct stat st;
	/* One that is a pipe would never end. */
	if (!req->config_path && fstatat(folder, name, &st, 0) == 0 && !S_ISREG(st.st_mode))
		return keg_fail(err, KEG_EUSAGE, "%s/%s is not a file", bundle, name);
	r = oci_config_read(req->config_path ? AT_FDCWD : folder, name, &c->config, &c->arena, err);
	if (r == -KEG_ENOTFOUND)
		return keg_fail(err, KEG_ENOTFOUND, "JSON specification file %s not found", name);
	return r;
}

/* Whom crun asks where linux.seccomp names nobody. */
static void receive_notifications(struct creation *c)
{
	const char *receiver = oci_annotation(&c->config, ANNOTATION_SECCOMP_RECEIVER);

	if (!receiver || !c->os.seccomp || !keg_str_empty(c->os.seccomp->listener_path))
		return;
	struct oci_seccomp *seccomp = keg_arena_alloc(&c->arena, 1, sizeof *seccomp);
	*seccomp = *c->os.seccomp;
	seccomp->listener_path = receiver;
	c->os.seccomp = seccomp;
}

/* The parts that everything below counts on. */
static int complete_config(struct creation *c, struct keg_err *err)
{
	static const struct oci_root no_root = { 0 };
	struct oci_config *config = &c->config;

	c->os = config->os ? *config->os : (struct oci_linux){ 0 };
	config->os = &c->os;
	if (!config->process)
		return keg_fail(err, KEG_EUSAGE, "process is missing from the configuration");
	if (!config->root && c->req->rootfs < 0)
		return keg_fail(err, KEG_EUSAGE, "root is missing from the configuration");
	if (!config->root) {
		config->root = keg_arena_alloc(&c->arena, 1, sizeof no_root);
		*config->root = no_root;
	}
	receive_notifications(c);
	credentials_fit_limits(c->ctx, config->process, &c->arena);
	int r = ready_offer(c->ctx, c->id, config, &c->arena, err);
	if (r < 0)
		return r;
	c->launch.config = config;
	c->launch.process = config->process;
	c->launch.keep_groups = annotations_keep_groups(config);
	return 0;
}

/*
 * A new user namespace for which no id maps are given has us as the user that the container is to
 * be, and nobody else, as with crun where no subordinate ids are granted.
 */
static void map_self(struct creation *c)
{
	const struct oci_user *user = c->config.process->user;
	struct oci_id_map *self;

	if (!(c->launch.join.fresh & CLONE_NEWUSER) || c->os.n_uid_mappings || c->os.n_gid_mappings)
		return;
	self = keg_arena_alloc(&c->arena, 2, sizeof *self);
	self[0] = (struct oci_id_map){ user ? user->uid : 0, geteuid(), 1 };
	self[1] = (struct oci_id_map){ user ? user->gid : 0, getegid(), 1 };
	c->os.uid_mappings = &self[0];
	c->os.gid_mappings = &self[1];
	c->os.n_uid_mappings = c->os.n_gid_mappings = 1;
}

/* A link as the root is followed once, here; the kernel's clone goes to what was found. */
static int find_rootfs(struct creation *c, struct keg_err *err)
{
	const char *path = c->config.root->path ? c->config.root->path : "";
	struct stat st;

	c->launch.rootfs_mount = c->req->rootfs;
	c->launch.rootfs = path[0] == '/'
				   ? path
				   : keg_arena_printf(&c->arena, "%s/%s", c->launch.bundle, path);
	if (c->req->rootfs >= 0 && launch_on_host(&c->launch))
		return keg_fail(err, KEG_EUSAGE,
				"a root without a folder wants a mount namespace of its own");
	if (c->req->rootfs >= 0)
		return 0;
	if (!*path)
		return keg_fail(err, KEG_EUSAGE, "root.path is empty");
	if (stat(c->launch.rootfs, &st) < 0)
		return keg_fail_sys(err, errno, "invalid rootfs: stat %s", c->launch.rootfs);
	if (!S_ISDIR(st.st_mode))
		return keg_fail(err, KEG_EUSAGE, "invalid rootfs: %s is not a directory",
				c->launch.rootfs);
	autofree char *real = realpath(c->launch.rootfs, NULL);
	if (!real)
		return keg_fail_sys(err, errno, "invalid rootfs: %s", c->launch.rootfs);
	if (strcmp(real, "/") == 0)
		return keg_fail(err, KEG_EUSAGE, "invalid rootfs: it is the host's root");
	c->launch.rootfs = keg_arena_strdup(&c->arena, real);
	return 0;
}

static int open_notify(struct creation *c, struct keg_err *err)
{
	if (!c->launch.filter || !c->filter.notify)
		return 0;
	c->launch.notify = notify_connect(c->os.seccomp, err);
	return c->launch.notify < 0 ? c->launch.notify : 0;
}

static int make_rdt(struct creation *c, struct keg_err *err)
{
	int r = rdt_make(&c->os, c->id, &c->record, &c->arena, err);

	return r < 0 || !c->record.rdt_group ? r : state_write(c->folder, &c->record, err);
}

/* What exec, delete and hooks need of the config; the rest is the creation's alone. */
static struct json_object *kept_config(const struct creation *c)
{
	struct oci_config kept = c->config;
	struct oci_linux os = {
		.namespaces = c->os.namespaces,
		.n_namespaces = c->os.n_namespaces,
		.personality = c->os.personality,
		.memory_policy = c->os.memory_policy,
	};
	struct oci_seccomp agent;

	/* Only where to find the agent: the filter itself is kept compiled. */
	if (c->launch.filter && c->filter.notify) {
		agent = (struct oci_seccomp){
			.default_action = c->os.seccomp->default_action,
			.listener_path = c->os.seccomp->listener_path,
			.listener_metadata = c->os.seccomp->listener_metadata,
		};
		os.seccomp = &agent;
	}

	kept.os = &os;
	kept.mounts = NULL;
	kept.n_mounts = 0;
	return oci_config_encode(&kept);
}

static void fill_record(struct creation *c)
{
	autofree char *now = keg_time_format(keg_now());
	struct process_id self;
	struct keg_err ignored;

	if (process_identify(getpid(), &self, &ignored) >= 0) {
		c->record.maker = getpid();
		c->record.maker_start = self.start;
	}

	c->record.oci_version = c->config.oci_version;
	c->record.id = c->id;
	c->record.bundle = c->launch.bundle;
	c->record.rootfs = c->launch.rootfs;
	c->record.created = keg_arena_strdup(&c->arena, now);
	c->record.filtered = c->launch.filter != NULL;
	c->record.as_crun = c->ctx->as_crun;
	c->record.owner = keg_arena_printf(&c->arena, "%u", (unsigned)getuid());
}

static struct idmap_range *ranges_of(struct creation *c, const struct oci_id_map *maps, size_t n)
{
	struct idmap_range *ranges = keg_arena_alloc(&c->arena, n + 1, sizeof *ranges);

	for (size_t i = 0; i < n; i++)
		ranges[i] =
			(struct idmap_range){ maps[i].container_id, maps[i].host_id, maps[i].size };
	return ranges;
}

/* In a user namespace the child can do nothing before this. */
static int privilege(struct creation *c, struct keg_err *err)
{
	const struct idmap map = {
		.uids = ranges_of(c, c->os.uid_mappings, c->os.n_uid_mappings),
		.gids = ranges_of(c, c->os.gid_mappings, c->os.n_gid_mappings),
		.n_uids = c->os.n_uid_mappings,
		.n_gids = c->os.n_gid_mappings,
	};
	int r;

	if (!launch_needs_parent(&c->launch))
		return 0;
	r = credentials_limit(c->pid, c->config.process, c->ctx->rootless, err);
	if (r >= 0)
		r = schedule_apply(c->pid, c->config.process, launch_cpuset(&c->launch), err);
	if (r >= 0 && c->launch.in_new_userns)
		r = idmap_write(c->pid, &map, err);
	if (r >= 0)
		r = net_devices_move(&c->os, &c->launch.join, c->pid, err);
	return r < 0 ? r : sync_send(c->sync.parent, SYNC_GO, c->pid, err);
}

static int run_hooks(struct creation *c, struct keg_err *err)
{
	const struct hooks_call call = { .config = &c->config,
					 .record = &c->record,
					 .status = "creating",
					 .output = c->launch.hooks_output };
	int r;

	c->record.pid = c->pid;
	r = hooks_run(&call, HOOKS_PRESTART, err);
	if (r >= 0)
		r = hooks_run(&call, HOOKS_CREATE_RUNTIME, err);
	return r < 0 ? r : sync_send(c->sync.parent, SYNC_GO, 0, err);
}

static int pass_listener(struct creation *c, int64_t number, struct keg_err *err)
{
	const struct notify_process process = { c->pidfd, c->sync.parent, c->pid, "creating" };

	c->record.pid = c->pid;
	return notify_pass(&process, number, c->launch.notify, &c->record, &c->config, err);
}

/* Of a source that the child found inside its root: it is not privileged enough. */
static int map_ids(const struct creation *c, int64_t value, struct keg_err *err)
{
	const uint32_t index = (uint32_t)(value >> 32);
	autofd int tree = (int)syscall(SYS_pidfd_getfd, c->pidfd, (int)(value & INT32_MAX), 0);

	if (tree < 0)
		return keg_fail_sys(err, errno, "fetch the source of a mount");
	if (index >= c->launch.mounts.n)
		return keg_fail(err, KEG_ESYSTEM, "unexpected mount %u", index);
	int r = mount_plan_map(&c->launch.mounts.v[index], tree, err);
	return r < 0 ? r : sync_send(c->sync.parent, SYNC_GO, 0, err);
}

static int limit_files(const struct creation *c, struct keg_err *err)
{
	int r = credentials_limit_files(c->pid, c->config.process, err);

	return r < 0 ? r : sync_send(c->sync.parent, SYNC_GO, 0, err);
}

/* Steps by the names that runc's log gives them: people and tools look for these. */
static void say(const struct creation *c, const char *text)
{
	if (c->ctx->debug)
		c->ctx->debug(c->ctx->sink, text);
}

static int serve(struct creation *c, struct keg_err *err)
{
	for (;;) {
		int64_t value = 0;
		int kind = sync_receive(c->sync.parent, &value, err);
		int r = kind;

		switch (kind) {
		case SYNC_READY:
			say(c, "init: closing the pipe to signal completion");
			return 0;
		case SYNC_FILES:
			r = limit_files(c, err);
			break;
		case SYNC_HOOKS:
			r = run_hooks(c, err);
			break;
		case SYNC_MAP_IDS:
			r = map_ids(c, value, err);
			break;
		case SYNC_NOTIFY:
			r = pass_listener(c, value, err);
			break;
		case SYNC_END:
			r = keg_fail(err, KEG_ESYSTEM, "container init ended unexpectedly");
			break;
		default:
			if (kind >= 0)
				r = keg_fail(err, KEG_ESYSTEM, "unexpected message %d", kind);
			break;
		}
		if (r < 0)
			return r;
	}
}

static int write_pid_file(const struct creation *c, struct keg_err *err)
{
	autofree char *text = keg_printf("%d", (int)c->pid);

	if (!c->req->pid_file)
		return 0;
	return keg_file_write(AT_FDCWD, c->req->pid_file, text, strlen(text), 0644, 0, err);
}

static int record_process(struct creation *c, struct keg_err *err)
{
	struct process_id identity;
	int r = process_identify(c->pid, &identity, err);

	if (r < 0)
		return r;
	c->record.pid = c->pid;
	c->record.start = identity.start;
	c->record.maker = 0;
	r = state_write(c->folder, &c->record, err);
	if (r >= 0 && c->record.as_crun)
		r = crun_status_write(c, err);
	return r < 0 ? r : write_pid_file(c, err);
}

static int hand_out_pidfd(const struct creation *c, struct keg_err *err)
{
	const char *option = c->req->io.pidfd_socket;
	const char *path = option ? option : oci_annotation(&c->config, ANNOTATION_PIDFD);

	return path ? pidfd_socket_send(path, c->pidfd, "standard", err) : 0;
}

static int plan_mounts(struct creation *c, struct keg_err *err)
{
	const uint64_t namespaces = c->launch.join.fresh | c->launch.join.existing;

	/* A caller that brings its own configuration need not have a bundle. */
	c->bundle = open(c->launch.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Only the real root may clone mounts here; an ordinary user's child does it for itself. */
	c->launch.for_userns = namespaces & CLONE_NEWUSER && geteuid() == 0;

	const struct mount_plan_request req = {
		.config = &c->config,
		.join = &c->launch.join,
		.rootfs = c->req->rootfs < 0 ? c->launch.rootfs : NULL,
		.bundle = c->bundle,
	};
	return mount_plans_make(&req, &c->launch.mounts, &c->arena, err);
}

static int prepare(struct creation *c, int console, struct keg_err *err)
{
	int r = preserved_note(c->ctx, c->req->io.preserve_fds, &c->launch.preserved, err);

	if (r >= 0)
		r = read_config(c, err);
	if (r >= 0)
		r = complete_config(c, err);
	if (r >= 0)
		r = join_open(&c->os, &c->launch.join, err);
	if (r >= 0)
		map_self(c);
	if (r >= 0)
		r = validate_config(c->ctx, &c->config, &c->launch.join, err);
	if (r >= 0)
		r = find_rootfs(c, err);
	if (r >= 0)
		r = console_socket_open(&c->req->io, c->config.process->terminal, console,
					&c->launch.console, err);
	if (r >= 0)
		r = filter_get(c->ctx, &c->config, &c->filter, err);
	if (r < 0)
		return r;
	c->launch.filter = r > 0 ? &c->filter : NULL;
	c->launch.in_new_userns = c->launch.join.fresh & CLONE_NEWUSER;
	r = plan_mounts(c, err);
	if (r < 0)
		return r;
	r = c->config.hooks ? hooks_output_open(&c->config, &c->launch.hooks_output, err) : 0;
	return r < 0 ? r : open_notify(c, err);
}

static int make_folder(struct creation *c, bool wait_socket, struct keg_err *err)
{
	c->folder = state_make(c->ctx, c->id, err);
	if (c->folder < 0)
		return c->folder;
	c->made = true;
	fill_record(c);
	int r = group_make(c, err);
	if (r >= 0)
		r = group_give(c, err);
	if (r >= 0)
		r = make_rdt(c, err);
	if (r >= 0)
		r = ready_make_folder(c->ctx, c->folder, err);
	if (r >= 0 && c->launch.filter)
		r = filter_save(c->folder, c->launch.filter, err);
	if (r >= 0 && wait_socket) {
		c->launch.start = socket_listen_at(c->folder, STATE_START_SOCKET, err);
		r = c->launch.start;
	}
	return r;
}

static int prepare_devices(struct creation *c, struct keg_err *err)
{
	c->launch.nodes = keg_arena_alloc(&c->arena, c->os.n_devices + 1, sizeof(int));
	for (size_t i = 0; i < c->os.n_devices; i++)
		c->launch.nodes[i] = -1;
	return devices_prepare(&c->os, c->folder, c->launch.nodes, err);
}

static void close_devices(struct creation *c)
{
	if (c->launch.nodes)
		devices_forget(&c->os, c->folder, c->launch.nodes);
	c->launch.nodes = NULL;
}

/* What root of the user namespace might not reach: folders above may be closed to him. */
static int open_for_child(struct creation *c, int *rootfs, struct keg_err *err)
{
	const struct mount_place from = { AT_FDCWD, c->launch.rootfs, false };
	int r = mount_plans_open(&c->launch.mounts, c->bundle, true, err);

	if (r >= 0 && c->launch.in_new_userns)
		r = prepare_devices(c, err);
	if (r < 0 || c->launch.rootfs_mount >= 0)
		return r;
	*rootfs = mount_clone(&from, true, err);
	c->launch.rootfs_mount = *rootfs;
	return *rootfs < 0 ? *rootfs : mount_propagate(*rootfs, MS_SLAVE | MS_REC, err);
}

static int clone_and_serve(struct creation *c, struct keg_err *err)
{
	autofd int rootfs = -1;
	int r = sync_open(&c->sync, err);

	if (r < 0)
		return r;
	c->launch.sync = c->sync.child;
	r = c->launch.for_userns ? open_for_child(c, &rootfs, err) : 0;
	if (r < 0)
		return r;

	say(c, "nsexec container setup: clone the first process into its namespaces");
	c->pid = launch_clone(&c->launch, c->sync.parent, &c->pidfd, err);
	close(take_fd(&c->sync.child));
	if (c->pid < 0)
		return c->pid;
	say(c, "child process in init()");
	/* Elsewhere it moves itself, and has done so when it says that it is ready. */
	bool is_there = c->launch.born_in_group || c->launch.is_moved;
	r = is_there ? group_settle(c, err) : 0;
	if (r >= 0)
		r = rdt_add(&c->record, c->pid, err);
	if (r >= 0)
		r = privilege(c, err);
	if (r >= 0)
		r = hand_out_pidfd(c, err);
	if (r >= 0)
		r = serve(c, err);
	if (r >= 0)
		r = group_settle(c, err);
	/* Or what they are clones of would be in use for as long as we are. */
	mount_plans_close(&c->launch.mounts);
	close_devices(c);
	return r < 0 ? keg_wrap(err, "unable to start container process") : 0;
}

static int check_id(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	if (ctx->as_crun && id[0] == '.')
		return keg_fail(err, KEG_EUSAGE, "invalid container ID format: %.64s", id);
	return state_check_id(id, err);
}

int creation_begin(struct creation *c, const struct runtime_context *ctx, const char *id,
		   const struct runtime_create_request *req, int console, bool wait_socket,
		   struct keg_err *err)
{
	*c = (struct creation){
		.ctx = ctx,
		.id = id,
		.req = req,
		.folder = -1,
		.bundle = -1,
		.pidfd = -1,
		.pid = -1,
		.sync = { -1, -1 },
		.launch = { .ctx = ctx,
			    .id = id,
			    .sync = -1,
			    .start = -1,
			    .console = -1,
			    .notify = -1,
			    .delegated = -1,
			    .hooks_output = { -1, -1 },
			    .rootfs_mount = -1,
			    .no_pivot = req->no_pivot,
			    .no_new_keyring = req->no_new_keyring },
	};
	for (size_t i = 0; i < JOIN_MAX; i++)
		c->launch.join.fds[i] = -1;

	int r = check_id(ctx, id, err);
	if (r >= 0)
		r = prepare(c, console, err);
	if (r >= 0) {
		c->record.config = kept_config(c);
		r = make_folder(c, wait_socket, err);
	}
	if (r >= 0)
		r = clone_and_serve(c, err);
	if (r >= 0)
		r = record_process(c, err);
	if (r >= 0 && wait_socket)
		r = sync_send(c->sync.parent, SYNC_GO, 0, err);
	if (r < 0)
		creation_abandon(c);
	return r;
}

void creation_abandon(struct creation *c)
{
	struct keg_err ignored;

	if (c->pid > 0) {
		process_end(c->pid, c->pidfd);
		launch_forget(c->ctx, c->pid);
		c->pid = -1;
	}
	if (!c->made)
		return;
	group_unmake(c);
	(void)!rdt_remove(&c->record, &ignored);
	(void)!state_remove(c->ctx, c->id, &ignored);
	c->made = false;
}

void creation_done(struct creation *c)
{
	const int fds[] = { c->bundle,	       c->folder,	 c->pidfd,
			    c->sync.parent,    c->sync.child,	 c->launch.start,
			    c->launch.console, c->launch.notify, c->launch.delegated };

	if (!c->ctx)
		return;
	close_devices(c);
	for (size_t i = 0; i < KEG_COUNT(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	hooks_output_close(&c->launch.hooks_output);
	mount_plans_close(&c->launch.mounts);
	preserved_done(&c->launch.preserved);
	join_done(&c->launch.join);
	cgroup_free(c->launch.group);
	seccomp_filter_done(&c->filter);
	json_object_put(c->record.config);
	keg_arena_done(&c->arena);
}
