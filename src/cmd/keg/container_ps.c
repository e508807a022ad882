/* SPDX-License-Identifier: Apache-2.0 */
/* keg ps, keg container list - the containers of this machine. */
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/table.h"
#include "cli/template.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/container_filter.h"
#include "engine/container_size.h"

enum { SHORT_ID = 12, SHORT_COMMAND = 17 };
/* Go's zero time, as Podman prints what never happened. */
static const int64_t never = -62135596800;

struct ps_args {
	bool all, external, latest, no_trunc, noheading, ns, quiet, size, sync;
	struct keg_strv filters;
	const char *format, *sort;
	int64_t last;
};

static const struct cli_opt ps_opts[] = {
	OPT_FLAG('a', "all", struct ps_args, all,
		 "Show all the containers, default is only running containers"),
	OPT_FLAG(0, "external", struct ps_args, external,
		 "Containers of other programs: none are shown", .flags = CLI_HIDDEN),
	OPT_STRINGS('f', "filter", struct ps_args, filters, "KEY=VALUE",
		    "Filter output based on conditions given: ancestor, before, command, exited, "
		    "id, label, name, network, since, status, until, volume"),
	OPT_STRING(0, "format", struct ps_args, format, "TEMPLATE",
		   "Pretty-print containers to JSON or using a Go template"),
	OPT_INT('n', "last", struct ps_args, last, "NUMBER",
		"Print the last created containers (all states)"),
	OPT_FLAG('l', "latest", struct ps_args, latest,
		 "Show the latest container that was made (all states)"),
	OPT_FLAG(0, "no-trunc", struct ps_args, no_trunc, "Display the extended information"),
	OPT_FLAG(0, "noheading", struct ps_args, noheading, "Do not print headers"),
	OPT_FLAG(0, "ns", struct ps_args, ns, "Display namespace information"),
	OPT_FLAG('q', "quiet", struct ps_args, quiet, "Print the IDs of the containers only"),
	OPT_FLAG('s', "size", struct ps_args, size, "Display the total file sizes"),
	OPT_STRING(0, "sort", struct ps_args, sort, "KEY",
		   "Sort output by: command, created, id, image, names, runningfor, size, status"),
	OPT_FLAG(0, "sync", struct ps_args, sync, "Podman's; the state is always in step",
		 .flags = CLI_HIDDEN),
	OPT_REFUSED('p', "pod", NULL),
	OPT_REFUSED('w', "watch", "SECONDS"),
	OPT_END,
};

static void ps_defaults(void *args)
{
	((struct ps_args *)args)->last = -1;
}

/* What a row needs once its container is closed. */
struct line {
	struct json_object *row, *json;
	int64_t created, started, size;
	const char *sort_text; /* within the row */
};

struct listing {
	const struct ps_args *args;
	struct engine *engine;
	struct container_filter filter;
	bool all;
	struct line *lines;
	size_t n, room;
};

static void put_int(struct json_object *obj, const char *name, int64_t value)
{
	json_object_object_add(obj, name, json_object_new_int64(value));
}

static char *human_ago(int64_t ns)
{
	autofree char *text = keg_duration_human(keg_now().tv_sec - ns / KEG_NS_PER_S);

	return keg_printf("%s ago", text);
}

static char *status_text(const struct container *c)
{
	bool ended = c->state.status == CONTAINER_EXITED;
	autofree char *ago = human_ago(ended ? c->state.finished : c->state.started);

	switch (c->state.status) {
	case CONTAINER_RUNNING:
		return keg_printf("Up %s", ago);
	case CONTAINER_PAUSED:
		return keg_strdup("Paused");
	case CONTAINER_STOPPING:
		return keg_strdup("Stopping");
	case CONTAINER_EXITED:
		return keg_printf("Exited (%d) %s", c->state.exit_code, ago);
	default:
		return keg_strdup("Created");
	}
}

static char *command_text(const struct container *c, bool no_trunc)
{
	auto(keg_strv) words = { 0 };

	keg_strv_extend(&words, c->record.command, c->record.n_command);
	char *text = keg_strv_join(&words, " ");
	if (no_trunc || strlen(text) <= SHORT_COMMAND + 3)
		return text;
	memcpy(text + SHORT_COMMAND, "...", 4);
	return text;
}

static char *time_text(int64_t ns)
{
	time_t seconds = ns / KEG_NS_PER_S;
	struct tm tm;
	char day[64];

	strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &tm));
	return keg_printf("%s.%09lld +0000 UTC", day, (long long)(ns % KEG_NS_PER_S));
}

static struct json_object *texts(const char *const *list, size_t n)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(out, json_object_new_string(list[i]));
	return out;
}

