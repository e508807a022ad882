/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, finding and deleting the group in every hierarchy.
 *
 * A hierarchy takes part in a `struct cgroup` when its `path` is set; all else follows from
 * that. Making costs a mkdir each; parents are only looked after when that fails for want of
 * one, and again, since another process may remove an empty parent at any time.
 */
#include "os/cgroup.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "os/cgroup_internal.h"

#define DEFAULT_PARENT "keg"

enum { MKDIR_TRIES = 16, CPUSET_TEXT_MAX = 4096 };

struct cgroup *cgroup_new(bool rootless)
{
	struct cgroup *group = keg_alloc(1, sizeof *group);

	*group = (struct cgroup){ .root = -1, .rootless = rootless };
	return group;
}

void cgroup_free(struct cgroup *group)
{
	if (!group)
		return;
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		free(h->folder);
		free(h->own);
		free(h->path);
		if (h->entry >= 0)
			close(h->entry);
	}
	if (group->root >= 0)
		close(group->root);
	free(group->place);
	free(group);
}

static void leave_out(struct cgroup_hierarchy *h)
{
	free(take_ptr(&h->path));
}

/* --- where ------------------------------------------------------------------------------- */

/* "slice:prefix:name" */
static bool is_systemd_form(const char *path)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return path[0] != '/' && second && !strchr(second + 1, ':');
}

/* `path` beside our own group: v2 wants no processes above groups with controllers. */
static char *beside_own(const struct cgroup *group, struct cgroup_hierarchy *h, const char *path)
{
	autofree char *above = h->v2 ? keg_path_dir(h->own) : keg_strdup(h->own);
	bool seen = strcmp(above, "/") != 0 && cgroup_layout_has(group, h, above);

	/* A mount that shows only a part of the hierarchy may not contain our own group. */
	return keg_printf("%s%s", seen ? above : "", path);
}

static int choose_path(const struct cgroup_request *want, const char *id, char **path,
		       bool *relative, struct keg_err *err)
{
	bool given = !keg_str_empty(want->path);
	autofree char *text = NULL;

	if (given && is_systemd_form(want->path)) {
		keg_fail(err, KEG_EUNSUPPORTED,
			 "cgroupsPath %s is for the systemd cgroup manager, which is not in use",
			 want->path);
		return keg_hint(err, "use --systemd-cgroup, or the cgroupfs manager for all "
				     "(cgroup_manager=\"cgroupfs\" in containers.conf)");
	}
	*relative = given ? want->path[0] != '/' : want->rootless;
	text = given ? keg_printf("/%s", want->path) : keg_printf("/" DEFAULT_PARENT "/%s", id);
	*path = keg_path_clean(text);
	if (strcmp(*path, "/") != 0)
		return 0;
	free(take_ptr(path));
	return keg_fail(err, KEG_EUSAGE, "cgroupsPath %s is the root group",
			given ? want->path : "");
}

/* --- making ------------------------------------------------------------------------------ */

/* A v1 cpuset starts empty, and nothing runs in an empty one: take what the parent has. */
static int fill_cpuset(const struct cgroup *group, struct cgroup_hierarchy *h, const char *path,
		       const char *file, struct keg_err *err)
{
	char text[CPUSET_TEXT_MAX];
	autofree char *above = keg_path_dir(path);
	autofd int fd = cgroup_file_open(group, h, path, file, O_RDWR);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);

	if (n < 0)
		return keg_fail_sys(err, errno, "read %s of group %s", file, path);
	if (n > 1)
		return 0;
	if (strcmp(above, "/") != 0) {
		int r = fill_cpuset(group, h, above, file, err);

		if (r < 0)
			return r;
	} else {
		above[0] = '\0';
	}

	autofd int from = cgroup_file_open(group, h, above, file, O_RDONLY);
	n = from < 0 ? -1 : read(from, text, sizeof text);
	if (n > 0 && write(fd, text, (size_t)n) < 0)
		n = -1;
	if (n < 0)
		return keg_fail_sys(err, errno, "copy %s from the parent of group %s", file, path);
	return 0;
}

/* New groups below `path` start with its cpus and mems: spares each container the copying. */
static void let_children_inherit(const struct cgroup *group, const struct cgroup_hierarchy *h,
				 const char *path)
{
	autofd int fd = cgroup_file_open(group, h, path, "cgroup.clone_children", O_WRONLY);

	if (fd >= 0 && write(fd, "1", 1) < 0)
		return; /* fill_cpuset() copies */
}

