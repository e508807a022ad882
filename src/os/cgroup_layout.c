/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which hierarchies there are. /proc/self/cgroup names them in a dozen short lines whatever
 * else the host has mounted, and cgroups(7) and every init mount them at the same places; so
 * the mount table, which grows with each container, is not read.
 */
#include "os/cgroup_internal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

enum { PROC_CGROUP_MAX = 1 << 20, CONTROLLERS_TEXT_MAX = 4096 };

static const struct {
	const char *v1, *v2; /* the file system's own name for it */
} controller_names[CGROUP_CONTROLLERS] = {
	[CGROUP_CPU] = { "cpu", "cpu" },
	[CGROUP_CPUACCT] = { "cpuacct", "cpu" }, /* v2 accounts in cpu.stat */
	[CGROUP_CPUSET] = { "cpuset", "cpuset" },
	[CGROUP_MEMORY] = { "memory", "memory" },
	[CGROUP_DEVICES] = { "devices", "" },
	[CGROUP_FREEZER] = { "freezer", "" },
	[CGROUP_IO] = { "blkio", "io" },
	[CGROUP_PIDS] = { "pids", "pids" },
	[CGROUP_HUGETLB] = { "hugetlb", "hugetlb" },
	[CGROUP_NET_CLS] = { "net_cls", "" },
	[CGROUP_NET_PRIO] = { "net_prio", "" },
	[CGROUP_RDMA] = { "rdma", "rdma" },
};

const char *cgroup_controller_name(enum cgroup_controller controller, bool v2)
{
	return v2 ? controller_names[controller].v2 : controller_names[controller].v1;
}

unsigned cgroup_controllers_parse(const char *names, const char *separators)
{
	unsigned bits = 0;

	for (const char *at = names; *at;) {
		size_t len = strcspn(at, separators);

		for (unsigned i = 0; len > 0 && i < CGROUP_CONTROLLERS; i++) {
			const char *v1 = controller_names[i].v1, *v2 = controller_names[i].v2;

			if ((strlen(v1) == len && memcmp(v1, at, len) == 0) ||
			    (strlen(v2) == len && memcmp(v2, at, len) == 0))
				bits |= 1u << i;
		}
		at += len;
		at += strspn(at, separators);
	}
	return bits;
}

/* One line "ID:CONTROLLERS:PATH"; it is written into. Lines of other forms are passed over. */
static void add_line(struct cgroup *group, char *line, bool only_v2)
{
	char *controllers = strchr(line, ':');
	char *own = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!own || group->n == CGROUP_HIERARCHIES_MAX)
		return;
	*controllers++ = '\0';
	*own++ = '\0';

	bool v2 = controllers[0] == '\0';
	if (only_v2 && !v2)
		return;

	const char *named = keg_str_after(controllers, "name=");
	const char *folder = v2 ? (only_v2 ? "." : "unified") : named ? named : controllers;

	/* A folder below CGROUP_ROOT; of letters, digits, and "_-.", says the kernel. */
	if (!v2 && (folder[0] == '\0' || folder[0] == '.' || strpbrk(folder, "/=")))
		return;

	struct cgroup_hierarchy *h = &group->at[group->n++];
	*h = (struct cgroup_hierarchy){
		.v2 = v2,
		.controllers = named ? 0 : cgroup_controllers_parse(controllers, ","),
		.folder = keg_strdup(folder),
		.own = keg_strdup(own),
		.entry = -1,
	};
}

void cgroup_layout_parse(struct cgroup *group, char *lines, bool only_v2)
{
	for (char *line; (line = strsep(&lines, "\n"));)
		add_line(group, line, only_v2);
}

static int read_lines(struct cgroup *group, const char *file, bool only_v2, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, file, PROC_CGROUP_MAX, &text, err);

	if (r >= 0)
		cgroup_layout_parse(group, text.data, only_v2);
	return r < 0 ? r : 0;
}