static void put_namespaces(struct json_object *row, const struct container *c)
{
	static const char *const kinds[][2] = { { "CGROUPNS", "cgroup" }, { "IPC", "ipc" },
						{ "MNT", "mnt" },	  { "NET", "net" },
						{ "PIDNS", "pid" },	  { "USERNS", "user" },
						{ "UTS", "uts" } };

	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		autofree char *path = keg_printf("/proc/%d/ns/%s", c->state.pid, kinds[i][1]);
		autofree char *target = NULL;
		struct keg_err ignored;
		const char *number = "";

		if (c->state.pid && keg_readlink(AT_FDCWD, path, &target, &ignored) >= 0 &&
		    strchr(target, '[')) {
			target[strcspn(target, "]")] = '\0';
			number = strchr(target, '[') + 1;
		}
		keg_json_put_str(row, kinds[i][0], number);
	}
}

static void put_times(struct json_object *row, const struct container *c)
{
	autofree char *ago = human_ago(c->record.created);
	autofree char *at = time_text(c->record.created);

	keg_json_put_str(row, "Created", at);
	keg_json_put_str(row, "CreatedAt", at);
	keg_json_put_str(row, "RunningFor", ago);
	put_int(row, "StartedAt", c->state.started ? c->state.started / KEG_NS_PER_S : never);
	put_int(row, "ExitedAt", c->state.finished ? c->state.finished / KEG_NS_PER_S : never);
}

/* What the tables without --format have, and what rows are sorted by. */
static void put_standard(struct json_object *row, const struct listing *l,
			 const struct container *c)
{
	bool whole = l->args->no_trunc;
	autofree char *id = keg_strndup(c->id, whole ? KEG_ID_LEN : SHORT_ID);
	autofree char *command = command_text(c, whole);
	autofree char *ago = human_ago(c->record.created);
	autofree char *status = status_text(c);

	keg_json_put_str(row, "ID", id);
	keg_json_put_str(row, "Image", c->record.image);
	keg_json_put_str(row, "Command", command);
	keg_json_put_str(row, "CreatedHuman", ago);
	keg_json_put_str(row, "Status", status);
	keg_json_put_str(row, "State", status);
	keg_json_put_str(row, "Ports", "");
	keg_json_put_str(row, "Names", c->record.name);
	keg_json_put_str(row, "Size", "");
	put_int(row, "Pid", c->state.pid);
	if (l->args->ns)
		put_namespaces(row, c);
}

/* What only a template can ask for. */
static void put_others(struct json_object *row, const struct listing *l, const struct container *c)
{
	autofree char *image_id =
		keg_strndup(c->record.image_id, l->args->no_trunc ? KEG_ID_LEN : SHORT_ID);
	auto(keg_strv) mounts = { 0 };

	keg_strv_extend(&mounts, c->record.mounts, c->record.n_mounts);
	autofree char *mount_list = keg_strv_join(&mounts, ",");
	keg_json_put_str(row, "ImageID", image_id);
	put_times(row, c);
	keg_json_put_str(row, "Networks", "");
	keg_json_put_str(row, "Mounts", mount_list);
	keg_json_put_str(row, "Pod", "");
	keg_json_put_str(row, "PodName", "");
	json_object_object_add(row, "Labels",
			       keg_json_of_pairs(c->record.labels, c->record.n_labels));
	json_object_object_add(row, "AutoRemove", json_object_new_boolean(c->record.remove));
	json_object_object_add(row, "IsInfra", json_object_new_boolean(false));
	json_object_object_add(row, "Exited",
			       json_object_new_boolean(c->state.status == CONTAINER_EXITED));
	put_int(row, "ExitCode", c->state.exit_code);
	put_int(row, "Restarts", c->state.restarts);
}

static struct json_object *make_row(const struct listing *l, const struct container *c)
{
	struct json_object *row = json_object_new_object();

	put_standard(row, l, c);
	if (l->args->format)
		put_others(row, l, c);
	return row;
}

/* What --format json has, in Podman's names. */
static struct json_object *make_json(const struct container *c)
{
	struct json_object *o = json_object_new_object();
	autofree char *ago = human_ago(c->record.created);
	autofree char *status = status_text(c);
	const char *name = c->record.name;

