/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/stats_rdt.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/resctrl.h"
#include "runtime/stats_source.h"

static void put_text(struct json_object *obj, const char *name, const char *value)
{
	if (*value)
		keg_json_put_str(obj, name, value);
}

/* The line of a resource, without the spaces that align it. */
static const char *line_of(const struct keg_strv *lines, const char *resource)
{
	for (size_t i = 0; i < lines->n; i++) {
		const char *line = lines->v[i] + strspn(lines->v[i], " ");

		if (keg_str_starts(line, resource))
			return line;
	}
	return "";
}

static void read_lines(int root, const char *folder, struct keg_strv *out)
{
	auto(keg_buf) text = { 0 };

	keg_strv_split(out, resctrl_read(root, folder, "schemata", &text), '\n');
}

static void put_info(struct json_object *obj, int root, const char *name, const char *folder,
		     const char *const *numbers)
{
	struct json_object *info = stats_child(obj, name);
	auto(keg_buf) text = { 0 };

	put_text(info, "cbm_mask", resctrl_read(root, folder, "cbm_mask", &text));
	for (; *numbers; numbers++)
		stats_put(info, *numbers, stats_parse(resctrl_read(root, folder, *numbers, &text)),
			  false);
}

static void put_shares(struct json_object *obj, int root, const char *folder)
{
	static const char *const l3[] = { "min_cbm_bits", "num_closids", NULL };
	static const char *const mb[] = { "bandwidth_gran", "delay_linear", "min_bandwidth",
					  "num_closids", NULL };
	struct json_object *all = json_object_new_array();
	auto(keg_strv) above = { 0 };
	auto(keg_strv) lines = { 0 };

	read_lines(root, ".", &above);
	read_lines(root, folder, &lines);
	if (resctrl_has(root, "L3")) {
		put_info(obj, root, "l3_cache_info", "info/L3", l3);
		put_text(obj, "l3_cache_schema_root", line_of(&above, "L3"));
		put_text(obj, "l3_cache_schema", line_of(&lines, "L3"));
	}
	if (resctrl_has(root, "MB")) {
		put_info(obj, root, "mem_bw_info", "info/MB", mb);
		put_text(obj, "mem_bw_schema_root", line_of(&above, "MB"));
		put_text(obj, "mem_bw_schema", line_of(&lines, "MB"));
	}
	for (size_t i = 0; i < lines.n; i++)
		json_object_array_add(all, json_object_new_string(lines.v[i]));
	stats_put_list(obj, "schemata", all);
}

static void add_count(struct json_object *one, int root, const char *folder, const char *file)
{
	auto(keg_buf) text = { 0 };

	stats_put(one, file, stats_parse(resctrl_read(root, folder, file, &text)), true);
}

/* A folder for each cache: mon_data/mon_L3_00. */
static void put_counts(struct json_object *obj, int root, const char *folder)
{
	struct json_object *bandwidth = json_object_new_array();
	struct json_object *caches = json_object_new_array();
	auto(keg_buf) text = { 0 };
	const char *features = resctrl_read(root, "info/L3_MON", "mon_features", &text);
	autofree char *data = keg_path_join(folder, "mon_data");
	struct keg_err ignored;
	autofd int fd = keg_open_at(root, data, O_RDONLY | O_DIRECTORY, 0, &ignored);
	autodir dir = fd < 0 ? NULL : fdopendir(dup(fd));

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		autofree char *domain = keg_path_join(data, entry->d_name);
		if (strstr(features, "mbm_")) {
			struct json_object *one = json_object_new_object();

			add_count(one, root, domain, "mbm_total_bytes");
			add_count(one, root, domain, "mbm_local_bytes");
			json_object_array_add(bandwidth, one);
		}
		if (strstr(features, "llc_occupancy")) {
			struct json_object *one = json_object_new_object();

			add_count(one, root, domain, "llc_occupancy");
			json_object_array_add(caches, one);
		}
	}
	stats_put_list(obj, "mbm_stats", bandwidth);
	stats_put_list(obj, "cmt_stats", caches);
}

struct json_object *stats_rdt(int root, const char *group, const char *monitor)
{
	struct json_object *obj = json_object_new_object();
	autofree char *folder = resctrl_folder(group, NULL);
	autofree char *counting = resctrl_folder(group, monitor);

	put_shares(obj, root, folder);
	put_counts(obj, root, counting);
	return obj;
}
