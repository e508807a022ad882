/* SPDX-License-Identifier: Apache-2.0 */
/* keg manifest annotate, remove - what a manifest list of the store says of an entry. */
#include "cmd/keg/commands.h"
#include "cmd/keg/manifest_find.h"

struct annotate_args {
	struct manifest_change_args change;
	bool index;
	const char *subject;
};

static const struct cli_opt annotate_opts[] = {
	OPT_GROUP(struct annotate_args, change, manifest_change_args, manifest_change_opts),
	OPT_FLAG(0, "index", struct annotate_args, index,
		 "Apply --annotation to the list itself, not to an entry"),
	OPT_STRING(0, "subject", struct annotate_args, subject, "IMAGE",
		   "With --index: the image that the list is about"),
	OPT_END,
};
static const struct cli_opt no_opts[] = { OPT_END };

static int check_options(const struct cli_call *call, struct keg_err *err)
{
	const struct annotate_args *args = call->args;
	const struct manifest_change_args *change = &args->change;

	if (args->index && call->n_operands > 1)
		return keg_fail(err, KEG_EUSAGE,
				"did not expect image or artifact name \"%s\" when modifying the "
				"entire index",
				call->operands[1]);
	if (!args->index && call->n_operands < 2)
		return keg_fail(err, KEG_EUSAGE,
				"expected an instance digest, image name, or artifact name");
	if (args->subject && !args->index)
		return keg_fail(err, KEG_EUSAGE, "--subject can only be set together with --index");
	if (args->index && (change->os || change->arch || change->variant || change->os_version ||
			    change->os_features.n > 0 || change->features.n > 0))
		return keg_fail(err, KEG_EUSAGE,
				"of the index itself only annotations and the subject can be set");
	return 0;
}

/* An entry, or an image beside the list. */
static int name_image(struct engine *engine, const char *text, struct keg_strv *out,
		      struct keg_err *err)
{
	struct keg_err ignored;

	if (digest_check(text, &ignored) < 0)
		return manifest_member_name(engine, text, out, err);
	keg_strv_add(out, text);
	return 0;
}

static int change_list(const struct cli_call *call, const struct transfer_list_edit *what,
		       struct keg_err *err)
{
	struct transfer_list_edit req = *what;
	auto(engine) engine = ENGINE_INIT;
	auto(keg_strv) members = { 0 }, subject = { 0 };
	struct image_access access;
	struct store_image list;
	int r = keg_engine(call, &engine, err);

	if (r >= 0)
		r = keg_access(&engine, NULL, NULL, &access, err);
	if (r >= 0)
		r = manifest_list_find(&engine, call->operands[0], &list, NULL, err);
	for (int i = 1; r >= 0 && i < call->n_operands; i++)
		r = name_image(&engine, call->operands[i], &members, err);
	if (r >= 0 && req.change.subject)
		r = manifest_member_name(&engine, req.change.subject, &subject, err);
	if (r < 0)
		return r;
	if (subject.n)
		req.change.subject = subject.v[0];
	req.access = &access;
	req.list = list.id;
	req.images = (const char *const *)members.v;
	req.n_images = members.n;
	return manifest_edit(&req, err);
}

static int annotate_run(const struct cli_call *call, struct keg_err *err)
{
	const struct annotate_args *args = call->args;
	struct transfer_list_edit req = { .what = TRANSFER_LIST_ANNOTATE,
					  .change = manifest_change(&args->change) };
	int r = check_options(call, err);

	req.change.subject = args->subject;
	return r < 0 ? r : change_list(call, &req, err);
}

static int remove_run(const struct cli_call *call, struct keg_err *err)
{
	struct transfer_list_edit req = { .what = TRANSFER_LIST_REMOVE };

	if (digest_check(call->operands[1], err) < 0)
		return keg_wrap(err, "invalid image digest \"%s\"", call->operands[1]);
	int r = change_list(call, &req, err);
	return r < 0 ? keg_wrap(err, "removing from manifest list %s", call->operands[0]) : r;
}

const struct cli_cmd cmd_manifest_annotate = {
	.name = "annotate",
	.operands = "LIST [IMAGE]",
	.summary = "Add or update information about an entry in a manifest list or image index",
	.opts = annotate_opts,
	.args_size = sizeof(struct annotate_args),
	.min = 1,
	.max = 2,
	.completes = CLI_IMAGE,
	.run = annotate_run,
};

const struct cli_cmd cmd_manifest_remove = {
	.name = "remove",
	.operands = "LIST DIGEST",
	.summary = "Remove an entry from a manifest list or image index",
	.opts = no_opts,
	.min = 2,
	.max = 2,
	.completes = CLI_IMAGE,
	.run = remove_run,
};
