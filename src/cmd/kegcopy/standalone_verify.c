/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy standalone-verify - is a signature in a file good for a manifest in a file? */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"
#include "spec/manifest.h"

struct standalone_verify_args {
	const char *public_keys;
};

static const struct cli_opt standalone_verify_opts[] = {
	OPT_STRING(0, "public-key-file", struct standalone_verify_args, public_keys, "PATH",
		   "File with the public keys (default: the keys that gpg has)"),
	OPT_END,
};

static int read_file(const char *path, size_t most, const char *what, struct keg_buf *out,
		     struct keg_err *err)
{
	int r = keg_file_read(AT_FDCWD, path, most, out, err);

	return r < 0 ? keg_wrap(err, "Error reading %s from %s", what, path) : r;
}

static int verify(const struct transfer_table *transfer, const struct transfer_verify *req,
		  struct keg_err *err)
{
	autofree char *key = NULL, *digest = NULL;

	int r = transfer->verify(req, &key, &digest, err);
	if (r < 0)
		return keg_wrap(err, "Error verifying signature");
	/* Where one key alone was asked for there is nothing to say of it. */
	if (strcmp(req->keys, key) == 0)
		printf("Signature verified, digest %s\n", digest);
	else
		printf("Signature verified using fingerprint %s, digest %s\n", key, digest);
	return 0;
}

static int standalone_verify_run(const struct cli_call *call, struct keg_err *err)
{
	const struct standalone_verify_args *a = call->args;
	const struct transfer_table *transfer;
	auto(keg_buf) manifest = { 0 }, signature = { 0 }, keys = { 0 };
	const struct transfer_verify req = { .manifest = &manifest,
					     .signature = &signature,
					     .reference = call->operands[1],
					     .keys = call->operands[2],
					     .public_keys = a->public_keys ? &keys : NULL };

	if (!a->public_keys && strcmp(req.keys, "any") == 0)
		return keg_fail(err, KEG_EUSAGE,
				"Cannot use any fingerprint without a public key file");
	int r = read_file(call->operands[0], MANIFEST_BYTES_MAX, "manifest", &manifest, err);
	if (r >= 0)
		r = read_file(call->operands[3], SIGNATURE_BYTES_MAX, "signature", &signature, err);
	if (r >= 0 && a->public_keys)
		r = read_file(a->public_keys, SIGNATURE_BYTES_MAX, "public keys", &keys, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	return r < 0 ? r : verify(transfer, &req, err);
}

const struct cli_cmd cmd_standalone_verify = {
	.name = "standalone-verify",
	.operands = "MANIFEST DOCKER-REFERENCE KEY-FINGERPRINTS SIGNATURE",
	.summary = "Verify a signature using local files",
	.opts = standalone_verify_opts,
	.args_size = sizeof(struct standalone_verify_args),
	.min = 4,
	.max = 4,
	.completes = CLI_FILE,
	.run = standalone_verify_run,
};
