/* SPDX-License-Identifier: Apache-2.0 */
/* keg load, keg image load - images from an archive made by save. */
#include "cli/progress.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "image/transfer.h"

struct load_args {
	const char *input;
	bool quiet;
};

static const struct cli_opt load_opts[] = {
	OPT_STRING('i', "input", struct load_args, input, "PATH",
		   "Read from this archive or folder; standard input when not given"),
	OPT_FLAG('q', "quiet", struct load_args, quiet, "Suppress the output"),
	OPT_END,
};

static int load_run(const struct cli_call *call, struct keg_err *err)
{
	const struct load_args *args = call->args;
	const struct transfer_table *transfer;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) names = { 0 };
	struct image_access access;

	if (!args->input && isatty(STDIN_FILENO)) {
		keg_fail(err, KEG_EUSAGE,
			 "cannot read from terminal, use command-line "
			 "redirection or the --input flag");
		return keg_hint(err, "keg load --input FILE");
	}
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = keg_access(&engine, NULL, NULL, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;

	autoptr(cli_progress) progress = cli_progress_new(stderr, args->quiet);
	const struct transfer_load req = { .access = &access,
					   .path = args->input,
					   .progress = cli_progress_sink(progress) };
	r = transfer->load(&req, &names, err);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		printf("Loaded image: %s\n", names.v[i]);
	return r;
}

const struct cli_cmd cmd_load = {
	.name = "load",
	.summary = "Load images from an archive",
	.opts = load_opts,
	.args_size = sizeof(struct load_args),
	.max = 0,
	.completes = CLI_FILE,
	.run = load_run,
};
