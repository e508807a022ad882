/* SPDX-License-Identifier: Apache-2.0 */
/* Going down to a group inside the container's, for one process of it. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "os/cgroup.h"
#include "os/cgroup_internal.h"

/* A path that stays below: relative, or absolute with the container's group as root. */
static char *clean_below(const char *path, struct keg_err *err)
{
	autofree char *relative = keg_printf("./%s", path);

	for (const char *at = relative; at; at = strchr(at + 1, '/')) {
		if (keg_str_starts(at, "/..") && (at[3] == '/' || at[3] == '\0')) {
			(void)!keg_fail(err, KEG_EUSAGE,
					"bad sub cgroup path: %s is not a sub cgroup path: `..` "
					"components are not allowed",
					path);
			return NULL;
		}
	}
	return keg_path_clean(relative);
}

static int go_down(struct cgroup *group, struct cgroup_hierarchy *h, const char *below,
		   struct keg_err *err)
{
	autofree char *path =
		strcmp(below, ".") == 0 ? keg_strdup(h->path) : keg_path_join(h->path, below);
	autofd int procs = cgroup_file_open(group, h, path, "cgroup.procs", O_PATH);

	if (procs < 0)
		return keg_fail(err, KEG_ENOTFOUND,
				"adding pid to " CGROUP_ROOT
				"/%s%s/cgroup.procs: no such file or directory",
				h->folder, path);
	free(h->path);
	h->path = take_ptr(&path);
	return 0;
}

int cgroup_go_below(struct cgroup *group, const char *where, struct keg_err *err)
{
	const char *colon = strchr(where, ':');
	autofree char *below = clean_below(colon ? colon + 1 : where, err);
	autofree char *names = colon ? keg_strndup(where, (size_t)(colon - where)) : NULL;
	bool any = false, entered = false;
	int r = 0;

	if (!below)
		return -(int)err->code;
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		if (!h->path || (names && !cgroup_hierarchy_has(h, names)))
			continue;
		any = true;
		r = go_down(group, h, below, err);
		if (r < 0 && names)
			return r;
		entered |= r >= 0;
	}
	if (names && !any)
		return keg_fail(err, KEG_EUSAGE, "unknown controller %s in --cgroup", names);
	return entered ? 0 : r;
}
