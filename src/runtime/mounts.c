/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything goes through the descriptor-based mount calls (Linux 5.12): a file system is made,
 * or a source cloned, detached; changed while nobody sees it; and only then moved onto a target
 * that was resolved inside the container's root. No path is looked up twice, so a container
 * that swaps a directory for a symlink in between gains nothing (CVE-2021-30465).
 */
#include "runtime/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strv.h"
#include "os/idmap.h"
#include "os/label.h"
#include "os/path.h"
#include "os/procfs.h"
#include "runtime/cgroupfs.h"
#include "runtime/copy_up.h"
#include "runtime/mount_opts.h"

/* fsconfig(2) takes values of at most 255 bytes; mount(2) takes a page. */
enum { FSCONFIG_MAX = 255, PAGE = 4096 };

static bool is_bind(const struct oci_mount *m)
{
	for (size_t i = 0; i < m->n_options; i++) {
		if (keg_str_eq(m->options[i], "bind") || keg_str_eq(m->options[i], "rbind"))
			return true;
	}
	return keg_str_eq(m->type, "bind");
}

int mounts_clone(const char *path, bool deep, bool detach_from_host, struct keg_err *err)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (deep ? AT_RECURSIVE : 0);
	autofd int tree = open_tree(AT_FDCWD, path, flags);
	struct mount_attr slave = { .propagation = MS_SLAVE };

	if (tree < 0)
		return keg_fail_sys(err, errno, "clone mount %s", path);
	if (detach_from_host &&
	    mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave, sizeof slave) < 0)
		return keg_fail_sys(err, errno, "make %s a slave", path);
	return take_fd(&tree);
}

static int open_source(const struct oci_mount *m, bool detach_from_host, struct keg_err *err)
{
	bool deep = false;

	for (size_t i = 0; i < m->n_options; i++)
		deep |= keg_str_eq(m->options[i], "rbind");
	return mounts_clone(m->source ? m->source : "", deep, detach_from_host, err);
}

int mounts_open_sources(const struct oci_config *config, int *out, bool detach_from_host,
			struct keg_err *err)
{
	for (size_t i = 0; i < config->n_mounts; i++)
		out[i] = -1;
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (!is_bind(&config->mounts[i]))
			continue;
		out[i] = open_source(&config->mounts[i], detach_from_host, err);
		if (out[i] < 0) {
			int r = out[i];

			mounts_close_sources(config, out);
			return r;
		}
	}
	return 0;
}

void mounts_close_sources(const struct oci_config *config, int *sources)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		if (sources[i] >= 0)
			close(sources[i]);
		sources[i] = -1;
	}
}

/* mount() says ENOTDIR, by which engines know what was meant; move_mount() EINVAL. */
static bool is_folder_on_file(int tree, int target)
{
	struct stat from, to;

	return fstat(tree, &from) == 0 && fstat(target, &to) == 0 &&
	       S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode);
}

int mounts_attach(int tree, int target, struct keg_err *err)
{
	if (move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) ==
	    0)
		return 0;
	int cause = errno;
	if (cause == EINVAL && is_folder_on_file(tree, target))
		cause = ENOTDIR;
	return keg_fail_sys(err, cause, "attach the mount");
}

static int set_attrs(int tree, uint64_t clr, uint64_t set, unsigned how, struct keg_err *err)
{
	struct mount_attr attr = { .attr_set = set, .attr_clr = clr };

	if ((clr | set) == 0)
		return 0;
	/* The kernel wants the whole access time field replaced, never parts of it set. */
	if (set & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | how, &attr, sizeof attr) == 0)
		return 0;
	/* In a user namespace what the mount came with is locked: what may not be cleared stays. */
	attr.attr_clr &= set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
	if (errno == EPERM && clr &&
	    (set == 0 || mount_setattr(tree, "", AT_EMPTY_PATH | how, &attr, sizeof attr) == 0))
		return 0;
	return keg_fail_sys(err, errno, "set mount attributes");
}

/* After the move only: attaching below a shared mount would make it shared again. */
static int set_propagation(int tree, const struct mount_opts *opts, struct keg_err *err)
{
	struct mount_attr attr = { .propagation = opts->propagation & ~(uint64_t)MS_REC };
	unsigned deep = (opts->propagation & MS_REC) ? AT_RECURSIVE : 0;

	if (attr.propagation == 0)
		return 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "set mount propagation");
	return 0;
}

