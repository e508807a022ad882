/* SPDX-License-Identifier: Apache-2.0 */
/* keg system df - how much disk images, containers and volumes take. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/table.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/disk_usage.h"
#include "spec/reference.h"

enum { SHORT_ID = 12 };

struct system_df_args {
	bool verbose;
	const char *format;
};

static const struct cli_opt system_df_opts[] = {
	OPT_STRING(0, "format", struct system_df_args, format, "TEMPLATE",
		   "Change the output format to JSON or a Go template"),
	OPT_FLAG('v', "verbose", struct system_df_args, verbose,
		 "Show detailed information on disk usage"),
	OPT_END,
};

/* Everything that takes space. */
struct usage {
	struct disk_images images;
	struct disk_container *containers;
	struct disk_volume *volumes;
	size_t n_containers, n_volumes;
};

static int load(struct engine *engine, struct usage *out, struct keg_err *err)
{
	struct keg_arena *arena = &engine->arena;
	int r = disk_usage_images(engine, arena, &out->images, err);

	if (r >= 0)
		r = disk_usage_containers(engine, arena, &out->containers, &out->n_containers, err);
	if (r >= 0)
		r = disk_usage_volumes(engine, arena, &out->volumes, &out->n_volumes, err);
	return r;
}

static void put_int(struct json_object *row, const char *name, int64_t value)
{
	json_object_object_add(row, name, json_object_new_int64(value));
}

static void put_bytes(struct json_object *row, const char *name, int64_t bytes)
{
	autofree char *text = keg_format_bytes_tight((uint64_t)(bytes > 0 ? bytes : 0));

	keg_json_put_str(row, name, text);
}

static void put_age(struct json_object *row, int64_t seconds)
{
	autofree char *age = keg_duration_human(keg_now().tv_sec - seconds);

	keg_json_put_str(row, "Created", age);
}

static void put_id(struct json_object *row, const char *name, const char *id)
{
	autofree char *brief = keg_strndup(id, SHORT_ID);

	keg_json_put_str(row, name, brief);
}

/* --- the summary --------------------------------------------------------------------------- */

static const struct cli_column summary_columns[] = {
	{ "Type", "TYPE" },
	{ "Total", "TOTAL" },
	{ "Active", "ACTIVE" },
	{ "Size", "SIZE" },
	{ "Reclaimable", "RECLAIMABLE" },
	{ "RawSize", "RAWSIZE" },
	{ "RawReclaimable", "RAWRECLAIMABLE" },
	{ "TotalCount", "TOTALCOUNT" },
	{ 0 },
};

struct sum {
	const char *type;
	size_t total, active;
	int64_t size, reclaimable;
};

static struct sum sum_images(const struct usage *u)
{
	struct sum sum = { .type = "Images",
			   .total = u->images.n,
			   .size = u->images.total,
			   .reclaimable = u->images.reclaimable };

	for (size_t i = 0; i < u->images.n; i++)
		sum.active += u->images.v[i].containers > 0;
	return sum;
}

static struct sum sum_containers(const struct usage *u)
{
	struct sum sum = { .type = "Containers", .total = u->n_containers };

	for (size_t i = 0; i < u->n_containers; i++) {
		const struct disk_container *c = &u->containers[i];

		sum.size += c->rw;
		sum.active += c->running;
		sum.reclaimable += c->running ? 0 : c->rw;
	}
	return sum;
}

static struct sum sum_volumes(const struct usage *u)
{
	struct sum sum = { .type = "Local Volumes", .total = u->n_volumes };

	for (size_t i = 0; i < u->n_volumes; i++) {
		const struct disk_volume *v = &u->volumes[i];

		sum.size += v->size;
		sum.active += v->links > 0;
		sum.reclaimable += v->links > 0 ? 0 : v->size;
	}
	return sum;
}

static struct json_object *summary_row(const struct sum *sum)
{
	struct json_object *row = json_object_new_object();
	autofree char *free_bytes = keg_format_bytes_tight((uint64_t)sum->reclaimable);
	int64_t percent =
		sum->size > 0 ? (200 * sum->reclaimable + sum->size) / (2 * sum->size) : 0;
	autofree char *reclaimable = keg_printf("%s (%lld%%)", free_bytes, (long long)percent);

	keg_json_put_str(row, "Type", sum->type);
	put_int(row, "Total", (int64_t)sum->total);
	put_int(row, "Active", (int64_t)sum->active);
	put_int(row, "RawSize", sum->size);
	put_int(row, "RawReclaimable", sum->reclaimable);
	put_int(row, "TotalCount", (int64_t)sum->total);
	put_bytes(row, "Size", sum->size);
	keg_json_put_str(row, "Reclaimable", reclaimable);
	return row;
}

static int print_summary(const struct usage *u, const char *format, struct keg_err *err)
{
	const struct cli_table table = {
		.name = "df",
		.columns = summary_columns,
		.standard = "{{.Type}}\t{{.Total}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
	};
	const struct sum sums[] = { sum_images(u), sum_containers(u), sum_volumes(u) };
	autojson rows = json_object_new_array();

	for (size_t i = 0; i < KEG_COUNT(sums); i++)
		json_object_array_add(rows, summary_row(&sums[i]));
	return cli_table_print(&table, format, rows, NULL, stdout, err);
}

/* --- in detail ------------------------------------------------------------------------------- */

