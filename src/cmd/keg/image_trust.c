/* SPDX-License-Identifier: Apache-2.0 */
/* keg image trust - show and change policy.json. */
#include "cli/table.h"
#include "cmd/keg/access.h"
#include "cmd/keg/commands.h"
#include "image/transfer.h"

struct trust_args {
	const char *policy, *registries, *type;
	bool json, noheading, raw;
	struct keg_strv keys;
};

static const struct cli_opt show_opts[] = {
	OPT_FLAG('j', "json", struct trust_args, json, "Print the policy as JSON"),
	OPT_FLAG('n', "noheading", struct trust_args, noheading, "Do not print column headings"),
	OPT_FLAG(0, "raw", struct trust_args, raw, "Print the policy file as it is"),
	OPT_STRING(0, "policypath", struct trust_args, policy, "PATH", "The policy file",
		   .flags = CLI_HIDDEN),
	OPT_STRING(0, "registrypath", struct trust_args, registries, "DIR",
		   "The folder of registries.d", .flags = CLI_HIDDEN),
	OPT_END,
};

static const struct cli_opt set_opts[] = {
	OPT_LIST('f', "pubkeysfile", struct trust_args, keys, "PATH",
		 "File with a public key to trust; each of several has to have signed"),
	OPT_STRING('t', "type", struct trust_args, type, "TYPE",
		   "accept, reject, signedBy (default) or sigstoreSigned"),
	OPT_STRING(0, "policypath", struct trust_args, policy, "PATH", "The policy file",
		   .flags = CLI_HIDDEN),
	OPT_END,
};

static const struct cli_column columns[] = {
	{ "transport", "TRANSPORT" }, { "repo_name", "NAME" }, { "type", "TYPE" },
	{ "gpg_id", "ID" },	      { "sigstore", "STORE" }, { 0 },
};

/* The columns are there for every row. */
static struct json_object *padded(struct json_object *rows)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < json_object_array_length(rows); i++) {
		struct json_object *row = json_object_new_object();

		for (const struct cli_column *column = columns; column->field; column++)
			keg_json_put_str(row, column->field,
					 keg_json_str(json_object_array_get_idx(rows, i),
						      column->field, ""));
		json_object_array_add(out, row);
	}
	return out;
}

static int show_run(const struct cli_call *call, struct keg_err *err)
{
	const struct trust_args *args = call->args;
	const struct image_access access = { .policy = args->policy,
					     .registries_d = args->registries };
	const struct transfer_table *transfer;
	auto(keg_buf) raw = { 0 };
	autojson rows = NULL;

	int r = transfer_open(&transfer, err);
	if (r >= 0)
		r = transfer->trust_show(&access, &raw, &rows, err);
	if (r < 0)
		return r;
	if (args->raw) {
		fwrite(keg_buf_text(&raw), 1, raw.len, stdout);
		putchar('\n');
		return 0;
	}
	autojson table_rows = padded(rows);
	const struct cli_table table = {
		.name = "trust show",
		.columns = columns,
		.standard = "{{.transport}}\t{{.repo_name}}\t{{.type}}\t{{.gpg_id}}\t{{.sigstore}}",
		.noheading = args->noheading,
	};
	return cli_table_print(&table, args->json ? "json" : NULL, table_rows, rows, stdout, err);
}

static int set_run(const struct cli_call *call, struct keg_err *err)
{
	const struct trust_args *args = call->args;
	const struct transfer_table *transfer;
	const struct transfer_trust_set req = {
		.policy = args->policy,
		.scope = call->operands[0],
		.type = args->type ? args->type : "signedBy",
		.keys = (const char *const *)args->keys.v,
		.n_keys = args->keys.n,
	};

	int r = transfer_open(&transfer, err);
	return r < 0 ? r : transfer->trust_set(&req, err);
}

static const struct cli_cmd cmd_set = {
	.name = "set",
	.operands = "REGISTRY",
	.summary = "Set default trust policy or a new trust policy for a registry",
	.opts = set_opts,
	.args_size = sizeof(struct trust_args),
	.min = 1,
	.max = 1,
	.run = set_run,
};

static const struct cli_cmd cmd_show = {
	.name = "show",
	.operands = "[REGISTRY]",
	.summary = "Display trust policy for the system",
	.opts = show_opts,
	.args_size = sizeof(struct trust_args),
	.min = 0,
	.max = 1,
	.run = show_run,
};

static const struct cli_cmd *const trust_commands[] = { &cmd_set, &cmd_show, NULL };

const struct cli_cmd cmd_image_trust = {
	.name = "trust",
	.summary = "Manage container image trust policy",
	.subcommands = trust_commands,
};
