/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun ps - print the processes of a container. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/spawn.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

enum { OUTPUT_MOST = 16 << 20 };

struct ps_args {
	const char *format;
};

static const struct cli_opt ps_opts[] = {
	OPT_STRING('f', "format", struct ps_args, format, "FORMAT", "table or json"),
	OPT_END,
};

static bool has_pid(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

/* The number of the column titled PID. */
static int pid_column(const char *head)
{
	autofree char *copy = keg_strdup(head);
	char *save = NULL;
	int column = 0;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (strcmp(word, "PID") == 0)
			return column;
		column++;
	}
	return -1;
}

static long pid_of(const char *line, int column)
{
	autofree char *copy = keg_strdup(line);
	char *save = NULL;
	char *word = strtok_r(copy, " ", &save);

	while (word && column-- > 0)
		word = strtok_r(NULL, " ", &save);
	return word ? strtol(word, NULL, 10) : -1;
}

static int print_table(const struct cli_call *call, const pid_t *pids, size_t n,
		       struct keg_err *err)
{
	auto(keg_strv) argv = { 0 };
	auto(keg_buf) out = { 0 };
	char *save = NULL;

	keg_strv_add(&argv, "ps");
	for (int i = 1; i < call->n_operands; i++)
		keg_strv_add(&argv, call->operands[i]);
	if (argv.n == 1)
		keg_strv_add(&argv, "-ef");
	int status = keg_spawn_run((const char *const *)argv.v, NULL, OUTPUT_MOST, &out, NULL, err);
	if (status < 0)
		return status;
	if (status != 0)
		return keg_fail(err, KEG_ESYSTEM, "ps exited with status %d", status);

	char *line = strtok_r(out.data, "\n", &save);
	int column = line ? pid_column(line) : -1;
	if (column < 0)
		return keg_fail(err, KEG_EUSAGE, "couldn't find PID field in ps output");
	puts(line);
	while ((line = strtok_r(NULL, "\n", &save))) {
		if (has_pid(pids, n, pid_of(line, column)))
			puts(line);
	}
	return 0;
}

static void print_json(const pid_t *pids, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

static int ps_run(const struct cli_call *call, struct keg_err *err)
{
	const struct ps_args *args = call->args;
	const char *format = args->format ? args->format : "table";
	auto(kegrun_context) ctx = { 0 };
	autofree pid_t *pids = NULL;
	size_t n = 0;

	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return keg_fail(err, KEG_EUSAGE, "invalid format option");
	kegrun_context_init(&ctx, call);
	int r = runtime_pids(&ctx.runtime, call->operands[0], &pids, &n, err);
	if (r < 0)
		return r;
	if (strcmp(format, "table") == 0)
		return print_table(call, pids, n, err);
	print_json(pids, n);
	return 0;
}

const struct cli_cmd kegrun_ps = {
	.name = "ps",
	.operands = "CONTAINER [OPTION OF PS...]",
	.summary = "Print the processes of a container",
	.alike = "runc ps and crun ps",
	.opts = ps_opts,
	.args_size = sizeof(struct ps_args),
	.min = 1,
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_RUNNING,
	.run = ps_run,
};
