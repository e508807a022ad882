/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says about control groups and mounts. In a container of another runtime much of
 * it is the work of whoever made the groups and mounts: /proc/self/cgroup, values, lists of
 * processors, mountinfo.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/bitlist.h"
#include "os/cgroup_internal.h"
#include "os/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void groups(const char *text, bool only_v2)
{
	autoptr(cgroup) group = cgroup_new(false);
	autofree char *lines = keg_strdup(text);

	cgroup_layout_parse(group, lines, only_v2);
	if (group->n > CGROUP_HIERARCHIES_MAX)
		abort();
	for (size_t i = 0; i < group->n; i++) {
		struct cgroup_hierarchy *h = &group->at[i];

		if (!h->folder || !h->own || (only_v2 && !h->v2) ||
		    h->controllers >> CGROUP_CONTROLLERS)
			abort();
		h->path = cgroup_path_in_lines(h, text);
		if (h->path && strchr(h->path, '\n'))
			abort();
		/* The kernel has no others. */
		if (h->path && h->path[0] != '/')
			free(take_ptr(&h->path));
	}
	/* What is kept in the state is found again. */
	const char *place = cgroup_place(group);
	for (size_t i = 0; place[0] && place[0] != '/' && i < group->n; i++) {
		autofree char *again = cgroup_path_in_lines(&group->at[i], place);

		if (group->at[i].path && !again)
			abort();
	}
}

static void values(const char *text)
{
	autofree char *copy = keg_strdup(text);
	struct bitlist list;
	struct keg_err ignored;
	int64_t quota;
	uint64_t number, period;

	(void)cgroup_text_number(text, "oom_kill", &number);
	(void)cgroup_controllers_parse(text, " \n");
	(void)cgroup_cpu_max_parse(copy, &quota, &period);
	if (bitlist_parse(text, &list, &ignored) >= 0 && bitlist_count(&list) > BITLIST_BITS)
		abort();
}

static void mounts(const char *text)
{
	autofree char *copy = keg_strdup(text);

	for (char *at = copy, *line; (line = strsep(&at, "\n"));) {
		const char *end = line + strlen(line);
		char *place, *type;

		if (mountinfo_parse(line, &place, &type) &&
		    (place < line || place > end || type < line || type > end))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = keg_strndup((const char *)data, size);

	groups(text, false);
	groups(text, true);
	values(text);
	mounts(text);
	return 0;
}
