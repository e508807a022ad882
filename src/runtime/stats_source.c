/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats_source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"

enum { FILE_MAX = 1 << 20 };

void stats_source_open(const struct cgroup *group, const char *controller, struct stats_source *out)
{
	struct keg_err ignored;
	autofree char *own = cgroup_folder(group, controller);
	autofree char *unified = cgroup_folder(group, "");
	const char *path = own ? own : unified;

	*out = (struct stats_source){ .folder = -1 };
	if (!path)
		return;
	out->folder = keg_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0, &ignored);
	out->v2 = keg_str_eq(path, unified);
}

void stats_source_close(struct stats_source *source)
{
	if (source->folder >= 0)
		close(source->folder);
}

const char *stats_text(const struct stats_source *source, const char *file, struct keg_buf *out)
{
	struct keg_err ignored;

	keg_buf_cut(out, 0);
	if (source->folder < 0 || !file ||
	    keg_file_read(source->folder, file, FILE_MAX, out, &ignored) < 0)
		keg_buf_cut(out, 0);
	return keg_buf_text(out);
}

uint64_t stats_parse(const char *text)
{
	return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

uint64_t stats_number(const struct stats_source *source, const char *file)
{
	auto(keg_buf) text = { 0 };

	return stats_parse(stats_text(source, file, &text));
}

uint64_t stats_key(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return stats_parse(line + len + 1);
	}
	return 0;
}

void stats_put(struct json_object *obj, const char *name, uint64_t value, bool always)
{
	if (value || always)
		json_object_object_add(obj, name, json_object_new_uint64(value));
}

struct json_object *stats_child(struct json_object *obj, const char *name)
{
	struct json_object *made = json_object_new_object();

	json_object_object_add(obj, name, made);
	return made;
}

void stats_put_list(struct json_object *obj, const char *name, struct json_object *list)
{
	if (json_object_array_length(list) > 0)
		json_object_object_add(obj, name, list);
	else
		json_object_put(list);
}
