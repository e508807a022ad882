/* SPDX-License-Identifier: Apache-2.0 */
/* keg rmi, keg image rm - remove images, or names of them. */
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "engine/image_remove.h"
#include "store/image.h"

struct rmi_args {
	bool all, force, ignore, no_prune;
};

static const struct cli_opt rmi_opts[] = {
	OPT_FLAG('a', "all", struct rmi_args, all, "Remove all images"),
	OPT_FLAG('f', "force", struct rmi_args, force,
		 "Remove an image with several names, with the containers that use it, and do not "
		 "fail for one that is not there"),
	OPT_FLAG('i', "ignore", struct rmi_args, ignore,
		 "Ignore errors if a specified image does not exist"),
	OPT_FLAG(0, "no-prune", struct rmi_args, no_prune, "Do not remove dangling images"),
	OPT_END,
};

/* Podman's exit statuses: 1 an image was not known, 2 one is in use, 125 anything else. */
enum { EXIT_NOT_KNOWN = 1, EXIT_IN_USE = 2, EXIT_OTHER = 125 };

static int status_of(const struct keg_err *err)
{
	return err->code == KEG_ENOTFOUND ? EXIT_NOT_KNOWN
	       : err->code == KEG_EBUSY	  ? EXIT_IN_USE
					  : EXIT_OTHER;
}

/* Returns the exit status of this one; what happened is printed. */
static int remove_one(struct engine *engine, const char *text, const struct rmi_args *args)
{
	const struct image_remove_how how = { .all_names = args->force || args->all,
					      .containers = args->force };
	auto(image_removal) removal = { 0 };
	struct keg_err err = { 0 };
	int r = image_remove(engine, text, &how, &removal, &err);

	if (r == -KEG_ENOTFOUND && (args->force || args->ignore))
		return 0;
	if (r < 0) {
		keg_err_print(&err, stderr);
		return status_of(&err);
	}
	for (size_t i = 0; i < removal.untagged.n; i++)
		printf("Untagged: %s\n", removal.untagged.v[i]);
	if (removal.deleted)
		printf("Deleted: %s\n", removal.deleted);
	return 0;
}

static int names_of_all(struct store *store, struct keg_strv *names, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image *images;
	size_t n;
	int r = store_image_list(store, &arena, &images, &n, err);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (!images[i].read_only)
			keg_strv_add(names, images[i].id);
	}
	return r;
}

static int rmi_run(const struct cli_call *call, struct keg_err *err)
{
	const struct rmi_args *args = call->args;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) names = { 0 };
	struct store *store;
	int status = 0;

	if (!args->all && call->n_operands == 0)
		return keg_fail(err, KEG_EUSAGE, "image name or ID must be specified");
	if (args->all && call->n_operands > 0)
		return keg_fail(err, KEG_EUSAGE,
				"when using the --all switch, you may not pass any images names or "
				"IDs");
	int r = keg_engine(call, &engine, err);
	if (r >= 0)
		r = engine_store(&engine, &store, err);
	if (r >= 0 && args->all)
		r = names_of_all(store, &names, err);
	if (r < 0)
		return r;
	keg_strv_extend(&names, (const char *const *)call->operands, (size_t)call->n_operands);
	for (size_t i = 0; i < names.n; i++) {
		int one = remove_one(&engine, names.v[i], args);

		if (one > status)
			status = one;
	}
	return status;
}

#define RMI_CMD(name_)                                                                       \
	{                                                                                    \
		.name = (name_), .operands = "IMAGE [IMAGE...]",                             \
		.summary = "Remove one or more images from local storage", .opts = rmi_opts, \
		.args_size = sizeof(struct rmi_args), .max = -1, .completes = CLI_IMAGE,     \
		.run = rmi_run,                                                              \
	}

const struct cli_cmd cmd_rmi = RMI_CMD("rmi");
const struct cli_cmd cmd_image_rm = RMI_CMD("rm");