	json_object_object_add(o, "AutoRemove", json_object_new_boolean(c->record.remove));
	json_object_object_add(o, "Command", texts(c->record.command, c->record.n_command));
	keg_json_put_str(o, "CreatedAt", ago);
	json_object_object_add(o, "Exited",
			       json_object_new_boolean(c->state.status == CONTAINER_EXITED));
	put_int(o, "ExitedAt", c->state.finished ? c->state.finished / KEG_NS_PER_S : never);
	put_int(o, "ExitCode", c->state.exit_code);
	keg_json_put_str(o, "Id", c->id);
	keg_json_put_str(o, "Image", c->record.image);
	keg_json_put_str(o, "ImageID", c->record.image_id);
	json_object_object_add(o, "IsInfra", json_object_new_boolean(false));
	json_object_object_add(o, "Labels",
			       c->record.n_labels
				       ? keg_json_of_pairs(c->record.labels, c->record.n_labels)
				       : NULL);
	json_object_object_add(o, "Mounts", texts(c->record.mounts, c->record.n_mounts));
	json_object_object_add(o, "Names", texts(&name, 1));
	json_object_object_add(o, "Namespaces", json_object_new_object());
	json_object_object_add(o, "Networks", json_object_new_array());
	put_int(o, "Pid", c->state.pid);
	keg_json_put_str(o, "Pod", "");
	keg_json_put_str(o, "PodName", "");
	json_object_object_add(o, "Ports", NULL);
	put_int(o, "Restarts", c->state.restarts);
	json_object_object_add(o, "Size", NULL);
	put_int(o, "StartedAt", c->state.started ? c->state.started / KEG_NS_PER_S : never);
	keg_json_put_str(o, "State", container_status_name(c->state.status));
	keg_json_put_str(o, "Status", status);
	put_int(o, "Created", c->record.created / KEG_NS_PER_S);
	return o;
}

static int put_size(struct line *line, struct container *c, struct keg_err *err)
{
	struct container_size size;
	int r = container_size(c, &size, err);

	if (r < 0)
		return r;
	autofree char *own = keg_format_bytes_tight((uint64_t)size.rw);
	autofree char *all = keg_format_bytes_tight((uint64_t)(size.rw + size.image));
	autofree char *text = keg_printf("%s (virtual %s)", own, all);
	struct json_object *both = json_object_new_object();
	put_int(both, "rootFsSize", size.image + size.rw);
	put_int(both, "rwSize", size.rw);
	keg_json_put_str(line->row, "Size", text);
	json_object_object_add(line->json, "Size", both);
	line->size = size.rw;
	return 0;
}

static int add_line(void *ctx, struct container *c, struct keg_err *err)
{
	struct listing *l = ctx;
	bool running = c->state.status == CONTAINER_RUNNING || c->state.status == CONTAINER_PAUSED;

	if ((!l->all && !running) || !container_filter_matches(&l->filter, c))
		return 0;
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->lines = keg_realloc(l->lines, l->room, sizeof *l->lines);
	}
	struct line *line = &l->lines[l->n++];
	*line = (struct line){
		.row = make_row(l, c),
		.json = l->args->format && cli_format_is_json(l->args->format) ? make_json(c)
									       : NULL,
		.created = c->record.created,
		.started = c->state.started,
	};
	if (!l->args->size)
		return 0;
	if (!line->json)
		line->json = make_json(c);
	return put_size(line, c, err);
}

static void listing_done(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++) {
		json_object_put(l->lines[i].row);
		json_object_put(l->lines[i].json);
	}
	free(l->lines);
	container_filter_done(&l->filter);
}
KEG_AUTO(listing, listing_done)

/* --- order -------------------------------------------------------------------------------- */

static const struct sort_key {
	const char *name;
	const char *field; /* NULL: by a number */
} sort_keys[] = {
	{ "command", "Command" }, { "created", NULL },	  { "id", "ID" },   { "image", "Image" },
	{ "names", "Names" },	  { "runningfor", NULL }, { "size", NULL }, { "status", "State" },
};

static int by_number(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare(const void *a_, const void *b_, void *key_)
{
	const struct line *a = a_, *b = b_;
	const struct sort_key *key = key_;
	int r;

	if (key->field)
		r = strcmp(a->sort_text, b->sort_text);
	else if (strcmp(key->name, "size") == 0)
		r = by_number(a->size, b->size);
	else if (strcmp(key->name, "runningfor") == 0)
		r = by_number(a->started, b->started);
	else
		r = 0;
	return r ? r : by_number(a->created, b->created);
}

static const struct sort_key *find_sort_key(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(sort_keys); i++) {
		if (strcmp(sort_keys[i].name, name) == 0)
			return &sort_keys[i];
	}
	return NULL;
}

static void sort_lines(struct listing *l, const struct sort_key *key)
{
	for (size_t i = 0; key->field && i < l->n; i++)
		l->lines[i].sort_text = keg_json_str(l->lines[i].row, key->field, "");
	if (l->n)
		qsort_r(l->lines, l->n, sizeof *l->lines, compare, (void *)(uintptr_t)key);
}

/* --- output ------------------------------------------------------------------------------- */

