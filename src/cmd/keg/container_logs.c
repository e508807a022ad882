/* SPDX-License-Identifier: Apache-2.0 */
/* keg logs, keg container logs - what containers wrote. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "cmd/keg/container_select.h"
#include "engine/logs.h"

struct logs_args {
	struct select_args select;
	bool follow, names, timestamps;
	const char *since, *until;
	int64_t tail;
	struct logs_request req;
};

static const struct cli_opt logs_select_rows[] = { SELECT_LATEST, OPT_END };

static const struct cli_opt logs_opts[] = {
	OPT_FLAG('f', "follow", struct logs_args, follow, "Follow log output"),
	OPT_GROUP(struct logs_args, select, select_args, logs_select_rows),
	OPT_FLAG('n', "names", struct logs_args, names, "Output the container name in the log"),
	OPT_STRING(0, "since", struct logs_args, since, "TIME", "Show logs since TIME"),
	OPT_INT(0, "tail", struct logs_args, tail, "LINES",
		"Output the specified number of lines at the end of the logs"),
	OPT_FLAG('t', "timestamps", struct logs_args, timestamps,
		 "Output the timestamps in the log"),
	OPT_STRING(0, "until", struct logs_args, until, "TIME", "Show logs until TIME"),
	OPT_REFUSED(0, "color", NULL),
	OPT_END,
};

static void logs_defaults(void *args)
{
	((struct logs_args *)args)->tail = -1;
}

struct printing {
	const struct logs_args *args;
	const char *name;
	bool in_line[2]; /* after a part of a line: no heading again */
};

static int print_line(void *ctx, const struct logs_line *line, struct keg_err *err)
{
	struct printing *p = ctx;
	FILE *to = line->is_stderr ? stderr : stdout;
	bool heading = !p->in_line[line->is_stderr];

	if (heading && p->args->names)
		fprintf(to, "%s ", p->name);
	if (heading && p->args->timestamps)
		fprintf(to, "%s ", line->time);
	fwrite(line->text, 1, line->len, to);
	if (!line->partial)
		fputc('\n', to);
	p->in_line[line->is_stderr] = line->partial;
	if (p->args->follow || to == stderr)
		fflush(stdout);
	return ferror(to) ? keg_fail(err, KEG_ESYSTEM, "cannot write the output") : 0;
}

static int logs_one(void *ctx, struct container *c, const char *name, struct keg_err *err)
{
	const struct logs_args *args = ctx;
	autofree char *short_id = keg_strndup(c->id, 12);
	struct printing printing = { .args = args,
				     .name = args->names ? c->record.name : short_id };

	(void)name;
	return logs_read(c, &args->req, print_line, &printing, err);
}

static int logs_run(const struct cli_call *call, struct keg_err *err)
{
	struct logs_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	const struct select_request req = {
		.call = call,
		.args = &args->select,
		.engine = &engine,
		.nothing = "specify at least one container name or ID to log",
		.each = logs_one,
		.ctx = args,
	};
	int r = 0;

	args->req.follow = args->follow;
	args->req.tail = args->tail;
	if (args->since)
		r = logs_time_parse("since", args->since, &args->req.since, err);
	if (r >= 0 && args->until)
		r = logs_time_parse("until", args->until, &args->req.until, err);
	if (r >= 0)
		r = keg_engine(call, &engine, err);
	return r < 0 ? r : select_each(&req, err);
}

const struct cli_cmd cmd_container_logs = {
	.name = "logs",
	.operands = "CONTAINER [CONTAINER...]",
	.summary = "Fetch the logs of one or more containers",
	.opts = logs_opts,
	.args_size = sizeof(struct logs_args),
	.defaults = logs_defaults,
	.max = -1,
	.completes = CLI_CONTAINER,
	.run = logs_run,
};
