/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

enum { MAX_BODY = 1 << 20, EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

bool cli_cmd_is(const struct cli_cmd *cmd, const char *name)
{
	if (strcmp(cmd->name, name) == 0)
		return true;
	for (const char *const *alias = cmd->aliases; alias && *alias; alias++) {
		if (strcmp(*alias, name) == 0)
			return true;
	}
	return false;
}

int cli_exit_status(const struct keg_err *err, int fallback)
{
	switch (err->code) {
	case KEG_ENOCOMMAND:
		return EXIT_NOT_FOUND;
	case KEG_EBADCOMMAND:
		return EXIT_CANNOT_RUN;
	default:
		return fallback;
	}
}

static const struct cli_cmd *find_cmd(const struct cli_cmd *const *list, const char *name)
{
	for (; list && *list; list++) {
		if (cli_cmd_is(*list, name))
			return *list;
	}
	return NULL;
}

static int check_operands(const struct cli_cmd *cmd, const char *path, int n, struct keg_err *err)
{
	if (n < cmd->min && cmd->min == cmd->max)
		keg_fail(err, KEG_EUSAGE, "accepts %d arg(s), received %d", cmd->min, n);
	else if (n < cmd->min)
		keg_fail(err, KEG_EUSAGE, "requires at least %d arg(s), only received %d", cmd->min,
			 n);
	else if (cmd->max == 0 && n > 0)
		keg_fail(err, KEG_EUSAGE, "`%s` takes no arguments", path);
	else if (cmd->max >= 0 && n > cmd->max)
		keg_fail(err, KEG_EUSAGE, "accepts at most %d arg(s), received %d", cmd->max, n);
	else
		return 0;
	return keg_hint(err, "See '%s --help'", path);
}

/* The command's own options are not looked at: none is known. */
static int refuse_cmd(const struct cli_call *call, int argc, char **argv, struct keg_err *err)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			cli_help(call->program, call->cmd, call->path, stdout);
			return 0;
		}
	}
	return keg_fail(err, KEG_EUNSUPPORTED, "%s is not supported: %s", call->path,
			call->cmd->refused);
}

static int run_cmd(struct cli_call *call, int argc, char **argv, struct keg_err *err)
{
	const struct cli_cmd *cmd = call->cmd;
	autofree void *args = keg_alloc(1, cmd->args_size);
	struct cli_parse parse = {
		.path = call->path,
		.opts = cmd->opts,
		.out = args,
		.global_opts = call->program->globals_anywhere ? call->program->opts : NULL,
		.globals = call->globals,
		.stop_at_operand = cmd->stop_at_operand,
	};

	if (cmd->defaults)
		cmd->defaults(args);
	int first = cli_parse(&parse, argc, argv, err);
	int r = first;
	if (parse.help) {
		cli_help(call->program, cmd, call->path, stdout);
		r = 0;
	} else if (first >= 0) {
		call->args = args;
		call->operands = argv + first;
		call->n_operands = argc - first;
		r = check_operands(cmd, call->path, call->n_operands, err);
		if (r >= 0 && call->program->start)
			r = call->program->start(call->globals, err);
		if (r >= 0)
			r = cmd->run(call, err);
	}
	if (cmd->done)
		cmd->done(args);
	cli_args_done(cmd->opts, args);
	return r;
}

/*
 * Follow argv[at...] down the groups of commands; *path grows with it. Returns the index
 * of the command's own name; past the groups, *cmd is the last group.
 */
static int find_path(const struct cli_program *program, int at, int argc, char **argv,
		     const struct cli_cmd **cmd, struct keg_buf *path, struct keg_err *err)
{
	const struct cli_cmd *const *list = program->commands;

	*cmd = NULL;
	while (at < argc) {
		const struct cli_cmd *found = argv[at][0] == '-' ? NULL : find_cmd(list, argv[at]);

		if (!found)
			break;
		*cmd = found;
		keg_buf_printf(path, " %s", argv[at]);
		if (!found->subcommands)
			return at;
		list = found->subcommands;
		at++;
	}
	if (at < argc && argv[at][0] != '-') {
		if (program->unknown)
			keg_fail(err, KEG_EUSAGE, "%s '%s'", program->unknown, argv[at]);
		else
			keg_fail(err, KEG_EUSAGE, "unrecognized command `%s %s`",
				 keg_buf_text(path), argv[at]);
		return keg_hint(err, "Try '%s --help' for more information", keg_buf_text(path));
	}
	return at;
}

/* The shells' and the build's entrances; -1 when argv[0] is none of them. */
static int run_internal(const struct cli_program *program, void *globals, int argc, char **argv,
			struct keg_err *err)
{
	const struct cli_cmd *cmd;
	auto(keg_buf) path = { 0 };
	auto(keg_buf) body = { 0 };