static struct idmap_range *ranges_of(const struct oci_id_map *maps, size_t n,
				     struct keg_arena *arena)
{
	struct idmap_range *ranges = keg_arena_alloc(arena, n + 1, sizeof *ranges);

	for (size_t i = 0; i < n; i++)
		ranges[i] =
			(struct idmap_range){ maps[i].container_id, maps[i].host_id, maps[i].size };
	return ranges;
}

static int set_idmap(int tree, const struct oci_config *config, const struct oci_mount *m,
		     const struct mount_opts *opts, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	const struct oci_linux *os = config->os;
	bool own = m->n_uid_mappings > 0;

	if (!opts->idmap && !opts->deep_idmap && !own)
		return 0;

	const struct idmap map = {
		.uids = own ? ranges_of(m->uid_mappings, m->n_uid_mappings, &arena)
			    : ranges_of(os->uid_mappings, os->n_uid_mappings, &arena),
		.n_uids = own ? m->n_uid_mappings : os->n_uid_mappings,
		.gids = own ? ranges_of(m->gid_mappings, m->n_gid_mappings, &arena)
			    : ranges_of(os->gid_mappings, os->n_gid_mappings, &arena),
		.n_gids = own ? m->n_gid_mappings : os->n_gid_mappings,
	};
	if (map.n_uids == 0 || map.n_gids == 0)
		return keg_fail(err, KEG_EUSAGE, "idmap without user and group id maps");

	autofd int userns = idmap_namespace(&map, err);
	if (userns < 0)
		return keg_wrap(err, "idmap");
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	unsigned deep = opts->deep_idmap ? AT_RECURSIVE : 0;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attr, sizeof attr) < 0)
		return keg_fail_sys(err, errno, "map the ids of the mount");
	return 0;
}

/*
 * Nothing may be put into /proc but what is known to be harmless, or it could take the place
 * of what the runtime itself writes there (CVE-2019-16884, CVE-2019-19921).
 */
static int check_target(int target, const struct oci_mount *m, struct keg_err *err)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/slabinfo",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/net/dev",
		"/proc/sys/fs/binfmt_misc",
		"/proc/sys/crypto/fips_enabled",
	};

	if (!procfs_is(target) || keg_str_eq(m->type, "proc"))
		return 0;
	for (size_t i = 0; i < KEG_COUNT(allowed); i++) {
		if (strcmp(allowed[i], m->destination) == 0)
			return 0;
	}
	/* The whole of another /proc may stand in for this one. */
	if (strcmp(m->destination, "/proc") == 0)
		return 0;
	return keg_fail(err, KEG_EUSAGE, "\"%s\" cannot be mounted because it is inside /proc",
			m->destination);
}

/*
 * /proc and /sys themselves are no links, or what is masked in them would be elsewhere. What is
 * looked at is what is used: it could be exchanged meanwhile.
 */
static int open_ordinary(int root, const char *path, struct keg_err *err)
{
	struct stat st;
	struct keg_err ignored;
	autofd int made = path_make_folder(root, path, 0755, err);
	autofd int target =
		path_open_in_root(root, path, O_PATH | O_NOFOLLOW, made < 0 ? &ignored : err);

	if (target < 0)
		return made < 0 ? made : target;
	if (fstat(target, &st) < 0)
		return keg_fail_sys(err, errno, "look at %s in the container's root", path);
	if (!S_ISDIR(st.st_mode))
		return keg_fail(err, KEG_EUSAGE,
				"filesystem \"%s\" must be mounted on ordinary directory", path);
	return take_fd(&target);
}

static int open_target(int root, const struct oci_mount *m, bool folder, struct keg_err *err)
{
	bool ordinary = keg_str_eq(m->type, "proc") || keg_str_eq(m->type, "sysfs");
	autofd int target = ordinary ? open_ordinary(root, m->destination, err)
			    : folder ? path_make_folder(root, m->destination, 0755, err)
				     : path_make_file(root, m->destination, err);

	if (target < 0)
		return target;
	int r = check_target(target, m, err);
	return r < 0 ? r : take_fd(&target);
}

static int bind_one(const struct launch *launch, int root, size_t i, const struct mount_opts *opts,
		    struct keg_err *err)
{
	const struct oci_mount *m = &launch->config->mounts[i];
	int tree = launch->sources[i];
	struct stat st;

