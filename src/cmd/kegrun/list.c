/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun list - print all containers. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/state_json.h"

struct list_args {
	const char *format;
	bool quiet;
};

static const struct cli_opt list_opts[] = {
	OPT_STRING('f', "format", struct list_args, format, "FORMAT", "table or json"),
	OPT_FLAG('q', "quiet", struct list_args, quiet, "ids only"),
	OPT_END,
};

enum { N_COLUMNS = 6, WIDTH_LEAST = 12, GAP = 3 };

/*
 * The name of who owns the container, or "#" and his number. The file is read here: who is asked by
 * getpwuid(3) cannot be asked by a static program.
 */
static const char *owner_name(const char *number, struct keg_arena *arena)
{
	FILE *passwd = fopen("/etc/passwd", "re");
	const char *name = NULL;
	struct passwd *entry;

	if (passwd) {
		while (number && !name && (entry = fgetpwent(passwd))) {
			char uid[16];

			snprintf(uid, sizeof uid, "%u", (unsigned)entry->pw_uid);
			if (strcmp(uid, number) == 0)
				name = keg_arena_strdup(arena, entry->pw_name);
		}
		fclose(passwd);
	}
	return name ? name : keg_arena_printf(arena, "#%s", number ? number : "");
}

static void fill_row(const struct runtime_state *s, struct keg_arena *arena,
		     const char *row[N_COLUMNS])
{
	row[0] = s->id;
	row[1] = keg_arena_printf(arena, "%d", (int)s->pid);
	row[2] = runtime_status_name(s->status);
	row[3] = s->bundle ? s->bundle : "";
	row[4] = s->created ? s->created : "";
	row[5] = s->owner;
}

static void print_row(const char *const row[N_COLUMNS], const size_t width[N_COLUMNS])
{
	for (size_t i = 0; i < N_COLUMNS; i++)
		printf("%-*s", i + 1 < N_COLUMNS ? (int)width[i] : 0, row[i]);
	putchar('\n');
}

/* As Go's tabwriter makes them: at least 12 wide, 3 apart. */
static void print_table(const struct runtime_state *states, size_t n, struct keg_arena *arena)
{
	static const char *const head[N_COLUMNS] = { "ID",     "PID",	  "STATUS",
						     "BUNDLE", "CREATED", "OWNER" };
	const char *(*rows)[N_COLUMNS] = keg_arena_alloc(arena, n + 1, sizeof *rows);
	size_t width[N_COLUMNS] = { 0 };

	memcpy(rows[0], head, sizeof head);
	for (size_t i = 0; i < n; i++)
		fill_row(&states[i], arena, rows[i + 1]);
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = 0; j < N_COLUMNS; j++) {
			size_t len = strlen(rows[i][j]) + GAP;

			len = len < WIDTH_LEAST ? WIDTH_LEAST : len;
			width[j] = len > width[j] ? len : width[j];
		}
	}
	for (size_t i = 0; i <= n; i++)
		print_row(rows[i], width);
}

static void print_json(const struct runtime_state *states, size_t n)
{
	autojson list = n > 0 ? json_object_new_array() : NULL;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, state_json(&states[i]));
	/* Go's nil slice. */
	puts(list ? json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN |
								 JSON_C_TO_STRING_NOSLASHESCAPE)
		  : "null");
}

/* The default folder is made by the first container; one that was named must be there. */
static int check_root(const struct cli_call *call, struct keg_err *err)
{
	const struct kegrun_globals *g = call->globals;

	if (g->root && access(g->root, F_OK) < 0)
		return keg_fail_sys(err, errno, "open %s", g->root);
	return 0;
}

/* One that goes away meanwhile is not there; one that cannot be read is said, and passed over. */
static size_t load(const struct kegrun_context *ctx, const struct keg_strv *ids,
		   struct runtime_state *states, struct keg_arena *arena)
{
	size_t n = 0;

	for (size_t i = 0; i < ids->n; i++) {
		struct keg_err err = { 0 };
		int r = runtime_state(&ctx->runtime, ids->v[i], &states[n], arena, &err);

		if (r >= 0) {
			states[n].owner = owner_name(states[n].owner, arena);
			n++;
		} else if (r != -KEG_ENOTFOUND) {
			fprintf(stderr, "load container %s: %s\n", ids->v[i], err.msg);
		}
	}
	return n;
}

static int list_run(const struct cli_call *call, struct keg_err *err)
{
	const struct list_args *args = call->args;
	const char *format = args->format ? args->format : "table";
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(keg_strv) ids = { 0 };

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return keg_fail(err, KEG_EUSAGE, "invalid format option");
	kegrun_context_init(&ctx, call);
	int r = check_root(call, err);
	if (r >= 0)
		r = runtime_list(&ctx.runtime, &ids, err);
	if (r < 0)
		return r;
	struct runtime_state *states = keg_arena_alloc(&arena, ids.n + 1, sizeof *states);
	size_t n = load(&ctx, &ids, states, &arena);
	if (args->quiet) {
		for (size_t i = 0; i < n; i++)
			puts(states[i].id);
	} else if (strcmp(format, "json") == 0) {
		print_json(states, n);
	} else {
		print_table(states, n, &arena);
	}
	return 0;
}

const struct cli_cmd kegrun_list = {
	.name = "list",
	.operands = NULL,
	.summary = "Print all containers",
	.alike = "runc list and crun list",
	.opts = list_opts,
	.args_size = sizeof(struct list_args),
	.max = 0,
	.run = list_run,
};
