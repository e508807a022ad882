/* SPDX-License-Identifier: Apache-2.0 */
/* keg images, keg image list - the images in the store. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/table.h"
#include "cli/template.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/image_inspect.h"
#include "engine/image_list.h"
#include "spec/image_config.h"
#include "spec/reference.h"

struct images_args {
	bool all, digests, history, no_trunc, noheading, quiet;
	struct keg_strv filters;
	const char *format, *sort;
};

static const struct cli_opt images_opts[] = {
	OPT_FLAG('a', "all", struct images_args, all,
		 "Show all images (default hides intermediate images)"),
	OPT_FLAG(0, "digests", struct images_args, digests, "Show digests"),
	OPT_STRINGS('f', "filter", struct images_args, filters, "KEY=VALUE",
		    "Filter output based on conditions provided: before, dangling, id, label, "
		    "readonly, reference, since, until"),
	OPT_STRING(0, "format", struct images_args, format, "TEMPLATE",
		   "Change the output format to JSON or a Go template"),
	OPT_FLAG(0, "history", struct images_args, history, "Display the image name history"),
	OPT_FLAG(0, "no-trunc", struct images_args, no_trunc, "Do not truncate output"),
	OPT_FLAG('n', "noheading", struct images_args, noheading, "Do not print column headings"),
	OPT_FLAG('q', "quiet", struct images_args, quiet, "Display only image IDs"),
	OPT_STRING(0, "sort", struct images_args, sort, "KEY",
		   "Sort by created, id, repository, size, tag"),
	OPT_END,
};

static const struct cli_column columns[] = {
	{ "Repository", "REPOSITORY" },
	{ "Tag", "TAG" },
	{ "ID", "IMAGE ID" },
	{ "Digest", "DIGEST" },
	{ "Created", "CREATED" },
	{ "CreatedSince", "CREATED" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedTime", "CREATED TIME" },
	{ "Size", "SIZE" },
	{ "VirtualSize", "VIRTUAL SIZE" },
	{ "SharedSize", "SHARED SIZE" },
	{ "History", "HISTORY" },
	{ "Names", "NAMES" },
	{ "RepoTags", "REPO TAGS" },
	{ "RepoDigests", "REPO DIGESTS" },
	{ "ReadOnly", "READONLY" },
	{ "Dangling", "DANGLING" },
	{ 0 },
};

/* One line of the table: an image under one of its names, or without any. */
struct line {
	const struct store_image *image;
	const char *repository, *tag;
};

enum sort_key { BY_CREATED, BY_ID, BY_REPOSITORY, BY_SIZE, BY_TAG };

static int sort_key_parse(const char *text, enum sort_key *out, struct keg_err *err)
{
	static const char *const names[] = { "created", "id", "repository", "size", "tag" };

	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (strcmp(names[i], text) == 0) {
			*out = (enum sort_key)i;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE,
			"\"%s\" is not a valid field for sorting. Choose from: created, id, "
			"repository, size, tag",
			text);
}

static int by_key(const void *a_, const void *b_, void *key)
{
	const struct line *a = a_, *b = b_;
	const struct timespec x = a->image->created, y = b->image->created;

	switch (*(const enum sort_key *)key) {
	case BY_ID:
		return strcmp(a->image->id, b->image->id);
	case BY_REPOSITORY:
		return strcmp(a->repository, b->repository);
	case BY_TAG:
		return strcmp(a->tag, b->tag);
	case BY_SIZE:
		return a->image->size < b->image->size ? -1 : a->image->size > b->image->size;
	default: /* the newest first */
		if (x.tv_sec != y.tv_sec)
			return x.tv_sec > y.tv_sec ? -1 : 1;
		return x.tv_nsec > y.tv_nsec ? -1 : x.tv_nsec < y.tv_nsec;
	}
}

