/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"

enum { MAX_LEFT = 34 };

/* "-e, --env stringArray" as the peers print it. */
static void print_left(const struct cli_opt *o, struct keg_buf *out)
{
	if (o->brief)
		keg_buf_printf(out, "-%c, --%s", o->brief, o->name);
	else
		keg_buf_printf(out, "    --%s", o->name);
	if (o->arg && (o->flags & CLI_OPTIONAL))
		keg_buf_printf(out, "[=%s]", o->arg);
	else if (o->arg)
		keg_buf_printf(out, " %s", o->arg);
}

static void print_options(const struct cli_opt *opts, FILE *to)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		auto(keg_buf) left = { 0 };

		if (o->kind == CLI_GROUP)
			print_options(o->group, to);
		if (!cli_opt_is_listed(o))
			continue;
		print_left(o, &left);
		if (left.len > MAX_LEFT)
			fprintf(to, "  %s\n  %*s  %s\n", keg_buf_text(&left), MAX_LEFT, "",
				o->help);
		else
			fprintf(to, "  %-*s  %s\n", MAX_LEFT, keg_buf_text(&left), o->help);
	}
}

static void print_commands(const struct cli_cmd *const *list, FILE *to)
{
	fprintf(to, "\nAvailable Commands:\n");
	for (; list && *list; list++) {
		if (!(*list)->hidden)
			fprintf(to, "  %-12s %s\n", (*list)->name, (*list)->summary);
	}
}

/* The peers' scripts look for the heading and for the peer's name in the line after it. */
static void print_name(const char *path, const char *summary, const char *what, const char *alike,
		       FILE *to)
{
	fprintf(to, "NAME:\n   %s - %s", path, summary);
	if (alike)
		fprintf(to, " (takes the %s of %s)", what, alike);
	fputc('\n', to);
}

/* glibc's argp has the options before the command, and it all in one line. */
static void print_argp_usage(const struct cli_program *program, const struct cli_cmd *cmd,
			     const char *path, FILE *to)
{
	const char *operands = !cmd		    ? "COMMAND"
			       : cmd->argp_operands ? cmd->argp_operands
						    : cmd->operands;

	fprintf(to, "\nUsage: %s [OPTION...]%s%s%s\n", program->name, path + strlen(program->name),
		operands ? " " : "", operands ? operands : "");
}

static void print_usage(const char *path, const char *operands, FILE *to)
{
	fprintf(to, "\nUsage:\n  %s [options]%s%s\n", path, operands ? " " : "",
		operands ? operands : "");
}

void cli_help(const struct cli_program *program, const struct cli_cmd *cmd, const char *path,
	      FILE *to)
{
	const struct cli_cmd *const *list = cmd ? cmd->subcommands : program->commands;

	if (program->alike)
		print_name(path, cmd ? cmd->summary : program->summary,
			   cmd ? "options" : "command lines", cmd ? cmd->alike : program->alike,
			   to);
	else
		fprintf(to, "%s\n", cmd ? cmd->summary : program->summary);
	if (program->argp_usage)
		print_argp_usage(program, cmd, path, to);
	else
		print_usage(path, list ? "[command]" : cmd ? cmd->operands : NULL, to);
	if (list)
		print_commands(list, to);
	fprintf(to, "\nOptions:\n");
	print_options(cmd ? cmd->opts : program->opts, to);
	fprintf(to, "  %-*s  %s\n", MAX_LEFT, "-h, --help", "show this text");
}