static struct json_object *image_row(const struct disk_image *image, const char *name)
{
	struct json_object *row = json_object_new_object();
	auto(reference) ref = { 0 };
	struct keg_err ignored;
	bool named = name && reference_parse(name, &ref, &ignored) >= 0;
	autofree char *repository =
		named ? reference_name(&ref) : keg_strdup(name ? name : "<none>");

	keg_json_put_str(row, "Repository", repository);
	keg_json_put_str(row, "Tag", named && ref.tag ? ref.tag : "<none>");
	put_id(row, "ImageID", image->image->id);
	put_age(row, image->image->created.tv_sec);
	put_bytes(row, "Size", image->shared + image->unique);
	put_bytes(row, "SharedSize", image->shared);
	put_bytes(row, "UniqueSize", image->unique);
	put_int(row, "Containers", (int64_t)image->containers);
	return row;
}

/* One row for each name. */
static int print_images(const struct usage *u, struct keg_err *err)
{
	static const struct cli_column columns[] = {
		{ "Repository", "REPOSITORY" },
		{ "Tag", "TAG" },
		{ "ImageID", "IMAGE ID" },
		{ "Created", "CREATED" },
		{ "Size", "SIZE" },
		{ "SharedSize", "SHARED SIZE" },
		{ "UniqueSize", "UNIQUE SIZE" },
		{ "Containers", "CONTAINERS" },
		{ 0 },
	};
	const struct cli_table table = {
		.name = "df",
		.columns = columns,
		.standard = "{{.Repository}}\t{{.Tag}}\t{{.ImageID}}\t{{.Created}}\t{{.Size}}\t"
			    "{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}",
	};
	autojson rows = json_object_new_array();

	for (size_t i = 0; i < u->images.n; i++) {
		const struct disk_image *image = &u->images.v[i];

		for (size_t k = 0; k < image->image->n_names; k++)
			json_object_array_add(rows, image_row(image, image->image->names[k]));
		if (image->image->n_names == 0)
			json_object_array_add(rows, image_row(image, NULL));
	}
	return cli_table_print(&table, NULL, rows, NULL, stdout, err);
}

static int print_containers(const struct usage *u, struct keg_err *err)
{
	static const struct cli_column columns[] = {
		{ "ContainerID", "CONTAINER ID" },
		{ "Image", "IMAGE" },
		{ "Command", "COMMAND" },
		{ "LocalVolumes", "LOCAL VOLUMES" },
		{ "RWSize", "SIZE" },
		{ "Created", "CREATED" },
		{ "Status", "STATUS" },
		{ "Names", "NAMES" },
		{ 0 },
	};
	const struct cli_table table = {
		.name = "df",
		.columns = columns,
		.standard = "{{.ContainerID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t"
			    "{{.RWSize}}\t{{.Created}}\t{{.Status}}\t{{.Names}}",
	};
	autojson rows = json_object_new_array();

	for (size_t i = 0; i < u->n_containers; i++) {
		const struct disk_container *c = &u->containers[i];
		struct json_object *row = json_object_new_object();

		put_id(row, "ContainerID", c->id);
		put_id(row, "Image", c->image_id);
		keg_json_put_str(row, "Command", c->command);
		put_int(row, "LocalVolumes", (int64_t)c->volumes);
		put_bytes(row, "RWSize", c->rw);
		put_age(row, c->created / KEG_NS_PER_S);
		keg_json_put_str(row, "Status", c->status);
		keg_json_put_str(row, "Names", c->name);
		json_object_array_add(rows, row);
	}
	return cli_table_print(&table, NULL, rows, NULL, stdout, err);
}

static int print_volumes(const struct usage *u, struct keg_err *err)
{
	static const struct cli_column columns[] = {
		{ "VolumeName", "VOLUME NAME" }, { "Links", "LINKS" }, { "Size", "SIZE" }, { 0 }
	};
	const struct cli_table table = {
		.name = "df",
		.columns = columns,
		.standard = "{{.VolumeName}}\t{{.Links}}\t{{.Size}}",
	};
	autojson rows = json_object_new_array();

	for (size_t i = 0; i < u->n_volumes; i++) {
		struct json_object *row = json_object_new_object();

		keg_json_put_str(row, "VolumeName", u->volumes[i].name);
		put_int(row, "Links", (int64_t)u->volumes[i].links);
		put_bytes(row, "Size", u->volumes[i].size);
		json_object_array_add(rows, row);
	}
	return cli_table_print(&table, NULL, rows, NULL, stdout, err);
}

static int print_verbose(const struct usage *u, struct keg_err *err)
{
	puts("Images space usage:\n");
	int r = print_images(u, err);
	if (r >= 0) {
		puts("\nContainers space usage:\n");
		r = print_containers(u, err);
	}
	if (r >= 0) {
		puts("\nLocal Volumes space usage:\n");
		r = print_volumes(u, err);
	}
	return r;
}

static int system_df_run(const struct cli_call *call, struct keg_err *err)
{
	const struct system_df_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	struct usage usage = { 0 };

	if (args->format && args->verbose)
		return keg_fail(err, KEG_EUSAGE, "cannot combine --format and --verbose flags");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = load(&engine, &usage, err);
	if (r < 0)
		return r;
	return args->verbose ? print_verbose(&usage, err)
			     : print_summary(&usage, args->format, err);
}

const struct cli_cmd cmd_system_df = {
	.name = "df",
	.summary = "Show disk usage",
	.opts = system_df_opts,
	.args_size = sizeof(struct system_df_args),
	.run = system_df_run,
};