static struct line *make_lines(const struct store_image *images, size_t n, struct keg_arena *arena,
			       size_t *n_out)
{
	size_t room = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		room += images[i].n_names ? images[i].n_names : 1;

	struct line *lines = keg_arena_alloc(arena, room + 1, sizeof *lines);
	for (size_t i = 0; i < n; i++) {
		if (images[i].n_names == 0)
			lines[used++] = (struct line){ &images[i], "<none>", "<none>" };
		for (size_t k = 0; k < images[i].n_names; k++) {
			auto(reference) ref = { 0 };
			struct keg_err ignored;
			struct line *line = &lines[used++];

			*line = (struct line){ &images[i], images[i].names[k], "<none>" };
			if (reference_parse(images[i].names[k], &ref, &ignored) < 0)
				continue;
			autofree char *name = reference_name(&ref);
			line->repository = keg_arena_strdup(arena, name);
			if (ref.tag)
				line->tag = keg_arena_strdup(arena, ref.tag);
		}
	}
	*n_out = used;
	return lines;
}

static struct json_object *names_list(const char *const *names, size_t n)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, json_object_new_string(names[i]));
	return list;
}

static void put_created(struct json_object *row, struct timespec created)
{
	autofree char *since = keg_duration_human(keg_now().tv_sec - created.tv_sec);
	autofree char *ago = keg_printf("%s ago", since);
	char at[64];
	struct tm tm;

	strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S +0000 UTC", gmtime_r(&created.tv_sec, &tm));
	keg_json_put_str(row, "Created", ago);
	keg_json_put_str(row, "CreatedSince", ago);
	keg_json_put_str(row, "CreatedAt", at);
	keg_json_put_str(row, "CreatedTime", at);
}

static struct json_object *make_row(const struct line *line, const struct images_args *args)
{
	const struct store_image *image = line->image;
	struct json_object *row = json_object_new_object();
	autofree char *size = keg_format_bytes_to((uint64_t)image->size, 3);
	autofree char *id =
		args->no_trunc ? keg_printf("sha256:%s", image->id) : keg_strndup(image->id, 12);
	auto(keg_strv) history = { 0 };

	keg_strv_extend(&history, image->history, image->n_history);
	autofree char *was = keg_strv_join(&history, ", ");
	keg_json_put_str(row, "Repository", line->repository);
	keg_json_put_str(row, "Tag", line->tag);
	keg_json_put_str(row, "ID", id);
	keg_json_put_str(row, "Digest", *image->digest ? image->digest : "<none>");
	put_created(row, image->created);
	keg_json_put_str(row, "Size", size);
	keg_json_put_str(row, "VirtualSize", size);
	keg_json_put_str(row, "SharedSize", "0 B");
	keg_json_put_str(row, "History", *was ? was : "<none>");
	json_object_object_add(row, "Names", names_list(image->names, image->n_names));
	json_object_object_add(row, "RepoTags", names_list(image->names, image->n_names));
	json_object_object_add(row, "RepoDigests", image_repo_digests(image));
	json_object_object_add(row, "ReadOnly", json_object_new_boolean(image->read_only));
	json_object_object_add(row, "Dangling", json_object_new_boolean(image->n_names == 0));
	return row;
}

/* What --format json lists: an image once, as Podman's API has it. */
static struct json_object *make_json(struct store *store, const struct store_image *image,
				     struct keg_arena *arena)
{
	struct json_object *obj = json_object_new_object();
	struct image_config config = { 0 };
	struct json_object *labels = NULL;
	struct keg_err ignored;

	if (image_config_load(store, image, arena, &config, &ignored) >= 0 &&
	    config.config->n_labels > 0)
		labels = keg_json_of_pairs(config.config->labels, config.config->n_labels);
	autofree char *created = keg_time_format((struct timespec){ image->created.tv_sec, 0 });
	keg_json_put_str(obj, "Id", image->id);
	keg_json_put_str(obj, "ParentId", "");
	json_object_object_add(obj, "RepoTags", NULL);
	json_object_object_add(obj, "RepoDigests", image_repo_digests(image));
	json_object_object_add(obj, "Size", json_object_new_int64(image->size));
	json_object_object_add(obj, "SharedSize", json_object_new_int64(0));
	json_object_object_add(obj, "VirtualSize", json_object_new_int64(image->size));
	json_object_object_add(obj, "Labels", labels);
	json_object_object_add(obj, "Containers", json_object_new_int64(0));
	json_object_object_add(obj, "Names", names_list(image->names, image->n_names));
	keg_json_put_str(obj, "Digest", image->digest);
	json_object_object_add(obj, "History", names_list(image->history, image->n_history));
	json_object_object_add(obj, "Created", json_object_new_int64(image->created.tv_sec));
	keg_json_put_str(obj, "CreatedAt", created);
	return obj;
}