	if (strcmp(argv[0], "__complete") == 0) {
		cli_complete(program, globals, argc - 1, argv + 1, stdout);
		return 0;
	}
	if (strcmp(argv[0], "__man") != 0 || argc < 2)
		return -1;

	/* __man BODY [COMMAND...]: the page on stdout */
	keg_buf_puts(&path, program->name);
	if (keg_file_read(AT_FDCWD, argv[1], MAX_BODY, &body, err) < 0 ||
	    find_path(program, 2, argc, argv, &cmd, &path, err) < 0) {
		keg_err_print(err, stderr);
		return program->error_status;
	}
	cli_man(program, cmd ? cmd : program->only, keg_buf_text(&path), keg_buf_text(&body),
		stdout);
	return 0;
}

/* `keg`, `keg --help`, `keg image`, `keg image --help` */
static int show_group(const struct cli_program *program, const struct cli_cmd *cmd,
		      const char *path, bool asked, struct keg_err *err)
{
	cli_help(program, cmd, path, asked ? stdout : stderr);
	if (asked)
		return 0;
	keg_fail(err, KEG_EUSAGE, "missing command '%s COMMAND'", path);
	return keg_hint(err, "Try '%s --help' for more information", path);
}

static int run_only(const struct cli_program *program, int argc, char **argv, struct keg_err *err)
{
	struct cli_call call = { .program = program, .cmd = program->only, .path = program->name };
	int status = argc > 1 ? run_internal(program, NULL, argc - 1, argv + 1, err) : -1;

	return status >= 0 ? status : run_cmd(&call, argc, argv, err);
}

/* Is there a global --version, and was it given? */
static bool asks_version(const struct cli_program *program, const void *globals)
{
	static const char name[] = "version";
	size_t base = 0;
	const struct cli_opt *o = cli_opt_find(program->opts, name, sizeof name - 1, &base);

	return o && o->kind == CLI_FLAG && *(const bool *)((const char *)globals + base + o->at);
}

static void show_version(const struct cli_program *program, const void *globals)
{
	if (program->print_version)
		program->print_version(globals, stdout);
	else
		printf("%s version %s\n", program->name, program->version);
}

/* `keg help image prune` is `keg image prune --help`. */
static bool asks_help(const struct cli_program *program, const char *word)
{
	return word && strcmp(word, "help") == 0 && !find_cmd(program->commands, word);
}

static int run_program(const struct cli_program *program, void *globals, int argc, char **argv,
		       struct keg_err *err)
{
	auto(keg_buf) path = { 0 };
	struct cli_parse parse = {
		.path = program->name,
		.opts = program->opts,
		.out = globals,
		.stop_at_operand = true,
	};
	const struct cli_cmd *cmd;

	keg_buf_puts(&path, program->name);
	int first = cli_parse(&parse, argc, argv, err);
	if (first < 0)
		return first;
	if (asks_version(program, globals)) {
		show_version(program, globals);
		return 0;
	}
	if (asks_help(program, argv[first])) {
		parse.help = true;
		first++;
	}
	if (!parse.help && first < argc && argv[first][0] == '_') {
		int status = run_internal(program, globals, argc - first, argv + first, err);

		if (status >= 0)
			return status;
	}

	int at = find_path(program, first, argc, argv, &cmd, &path, err);
	if (at < 0)
		return at;
	if (!cmd || cmd->subcommands) {
		bool asked = parse.help || at < argc;

		return show_group(program, cmd, keg_buf_text(&path), asked, err);
	}
	if (parse.help) {
		cli_help(program, cmd, keg_buf_text(&path), stdout);
		return 0;
	}

	struct cli_call call = {
		.program = program, .cmd = cmd, .path = keg_buf_text(&path), .globals = globals
	};
	if (cmd->refused)
		return refuse_cmd(&call, argc - at, argv + at, err);
	return run_cmd(&call, argc - at, argv + at, err);
}

int cli_main(const struct cli_program *program, int argc, char **argv)
{
	struct keg_err err = { 0 };
	autofree void *globals = keg_alloc(1, program->globals_size);

	if (program->defaults)
		program->defaults(globals);
	int r = program->only ? run_only(program, argc, argv, &err)
			      : run_program(program, globals, argc, argv, &err);
	if (r < 0) {
		if (program->report)
			program->report(globals, &err);
		else
			keg_err_print(&err, stderr);
		r = err.code == KEG_ENOIMAGE && program->no_image_status
			    ? program->no_image_status
			    : cli_exit_status(&err, program->error_status);
	}
	cli_args_done(program->opts, globals);
	if (fflush(stdout) != 0 && r == 0)
		r = program->error_status;
	return r;
}