/* Make what is missing above the last component of `path`; 0 or errno. */
static int make_parents(const struct cgroup *group, struct cgroup_hierarchy *h, char *path)
{
	bool cpuset = !h->v2 && (h->controllers & (1u << CGROUP_CPUSET));
	unsigned made = 0;
	int sys = 0;

	for (char *slash = strchr(path + 1, '/'); slash && !sys; slash = strchr(slash + 1, '/')) {
		char name[PATH_MAX];

		*slash = '\0';
		if (cgroup_file_name(name, h, path, NULL) == 0 &&
		    mkdirat(group->root, name, 0755) == 0) {
			made++;
			if (cpuset)
				let_children_inherit(group, h, path);
		} else if (errno != EEXIST) {
			sys = errno;
		}
		*slash = '/';
	}
	if (made)
		h->made = made + 1; /* and the group itself, which is next */
	return sys;
}

/* 1 made, 0 it was there, else -errno. */
static int make_folder(const struct cgroup *group, struct cgroup_hierarchy *h)
{
	char name[PATH_MAX];

	if (cgroup_file_name(name, h, h->path, NULL) < 0)
		return -errno;
	for (int tries = 0; tries < MKDIR_TRIES; tries++) {
		if (mkdirat(group->root, name, 0755) == 0) {
			if (h->made == 0)
				h->made = 1;
			return 1;
		}
		if (errno == EEXIST)
			return 0;
		if (errno != ENOENT)
			return -errno;

		int sys = make_parents(group, h, h->path);
		if (sys && sys != ENOENT)
			return -sys;
	}
	return -ENOENT;
}

/* A group that was there must be idle: what limits one container would limit another. */
static int check_idle(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      struct keg_err *err)
{
	char byte;
	autofd int fd = cgroup_file_open(group, h, h->path, "cgroup.procs", O_RDONLY);

	if (fd < 0 || read(fd, &byte, 1) <= 0)
		return 0;
	return keg_fail(err, KEG_EBUSY, "container's cgroup is not empty: %s", h->path);
}

static int make_in(struct cgroup *group, struct cgroup_hierarchy *h, bool adopt,
		   struct keg_err *err)
{
	int made = make_folder(group, h);

	if (made < 0) {
		bool forbidden = made == -EACCES || made == -EPERM || made == -EROFS;

		if (forbidden && group->rootless) {
			group->denied |= h->v2 && cgroup_is_unified(group) ? ~0u : h->controllers;
			leave_out(h);
			return 0;
		}
		return keg_fail_sys(err, -made, "make the control group " CGROUP_ROOT "/%s%s",
				    h->folder, h->path);
	}

	int r = made || adopt ? 0 : check_idle(group, h, err);
	if (r >= 0 && !h->v2 && (h->controllers & (1u << CGROUP_CPUSET))) {
		r = fill_cpuset(group, h, h->path, "cpuset.cpus", err);
		if (r >= 0)
			r = fill_cpuset(group, h, h->path, "cpuset.mems", err);
	}
	return r;
}

/* Remove what make_in() made, from the group upwards; others may be using the parents. */
static void unmake(const struct cgroup *group)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct cgroup_hierarchy *h = &group->at[i];
		autofree char *path = keg_strdup(h->path);

		for (unsigned left = path ? h->made : 0; left > 0 && path[0]; left--) {
			char name[PATH_MAX];

			if (cgroup_file_name(name, h, path, NULL) == 0)
				(void)unlinkat(group->root, name, AT_REMOVEDIR);
			*strrchr(path, '/') = '\0';
		}
	}
}

static int make_everywhere(struct cgroup *group, bool adopt, struct keg_err *err)
{
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];
		int r = h->path ? make_in(group, h, adopt, err) : 0;

		if (r < 0)
			return r;
		if (h->path && !adopt && cgroup_is_unified(group))
			cgroup_enable_controllers(group);
	}
	return cgroup_prepare(group, err);
}

/* Where the group is to be; *there: in some hierarchy it is already. */
static int place_group(struct cgroup *group, const struct cgroup_request *want, const char *id,
		       bool *any, bool *there, struct keg_err *err)
{
	autofree char *path = NULL;
	bool relative = false;
	int r = choose_path(want, id, &path, &relative, err);

	*any = *there = false;
	for (size_t i = 0; i < group->n && r >= 0; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		if (!cgroup_layout_has(group, h, ""))
			continue; /* the kernel has it, but it is not mounted */
		free(h->path);
		h->path = relative ? beside_own(group, h, path) : keg_strdup(path);
		*there = *there || cgroup_layout_has(group, h, h->path);
		*any = true;
	}
	return r;
}

int cgroup_make(const struct cgroup_request *want, struct cgroup **out, struct keg_err *err)
{
	autoptr(cgroup) group = cgroup_new(want->rootless);
	bool any = false, there = false;
	int r = cgroup_layout_read(group, err);

	if (r >= 0)
		r = place_group(group, want, want->id, &any, &there, err);
	if (r >= 0 && there && want->other_id && keg_str_empty(want->path))
		r = place_group(group, want, want->other_id, &any, &there, err);
	if (r < 0)
		return r;
	if (!any && !group->rootless) {
		keg_fail(err, KEG_EUNSUPPORTED, "no control groups are mounted at " CGROUP_ROOT);
		return keg_hint(err, "mount -t cgroup2 cgroup2 " CGROUP_ROOT);
	}
	if (want->planned)
		r = want->planned(want->data, cgroup_place(group), err);
	if (r < 0)
		return r;
	r = make_everywhere(group, want->adopt, err);
	if (group->denied)
		free(take_ptr(&group->place)); /* it is in fewer places than planned */
	if (r < 0)
		unmake(group);
	else
		*out = take_ptr(&group);
	return r;
}