	if (fstat(tree, &st) < 0)
		return keg_fail_sys(err, errno, "look at %s", m->source);
	autofd int target = open_target(root, m, S_ISDIR(st.st_mode), err);
	if (target < 0)
		return target;

	int r = set_attrs(tree, opts->attr_clr, opts->attr_set, 0, err);
	if (r >= 0)
		r = set_attrs(tree, opts->deep_clr, opts->deep_set, AT_RECURSIVE, err);
	if (r >= 0)
		r = set_idmap(tree, launch->config, m, opts, err);
	if (r >= 0)
		r = mounts_attach(tree, target, err);
	return r < 0 ? r : set_propagation(tree, opts, err);
}

static int fs_failed(int fs, const char *what, const char *type, struct keg_err *err)
{
	int saved = errno;
	char said[256];
	ssize_t len = read(fs, said, sizeof said - 1);

	/* A message begins with "e ", "w " or "i " (fsopen is documented in mount_api.rst). */
	if (len <= 2)
		return keg_fail_sys(err, saved, "%s %s", what, type);
	said[len] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return keg_fail_sys(err, saved, "%s %s: %s", what, type, said + 2);
}

static int configure(int fs, const char *word, struct keg_err *err)
{
	const char *equals = strchr(word, '=');
	autofree char *key = equals ? keg_strndup(word, (size_t)(equals - word)) : keg_strdup(word);
	int r = equals ? fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0)
		       : fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);

	return r < 0 ? fs_failed(fs, "mount option", word, err) : 0;
}