static int print_json(struct store *store, const struct line *lines, size_t n,
		      struct keg_arena *arena)
{
	autojson list = json_object_new_array();
	const struct store_image *last = NULL;
	auto(keg_buf) out = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (lines[i].image != last)
			json_object_array_add(list, make_json(store, lines[i].image, arena));
		last = lines[i].image;
	}
	keg_json_print_indented(list, 4, &out);
	printf("%s\n", keg_buf_text(&out));
	return 0;
}

static int print_ids(const struct line *lines, size_t n, bool whole)
{
	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = i; k > 0 && !seen; k--)
			seen = lines[k - 1].image == lines[i].image;
		if (!seen && whole)
			printf("sha256:%s\n", lines[i].image->id);
		else if (!seen)
			printf("%.12s\n", lines[i].image->id);
	}
	return 0;
}

static int print_table(const struct line *lines, size_t n, const struct images_args *args,
		       struct keg_err *err)
{
	autojson rows = json_object_new_array();
	auto(keg_buf) standard = { 0 };

	keg_buf_puts(&standard, "{{.Repository}}\t{{.Tag}}\t");
	if (args->digests)
		keg_buf_puts(&standard, "{{.Digest}}\t");
	keg_buf_puts(&standard, "{{.ID}}\t{{.Created}}\t{{.Size}}");
	if (args->history)
		keg_buf_puts(&standard, "\t{{.History}}");
	for (size_t i = 0; i < n; i++)
		json_object_array_add(rows, make_row(&lines[i], args));

	const struct cli_table table = { "images", columns, keg_buf_text(&standard),
					 args->noheading };
	return cli_table_print(&table, args->format, rows, NULL, stdout, err);
}

static int images_run(const struct cli_call *call, struct keg_err *err)
{
	const struct images_args *args = call->args;
	const struct image_list_request want = { (const char *const *)args->filters.v,
						 args->filters.n, call->operands[0] };
	auto(engine) engine = ENGINE_INIT;
	struct store_image *images;
	struct store *store;
	enum sort_key key = BY_CREATED;
	size_t n, n_lines;

	if (args->sort && sort_key_parse(args->sort, &key, err) < 0)
		return -KEG_EUSAGE;
	if (args->quiet && args->format)
		return keg_fail(err, KEG_EUSAGE, "quiet and format are mutually exclusive");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_store_read(&engine, &store, err);
	if (r >= 0)
		r = image_list(store, &want, &engine.arena, &images, &n, err);
	if (r < 0)
		return r;

	struct line *lines = make_lines(images, n, &engine.arena, &n_lines);
	qsort_r(lines, n_lines, sizeof *lines, by_key, &key);
	if (args->quiet)
		return print_ids(lines, n_lines, args->no_trunc);
	if (args->format && cli_format_is_json(args->format))
		return print_json(store, lines, n_lines, &engine.arena);
	return print_table(lines, n_lines, args, err);
}

#define IMAGES_CMD(name_, aliases_)                                                        \
	{                                                                                  \
		.name = (name_), .aliases = (aliases_), .operands = "[IMAGE]",             \
		.summary = "List images in local storage", .opts = images_opts,            \
		.args_size = sizeof(struct images_args), .max = 1, .completes = CLI_IMAGE, \
		.run = images_run,                                                         \
	}

const struct cli_cmd cmd_images = IMAGES_CMD("images", NULL);
const struct cli_cmd cmd_image_list = IMAGES_CMD("list", ((const char *const[]){ "ls", NULL }));
