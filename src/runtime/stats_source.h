/* SPDX-License-Identifier: Apache-2.0 */
/* stats_source.h - a control group's files as figures, and figures as members of a document. */
#ifndef KEG_RUNTIME_STATS_SOURCE_H
#define KEG_RUNTIME_STATS_SOURCE_H

#include "base/json.h"
#include "os/cgroup.h"

/* A controller's folder of the group; -1 where there is none, and then every file is empty. */
struct stats_source {
	int folder;
	bool v2;
};

/* One that no hierarchy of version 1 has is looked for in version 2. */
void stats_source_open(const struct cgroup *group, const char *controller,
		       struct stats_source *out);
void stats_source_close(struct stats_source *source);
KEG_AUTO(stats_source, stats_source_close)

/* What the file says, in *out; a file that is not there, or NULL, is empty. */
const char *stats_text(const struct stats_source *source, const char *file, struct keg_buf *out);
/* The number that text begins with, or 0; "max", which is no limit, is the largest. */
uint64_t stats_parse(const char *text);
uint64_t stats_number(const struct stats_source *source, const char *file);
/* That of the line "key number", or 0. */
uint64_t stats_key(const char *text, const char *key);

/* Put a member; zero only where `always` says so. */
void stats_put(struct json_object *obj, const char *name, uint64_t value, bool always);
/* Put an empty object, and return it. */
struct json_object *stats_child(struct json_object *obj, const char *name);
/* Put a list that is not empty; it is the object's then, or gone. */
void stats_put_list(struct json_object *obj, const char *name, struct json_object *list);

#endif