static const struct cli_column columns[] = {
	{ "ID", "CONTAINER ID" },
	{ "Image", "IMAGE" },
	{ "ImageID", "IMAGE ID" },
	{ "Command", "COMMAND" },
	{ "Created", "CREATED" },
	{ "CreatedAt", "CREATED AT" },
	{ "CreatedHuman", "CREATED" },
	{ "RunningFor", "RUNNING FOR" },
	{ "Status", "STATUS" },
	{ "State", "STATE" },
	{ "Ports", "PORTS" },
	{ "Names", "NAMES" },
	{ "Labels", "LABELS" },
	{ "Mounts", "MOUNTS" },
	{ "Networks", "NETWORKS" },
	{ "Size", "SIZE" },
	{ "Pid", "PID" },
	{ "Pod", "POD ID" },
	{ "PodName", "PODNAME" },
	{ "Restarts", "RESTARTS" },
	{ "ExitCode", "EXIT CODE" },
	{ "Exited", "EXITED" },
	{ "ExitedAt", "EXITED AT" },
	{ "StartedAt", "STARTED AT" },
	{ "AutoRemove", "AUTOREMOVE" },
	{ "IsInfra", "IS INFRA" },
	{ "CGROUPNS", "CGROUPNS" },
	{ "IPC", "IPC" },
	{ "MNT", "MNT" },
	{ "NET", "NET" },
	{ "PIDNS", "PIDNS" },
	{ "USERNS", "USERNS" },
	{ "UTS", "UTS" },
	{ 0 },
};

static const char *standard_format(const struct ps_args *args)
{
	if (args->ns)
		return "{{.ID}}\t{{.Names}}\t{{.Pid}}\t{{.CGROUPNS}}\t{{.IPC}}\t{{.MNT}}\t{{.NET}}"
		       "\t{{.PIDNS}}\t{{.USERNS}}\t{{.UTS}}";
	if (args->size)
		return "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{."
		       "Ports}}"
		       "\t{{.Names}}\t{{.Size}}";
	return "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.CreatedHuman}}\t{{.Status}}\t{{.Ports}}\t"
	       "{{.Names}}";
}

static int print(const struct listing *l, size_t from, struct keg_err *err)
{
	const struct ps_args *args = l->args;
	const struct cli_table table = {
		.name = "ps",
		.columns = columns,
		.standard = standard_format(args),
		.noheading = args->noheading,
	};
	autojson rows = json_object_new_array();
	autojson json = json_object_new_array();

	for (size_t i = from; i < l->n; i++) {
		json_object_array_add(rows, json_object_get(l->lines[i].row));
		json_object_array_add(json, json_object_get(l->lines[i].json));
	}
	if (!args->quiet)
		return cli_table_print(&table, args->format, rows, json, stdout, err);
	for (size_t i = from; i < l->n; i++)
		printf("%s\n", keg_json_str(l->lines[i].row, "ID", ""));
	return 0;
}

static int check(const struct ps_args *args, struct keg_err *err)
{
	if (args->last >= 0 && args->latest)
		return keg_fail(err, KEG_EUSAGE, "last and latest are mutually exclusive");
	if (args->quiet && (args->size || args->ns))
		return keg_fail(err, KEG_EUSAGE, "quiet conflicts with size and namespace");
	if (args->size && args->ns)
		return keg_fail(err, KEG_EUSAGE, "size and namespace options conflict");
	if (args->sort && !find_sort_key(args->sort))
		return keg_fail(
			err, KEG_EUSAGE,
			"invalid argument \"%s\" for \"--sort\" flag: \"%s\" is not a valid "
			"value.  Choose from: \"command, created, id, image, names, "
			"runningfor, size, status\"",
			args->sort, args->sort);
	return 0;
}

static int ps_run(const struct cli_call *call, struct keg_err *err)
{
	const struct ps_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	auto(listing) l = { .args = args, .engine = &engine };
	int64_t last = args->latest ? 1 : args->last;
	int r = check(args, err);

	if (r >= 0)
		r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = container_filter_parse(&args->filters, &engine, &l.filter, err);
	if (r < 0)
		return r;
	l.all = args->all || last >= 0 || container_filter_has_status(&l.filter);
	r = container_each(&engine, add_line, &l, err);
	if (r < 0)
		return r;
	sort_lines(&l, find_sort_key("created"));
	size_t from = last >= 0 && (size_t)last < l.n ? l.n - (size_t)last : 0;
	if (args->sort)
		sort_lines(&l, find_sort_key(args->sort));
	return print(&l, from, err);
}

static const char *const ps_aliases[] = { "ls", "ps", NULL };

const struct cli_cmd cmd_ps = {
	.name = "ps",
	.summary = "List containers",
	.opts = ps_opts,
	.args_size = sizeof(struct ps_args),
	.defaults = ps_defaults,
	.run = ps_run,
};

const struct cli_cmd cmd_container_list = {
	.name = "list",
	.aliases = ps_aliases,
	.summary = "List containers",
	.opts = ps_opts,
	.args_size = sizeof(struct ps_args),
	.defaults = ps_defaults,
	.run = ps_run,
};