bool cgroup_host_is_unified(void)
{
	struct statfs fs;

	return statfs(CGROUP_ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_layout_read(struct cgroup *group, struct keg_err *err)
{
	struct statfs fs;

	group->root = open(CGROUP_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (group->root < 0 || fstatfs(group->root, &fs) < 0)
		return keg_fail_sys(err, errno, "open " CGROUP_ROOT);
	return read_lines(group, "/proc/self/cgroup", fs.f_type == CGROUP2_SUPER_MAGIC, err);
}

bool cgroup_layout_has(const struct cgroup *group, struct cgroup_hierarchy *h, const char *path)
{
	char name[PATH_MAX];

	if (cgroup_file_name(name, h, path, "cgroup.procs") < 0)
		return false;
	/* Where that could not be found out, whatever is done with it fails and says so. */
	if (faccessat(group->root, name, F_OK, 0) == 0 ||
	    (errno != ENOENT && errno != ENOTDIR && errno != EACCES))
		return true;

	/* "cpu,cpuacct" may be mounted as "cpuacct,cpu" with a link for each, or as one of them. */
	char *comma = strchr(h->folder, ',');
	if (!comma)
		return false;

	struct cgroup_hierarchy alone = { .folder = keg_strndup(h->folder,
								(size_t)(comma - h->folder)) };
	autofree char *shorter = alone.folder;
	if (cgroup_file_name(name, &alone, path, "cgroup.procs") < 0 ||
	    faccessat(group->root, name, F_OK, 0) < 0)
		return false;
	free(h->folder);
	h->folder = take_ptr(&shorter);
	return true;
}

const struct cgroup_hierarchy *cgroup_hierarchy_find(const struct cgroup *group,
						     enum cgroup_controller controller)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct cgroup_hierarchy *h = &group->at[i];

		if (h->path && (h->controllers & (1u << controller)))
			return h;
	}
	return NULL;
}

const struct cgroup_hierarchy *cgroup_hierarchy_v2(const struct cgroup *group)
{
	for (size_t i = 0; i < group->n; i++) {
		if (group->at[i].v2 && group->at[i].path)
			return &group->at[i];
	}
	return NULL;
}

/* What the group at `path` may use: the bits of its cgroup.controllers. */
static unsigned available(const struct cgroup *group, const struct cgroup_hierarchy *h,
			  const char *path)
{
	char text[CONTROLLERS_TEXT_MAX];
	autofd int fd = cgroup_file_open(group, h, path, "cgroup.controllers", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (n < 0)
		return 0;
	text[n] = '\0';
	return cgroup_controllers_parse(text, " \n");
}

/* "+cpu +memory": the v2 names of the bits, each once. */
static void add_names(struct keg_buf *out, unsigned bits)
{
	for (unsigned i = 0; i < CGROUP_CONTROLLERS; i++) {
		if ((bits & (1u << i)) && controller_names[i].v2[0] && i != CGROUP_CPUACCT)
			keg_buf_printf(out, "%s+%s", out->len ? " " : "", controller_names[i].v2);
	}
}

/*
 * Hand `bits` on to the children of `path`. All at once costs one round of the kernel's locks;
 * when one of them is refused (cpu with real-time tasks about, say) all are, so then singly.
 */
static void hand_on(const struct cgroup *group, const struct cgroup_hierarchy *h, const char *path,
		    unsigned bits)
{
	autofd int fd = cgroup_file_open(group, h, path, "cgroup.subtree_control", O_WRONLY);
	auto(keg_buf) names = { 0 };

	add_names(&names, bits);
	if (fd < 0 || names.len == 0 || write(fd, names.data, names.len) >= 0)
		return;
	for (unsigned i = 0; i < CGROUP_CONTROLLERS; i++) {
		auto(keg_buf) one = { 0 };

		add_names(&one, bits & (1u << i));
		if (one.len && write(fd, one.data, one.len) < 0)
			continue; /* a limit that needs it will say so */
	}
}

void cgroup_enable_controllers(struct cgroup *group)
{
	const struct cgroup_hierarchy *found = cgroup_hierarchy_v2(group);

	if (!found)
		return;

	struct cgroup_hierarchy *h = &group->at[found - group->at];
	unsigned all = available(group, h, ""), missing = all & ~available(group, h, h->path);

	if (missing) {
		autofree char *path = keg_strdup(h->path);

		hand_on(group, h, "", missing);
		for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
			*slash = '\0';
			hand_on(group, h, path, missing);
			*slash = '/';
		}
		all = available(group, h, h->path);
	}
	h->controllers = all;
}

int cgroup_hierarchy_of(struct cgroup *group, enum cgroup_controller controller,
			const struct cgroup_hierarchy **out, struct keg_err *err)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);
	const struct cgroup_hierarchy *found = cgroup_hierarchy_find(group, controller);
	const char *name = cgroup_controller_name(controller, cgroup_is_unified(group));

	if (!found && v2 && v2->controllers == 0) {
		cgroup_enable_controllers(group);
		found = cgroup_hierarchy_find(group, controller);
	}
	if (found) {
		*out = found;
		return 0;
	}
	if (group->denied & (1u << controller)) {
		keg_fail(err, KEG_EDENIED, "no permission to make groups for the %s controller",
			 name);
		return keg_hint(err,
				"leave the limit out, or have cgroup v2 delegated to this user");
	}
	if (group->rootless && v2) {
		keg_fail(err, KEG_EUNSUPPORTED, "the %s controller is not available in %s", name,
			 v2->path);
		return keg_hint(err, "have the %s controller delegated to this user", name);
	}
	return keg_fail(err, KEG_EUNSUPPORTED, "the kernel offers no %s controller here",
			name[0] ? name : cgroup_controller_name(controller, false));
}