bool cgroup_was_there(const struct cgroup *group)
{
	const struct cgroup_hierarchy *v2 = cgroup_hierarchy_v2(group);

	return v2 && v2->made == 0;
}

/* --- finding ----------------------------------------------------------------------------- */

static void add_place_line(struct keg_buf *out, const struct cgroup_hierarchy *h, size_t i)
{
	/* The hierarchy's folder identifies it just as well as its controllers do. */
	keg_buf_printf(out, "%zu:%s:%s\n", i, h->v2 ? "" : h->folder, h->path);
}

const char *cgroup_place(struct cgroup *group)
{
	const char *same = NULL;
	bool differs = false;
	auto(keg_buf) lines = { 0 };

	if (group->place)
		return group->place;
	for (size_t i = 0; i < group->n; i++) {
		const struct cgroup_hierarchy *h = &group->at[i];

		if (!h->path)
			continue;
		differs = differs || (same && strcmp(same, h->path) != 0);
		same = h->path;
		add_place_line(&lines, h, i);
	}
	group->place = differs ? keg_buf_take(&lines) : keg_strdup(same ? same : "");
	return group->place;
}

char *cgroup_path_in_lines(const struct cgroup_hierarchy *h, const char *lines)
{
	unsigned wanted = h->controllers;

	for (const char *line = lines; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';

		const char *name = strchr(line, ':');
		const char *path = name ? strchr(name + 1, ':') : NULL;
		if (!path)
			continue;

		autofree char *names = keg_strndup(name + 1, (size_t)(path - name - 1));
		const char *plain = keg_str_after(names, "name=");
		bool same = h->v2	    ? names[0] == '\0'
			    : names[0] == 0 ? false
			    : wanted	    ? cgroup_controllers_parse(names, ",") == wanted
					    : strcmp(plain ? plain : names, h->folder) == 0;
		if (same)
			return keg_strndup(path + 1, strcspn(path + 1, "\n"));
	}
	return NULL;
}

int cgroup_open(const char *place, struct cgroup **out, struct keg_err *err)
{
	autoptr(cgroup) group = cgroup_new(false);
	int r = place[0] ? cgroup_layout_read(group, err) : 0;

	if (r < 0)
		return r;
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];
		autofree char *path =
			place[0] == '/' ? keg_strdup(place) : cgroup_path_in_lines(h, place);

		/* The root group is nobody's container. */
		if (path && strcmp(path, "/") != 0 && cgroup_layout_has(group, h, path))
			h->path = take_ptr(&path);
	}
	*out = take_ptr(&group);
	return 0;
}

int cgroup_open_pid(pid_t pid, struct cgroup **out, struct keg_err *err)
{
	enum { LINES_MAX = 1 << 20 };
	autofree char *file = keg_printf("/proc/%d/cgroup", (int)pid);
	auto(keg_buf) lines = { 0 };
	int r = keg_file_read(AT_FDCWD, file, LINES_MAX, &lines, err);

	return r < 0 ? r : cgroup_open(keg_buf_text(&lines), out, err);
}

bool cgroup_exists(const struct cgroup *group)
{
	for (size_t i = 0; i < group->n; i++) {
		if (group->at[i].path)
			return true;
	}
	return false;
}

bool cgroup_is_unified(const struct cgroup *group)
{
	return group->n == 1 && group->at[0].v2;
}

bool cgroup_hierarchy_has(const struct cgroup_hierarchy *h, const char *names)
{
	/* "cpu" of v2 counts what "cpuacct" does in v1: a name means its own version's. */
	for (unsigned i = 0; i < CGROUP_CONTROLLERS; i++) {
		const char *name = cgroup_controller_name((enum cgroup_controller)i, h->v2);

		if (h->controllers & (1u << i) && name && keg_str_lists(names, ',', name))
			return true;
	}
	return keg_str_lists(names, ',', h->folder);
}

char *cgroup_folder(const struct cgroup *group, const char *controller)
{
	for (size_t i = 0; i < group->n; i++) {
		const struct cgroup_hierarchy *h = &group->at[i];

		if (!h->path || !(controller[0] ? cgroup_hierarchy_has(h, controller) : h->v2))
			continue;
		if (strcmp(h->folder, ".") == 0)
			return keg_printf(CGROUP_ROOT "%s", h->path);
		return keg_printf(CGROUP_ROOT "/%s%s", h->folder, h->path);
	}
	return NULL;
}