int mounts_new(const char *type, const char *source, const char *const *data, size_t n_data,
	       unsigned attrs, struct keg_err *err)
{
	autofd int fs = fsopen(type, FSOPEN_CLOEXEC);

	if (fs < 0)
		return keg_fail_sys(err, errno, "open file system %s", type);
	if (!keg_str_empty(source) && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_failed(fs, "set source of", type, err);
	for (size_t i = 0; i < n_data; i++) {
		if (!*data[i])
			continue;
		int r = configure(fs, data[i], err);
		if (r < 0)
			return r;
	}
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_failed(fs, "make file system", type, err);

	int tree = fsmount(fs, FSMOUNT_CLOEXEC, attrs);
	return tree < 0 ? fs_failed(fs, "mount file system", type, err) : tree;
}

/* Values that exceed fsconfig's, as long overlay folders do, go through mount(2). */
static int mount_long(const struct oci_mount *m, const struct mount_opts *opts, int target,
		      struct keg_err *err)
{
	auto(keg_buf) data = { 0 };
	char path[PATH_FD_MAX];

	for (size_t i = 0; i < opts->n_data; i++)
		keg_buf_printf(&data, "%s%s", i ? "," : "", opts->data[i]);
	if (data.len >= PAGE)
		return keg_fail(err, KEG_EUSAGE, "mount options exceed %d bytes", PAGE - 1);
	unsigned long flags = opts->attr_set & MOUNT_ATTR_RDONLY ? MS_RDONLY : 0;
	if (mount(m->source, path_of_fd(target, path), m->type, flags, data.data) < 0)
		return keg_fail_sys(err, errno, "mount file system %s", m->type);
	return 0;
}

static bool has_long_value(const struct mount_opts *opts)
{
	for (size_t i = 0; i < opts->n_data; i++) {
		const char *equals = strchr(opts->data[i], '=');

		if (equals && strlen(equals + 1) > FSCONFIG_MAX)
			return true;
	}
	return false;
}

static bool is_there(int root, const char *path)
{
	struct keg_err ignored;
	autofd int fd = path_open_in_root(root, path, O_PATH, &ignored);

	return fd >= 0;
}

/*
 * A tmpfs looks like the folder that it covers unless told otherwise; over none it is the kernel's,
 * where everybody may write.
 */
static void inherit_mode(int target, struct mount_opts *opts, struct keg_arena *arena)
{
	struct stat st;

	if (!mount_opts_data(opts, "mode") && fstat(target, &st) == 0) {
		const char **data = keg_arena_alloc(arena, opts->n_data + 2, sizeof *data);

		memcpy(data, opts->data, opts->n_data * sizeof *data);
		data[opts->n_data++] = keg_arena_printf(arena, "mode=%o", st.st_mode & 07777U);
		opts->data = data;
	}
}

static int add_label(const struct oci_config *config, const struct oci_mount *m,
		     struct mount_opts *opts, struct keg_arena *arena)
{
	const char **data;

	/* What has no labels of its own is labelled as a whole; /proc and /sys have theirs. */
	if (keg_str_empty(config->os->mount_label) || !label_selinux_enabled() ||
	    keg_str_eq(m->type, "proc") || keg_str_eq(m->type, "sysfs"))
		return 0;
	data = keg_arena_alloc(arena, opts->n_data + 2, sizeof *data);
	memcpy(data, opts->data, opts->n_data * sizeof *data);
	data[opts->n_data++] = keg_arena_printf(arena, "context=%s", config->os->mount_label);
	opts->data = data;
	return 0;
}

static int mount_fs(const struct launch *launch, int root, const struct oci_mount *m,
		    struct mount_opts *opts, struct keg_arena *arena, struct keg_err *err)
{
	bool is_tmpfs = keg_str_eq(m->type, "tmpfs");
	bool covers = is_tmpfs && is_there(root, m->destination);
	autofd int target = open_target(root, m, true, err);

	if (target < 0)
		return target;
	if (covers)
		inherit_mode(target, opts, arena);
	int r = add_label(launch->config, m, opts, arena);
	if (r < 0)
		return r;
	if (has_long_value(opts))
		return mount_long(m, opts, target, err);

	/* Read-only comes last: what is copied up, or mounted in a tmpfs, must still be written. */
	unsigned attrs = (unsigned)(opts->attr_set & ~(uint64_t)MOUNT_ATTR_RDONLY);
	autofd int tree = mounts_new(m->type, m->source, opts->data, opts->n_data, attrs, err);
	if (tree < 0)
		return tree;
	if (opts->copy_up && is_tmpfs)
		r = copy_up(root, m->destination, tree, err);
	if (r >= 0 && !is_tmpfs)
		r = set_attrs(tree, 0, opts->attr_set & MOUNT_ATTR_RDONLY, 0, err);
	if (r >= 0)
		r = mounts_attach(tree, target, err);
	return r < 0 ? r : set_propagation(tree, opts, err);
}

static int make_one(const struct launch *launch, int root, size_t i, struct keg_err *err)
{
	const struct oci_mount *m = &launch->config->mounts[i];
	auto(keg_arena) arena = { 0 };
	struct mount_opts opts;
	int r = mount_opts_parse(&opts, m->options, m->n_options, &arena, err);

	if (r < 0)
		return r;
	if (launch->sources[i] >= 0)
		return bind_one(launch, root, i, &opts, err);
	if (keg_str_empty(m->type))
		return keg_fail(err, KEG_EUSAGE, "no file system type");
	if (strcmp(m->type, "cgroup") == 0 || strcmp(m->type, "cgroup2") == 0) {
		autofd int target = open_target(root, m, true, err);

		return target < 0 ? target : cgroupfs_mount(launch, target, &opts, err);
	}
	return mount_fs(launch, root, m, &opts, &arena, err);
}

int mounts_make(const struct launch *launch, int root, struct keg_err *err)
{
	for (size_t i = 0; i < launch->config->n_mounts; i++) {
		const struct oci_mount *m = &launch->config->mounts[i];

		if (make_one(launch, root, i, err) < 0)
			return keg_wrap(err, "error mounting \"%s\" to rootfs at \"%s\"",
					m->source ? m->source : m->type, m->destination);
	}
	return 0;
}

int mounts_finish(const struct launch *launch, int root, struct keg_err *err)
{
	for (size_t i = 0; i < launch->config->n_mounts; i++) {
		const struct oci_mount *m = &launch->config->mounts[i];
		auto(keg_arena) arena = { 0 };
		struct mount_opts opts;
		int r = mount_opts_parse(&opts, m->options, m->n_options, &arena, err);

		if (r < 0)
			return r;
		if (!keg_str_eq(m->type, "tmpfs") || launch->sources[i] >= 0 ||
		    !(opts.attr_set & MOUNT_ATTR_RDONLY))
			continue;
		autofd int fd = path_open_in_root(root, m->destination, O_PATH, err);
		if (fd < 0 || set_attrs(fd, 0, MOUNT_ATTR_RDONLY, 0, err) < 0)
			return keg_wrap(err, "make %s read-only", m->destination);
	}
	return 0;
}
