/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shells' scripts (completions/) ask "PROGRAM __complete WORD... PARTIAL" and get the
 * candidates for PARTIAL, a line each, from the same tables that parse.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cli/cli.h"

static void offer(const char *prefix, const char *partial, const char *candidate, FILE *to)
{
	auto(keg_buf) full = { 0 };

	keg_buf_printf(&full, "%s%s", prefix, candidate);
	if (keg_str_starts(keg_buf_text(&full), partial))
		fprintf(to, "%s\n", keg_buf_text(&full));
}

static void offer_options(const struct cli_opt *opts, const char *partial, FILE *to)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		if (o->kind == CLI_GROUP)
			offer_options(o->group, partial, to);
		else if (cli_opt_is_listed(o))
			offer("--", partial, o->name, to);
	}
}

/* Is the word an option whose value is the next word? */
static bool wants_value(const struct cli_opt *opts, const char *word)
{
	size_t base = 0;
	const struct cli_opt *o = NULL;

	if (word[0] != '-' || !word[1] || strchr(word, '='))
		return false;
	if (word[1] == '-')
		o = cli_opt_find(opts, word + 2, strlen(word + 2), &base);
	else
		o = cli_opt_find_brief(opts, word[strlen(word) - 1], &base);
	return o && cli_opt_takes_value(o) && !(o->flags & CLI_OPTIONAL);
}

struct place {
	const struct cli_cmd *cmd; /* NULL: before any command */
	const struct cli_cmd *const *list;
	const struct cli_opt *opts;
	bool value; /* the partial word is an option's value */
};

static void enter(struct place *at, const char *word)
{
	for (const struct cli_cmd *const *cmd = at->list; cmd && *cmd; cmd++) {
		if (cli_cmd_is(*cmd, word)) {
			*at = (struct place){ *cmd, (*cmd)->subcommands, (*cmd)->opts, false };
			return;
		}
	}
}

/* What stands before the command: where to look for candidates. An error in it says nothing here.
 */
static void read_globals(const struct cli_program *program, void *globals, int argc, char **argv)
{
	autofree char **words = keg_alloc((size_t)argc + 1, sizeof *words);
	struct cli_parse parse = {
		.path = program->name,
		.opts = program->opts,
		.out = globals,
		.stop_at_operand = true,
	};
	struct keg_err ignored;

	if (argc > 1) /* the first word is no program's name here, the last is being typed */
		memcpy(words + 1, argv, (size_t)(argc - 1) * sizeof *words);
	(void)!cli_parse(&parse, argc, words, &ignored);
}

void cli_complete(const struct cli_program *program, void *globals, int argc, char **argv, FILE *to)
{
	struct place at = {
		.cmd = program->only,
		.list = program->commands,
		.opts = program->only ? program->only->opts : program->opts,
	};
	const char *partial = argc > 0 ? argv[argc - 1] : "";

	for (int i = 0; i + 1 < argc; i++) {
		bool is_value = at.value;

		at.value = !is_value && wants_value(at.opts, argv[i]);
		if (!is_value && argv[i][0] != '-')
			enter(&at, argv[i]);
	}
	if (at.value)
		return;
	if (partial[0] == '-') {
		offer_options(at.opts, partial, to);
		offer("--", partial, "help", to);
		return;
	}
	for (; at.list && *at.list; at.list++) {
		if (!(*at.list)->hidden)
			offer("", partial, (*at.list)->name, to);
	}
	if (at.cmd && at.cmd->completes && program->candidates) {
		auto(keg_strv) names = { 0 };

		read_globals(program, globals, argc, argv);
		program->candidates(globals, at.cmd->completes, &names);
		for (size_t i = 0; i < names.n; i++)
			offer("", partial, names.v[i], to);
	}
}
