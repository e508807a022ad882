/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy standalone-sign - a signature of a manifest in a file, into a file. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "cli/sign_opts.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"
#include "spec/manifest.h"

struct standalone_sign_args {
	const char *output, *passphrase_file;
};

static const struct cli_opt standalone_sign_opts[] = {
	OPT_STRING('o', "output", struct standalone_sign_args, output, "SIGNATURE",
		   "Write the signature to the file SIGNATURE"),
	OPT_STRING(0, "passphrase-file", struct standalone_sign_args, passphrase_file, "PATH",
		   "Read the passphrase of the key from PATH"),
	OPT_END,
};

static int standalone_sign_run(const struct cli_call *call, struct keg_err *err)
{
	const struct standalone_sign_args *a = call->args;
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) manifest = { 0 }, signature = { 0 };
	struct transfer_signing req = { .reference = call->operands[1], .key = call->operands[2] };

	if (keg_str_empty(a->output))
		return keg_fail(err, KEG_EUSAGE, "--output says where the signature is to go");
	int r = keg_file_read(AT_FDCWD, call->operands[0], MANIFEST_BYTES_MAX, &manifest, err);
	if (r < 0)
		return keg_wrap(err, "Error reading %s", call->operands[0]);
	if (a->passphrase_file)
		r = sign_passphrase_read(a->passphrase_file, &arena, &req.passphrase, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r < 0)
		return r;
	req.manifest = keg_buf_text(&manifest);
	req.len = manifest.len;
	r = transfer->sign(&req, &signature, err);
	if (r < 0)
		return keg_wrap(err, "Error creating signature");
	/* Not beside it and renamed: the place may be a device. */
	autofd int fd = keg_open_at(AT_FDCWD, a->output, O_WRONLY | O_CREAT | O_TRUNC, 0644, err);
	r = fd < 0 ? fd : keg_write_all(fd, signature.data, signature.len, err);
	return r < 0 ? keg_wrap(err, "Error writing signature to %s", a->output) : 0;
}

const struct cli_cmd cmd_standalone_sign = {
	.name = "standalone-sign",
	.operands = "MANIFEST DOCKER-REFERENCE KEY-FINGERPRINT",
	.summary = "Create a signature using local files",
	.opts = standalone_sign_opts,
	.args_size = sizeof(struct standalone_sign_args),
	.min = 3,
	.max = 3,
	.completes = CLI_FILE,
	.run = standalone_sign_run,
};
