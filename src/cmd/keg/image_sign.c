/* SPDX-License-Identifier: Apache-2.0 */
/* keg image sign - sign images where they are, on registries. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "image/transfer.h"

struct image_sign_args {
	struct access_args access;
	bool all;
	const char *directory, *key;
};

static const struct cli_opt image_sign_opts[] = {
	OPT_FLAG('a', "all", struct image_sign_args, all,
		 "Sign all the manifests of the multi-architecture image"),
	OPT_GROUP(struct image_sign_args, access, access_args, access_opts),
	OPT_STRING('d', "directory", struct image_sign_args, directory, "DIR",
		   "Put the signatures below DIR and not where registries.d says"),
	OPT_STRING(0, "sign-by", struct image_sign_args, key, "KEY", "Name of the signing key"),
	OPT_END,
};

static void image_sign_defaults(void *args)
{
	((struct image_sign_args *)args)->access.tls_verify = -1;
}

static int image_sign_run(const struct cli_call *call, struct keg_err *err)
{
	const struct image_sign_args *args = call->args;
	const struct transfer_table *transfer;
	auto(engine) engine = ENGINE_INIT;
	struct image_access access;

	if (keg_str_empty(args->key))
		return keg_fail(err, KEG_EUSAGE, "no identity provided");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = keg_access(&engine, &args->access, NULL, &access, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	for (int i = 0; r >= 0 && i < call->n_operands; i++) {
		const struct transfer_image_sign req = { .access = &access,
							 .image = call->operands[i],
							 .key = args->key,
							 .directory = args->directory,
							 .all = args->all };

		r = transfer->image_sign(&req, err);
	}
	return r;
}

const struct cli_cmd cmd_image_sign = {
	.name = "sign",
	.operands = "IMAGE [IMAGE...]",
	.summary = "Sign an image",
	.opts = image_sign_opts,
	.args_size = sizeof(struct image_sign_args),
	.defaults = image_sign_defaults,
	.min = 1,
	.max = -1,
	.completes = CLI_IMAGE,
	.run = image_sign_run,
};
