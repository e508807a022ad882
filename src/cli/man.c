/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A man page is prose (docs/) around what the command's table knows: name, synopsis and
 * options. The prose may say "@OPTIONS@" on a line to have sections after the options.
 */
#include <ctype.h>
#include <string.h>

#include "cli/cli.h"

#define OPTIONS_MARK "@OPTIONS@\n"

/* Text for roff: a backslash, a dash and a leading dot or quote mean something there. */
static void put_roff(const char *text, FILE *to)
{
	for (const char *at = text; *at; at++) {
		if (*at == '\\')
			fputs("\\e", to);
		else if (*at == '-')
			fputs("\\-", to);
		else if ((*at == '.' || *at == '\'') && (at == text || at[-1] == '\n'))
			fprintf(to, "\\&%c", *at);
		else
			fputc(*at, to);
	}
}

static void put_option(const struct cli_opt *o, FILE *to)
{
	fputs(".TP\n", to);
	if (o->brief)
		fprintf(to, "\\fB\\-%c\\fR, ", o->brief);
	fputs("\\fB\\-\\-", to);
	put_roff(o->name, to);
	fputs("\\fR", to);
	if (o->arg) {
		bool optional = o->flags & CLI_OPTIONAL;

		fputs(optional ? "[=\\fI" : " \\fI", to);
		put_roff(o->arg, to);
		fputs(optional ? "\\fR]" : "\\fR", to);
	}
	fputc('\n', to);
	put_roff(o->help, to);
	fputs(".\n", to);
}

static void put_options(const struct cli_opt *opts, FILE *to)
{
	for (const struct cli_opt *o = opts; o && o->kind; o++) {
		if (o->kind == CLI_GROUP)
			put_options(o->group, to);
		if (cli_opt_is_listed(o))
			put_option(o, to);
	}
}

static void put_commands(const struct cli_cmd *const *list, FILE *to)
{
	fputs(".SH COMMANDS\n", to);
	for (; *list; list++) {
		if ((*list)->hidden)
			continue;
		fprintf(to, ".TP\n\\fB%s\\fR\n", (*list)->name);
		put_roff((*list)->summary, to);
		fputs(".\n", to);
	}
}

static void put_head(const struct cli_program *program, const struct cli_cmd *cmd, const char *path,
		     FILE *to)
{
	fputs(".TH ", to);
	for (const char *at = path; *at; at++)
		fputc(*at == ' ' ? '-' : toupper((unsigned char)*at), to);
	fprintf(to, " 1 \"\" \"%s %s\"\n.SH NAME\n", program->name, program->version);
	for (const char *at = path; *at; at++)
		fputs(*at == ' ' || *at == '-' ? "\\-" : (char[]){ *at, '\0' }, to);
	fputs(" \\- ", to);
	put_roff(cmd ? cmd->summary : program->summary, to);

	fputs("\n.SH SYNOPSIS\n\\fB", to);
	put_roff(path, to);
	fputs("\\fR [\\fIoptions\\fR] ", to);
	if (!cmd || cmd->subcommands)
		fputs("\\fIcommand\\fR", to);
	else
		put_roff(cmd->operands ? cmd->operands : "", to);
	fputc('\n', to);
}

void cli_man(const struct cli_program *program, const struct cli_cmd *cmd, const char *path,
	     const char *body, FILE *to)
{
	const struct cli_cmd *const *list = cmd ? cmd->subcommands : program->commands;
	const char *mark = strstr(body, OPTIONS_MARK);

	put_head(program, cmd, path, to);
	fputs(".SH DESCRIPTION\n", to);
	fprintf(to, "%.*s", mark ? (int)(mark - body) : (int)strlen(body), body);
	fputs(".SH OPTIONS\n", to);
	put_options(cmd ? cmd->opts : program->opts, to);
	fputs(".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nShow the usage.\n", to);
	if (list)
		put_commands(list, to);
	if (mark)
		fputs(mark + strlen(OPTIONS_MARK), to);
}
