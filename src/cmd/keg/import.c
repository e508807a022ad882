/* SPDX-License-Identifier: Apache-2.0 */
/* keg import, keg image import - an image from a tar of a root file system. */
#include "cli/progress.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "image/transfer.h"

struct import_args {
	struct keg_strv changes;
	const char *message;
	bool quiet;
	struct platform_args platform;
};

static const struct cli_opt import_opts[] = {
	OPT_STRINGS('c', "change", struct import_args, changes, "INSTRUCTION",
		    "Apply an instruction to the image: CMD | ENTRYPOINT | ENV | EXPOSE | LABEL | "
		    "ONBUILD | STOPSIGNAL | USER | VOLUME | WORKDIR"),
	OPT_STRING('m', "message", struct import_args, message, "TEXT",
		   "Set the commit message of the image"),
	OPT_FLAG('q', "quiet", struct import_args, quiet, "Suppress output"),
	OPT_GROUP(struct import_args, platform, platform_args, platform_opts),
	OPT_END,
};

static int import_run(const struct cli_call *call, struct keg_err *err)
{
	const struct import_args *args = call->args;
	const struct transfer_table *transfer;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) ids = { 0 };
	struct image_access access;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = keg_access(&engine, NULL, &args->platform, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;

	autoptr(cli_progress) progress = cli_progress_new(stderr, args->quiet);
	const struct transfer_import req = {
		.access = &access,
		.path = call->operands[0],
		.name = call->n_operands > 1 ? call->operands[1] : NULL,
		.message = args->message,
		.changes = (const char *const *)args->changes.v,
		.n_changes = args->changes.n,
		.progress = cli_progress_sink(progress),
	};
	r = transfer->import(&req, &ids, err);
	for (size_t i = 0; r >= 0 && i < ids.n; i++)
		printf("sha256:%s\n", ids.v[i]);
	return r;
}

const struct cli_cmd cmd_import = {
	.name = "import",
	.operands = "PATH [REFERENCE]",
	.summary = "Import a tarball to create a filesystem image",
	.opts = import_opts,
	.args_size = sizeof(struct import_args),
	.min = 1,
	.max = 2,
	.completes = CLI_FILE,
	.run = import_run,
};
