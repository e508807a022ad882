/* SPDX-License-Identifier: Apache-2.0 */
/* kegcopy generate-sigstore-key - a pair of keys for sigstore's signatures, in two files. */
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "cli/sign_opts.h"
#include "cmd/kegcopy/commands.h"
#include "image/transfer.h"

struct generate_args {
	const char *prefix, *passphrase_file;
};

static const struct cli_opt generate_opts[] = {
	OPT_STRING(0, "output-prefix", struct generate_args, prefix, "PREFIX",
		   "Write the keys to PREFIX.pub and PREFIX.private"),
	OPT_STRING(0, "passphrase-file", struct generate_args, passphrase_file, "PATH",
		   "Read the passphrase of the private key from PATH"),
	OPT_END,
};

static int write_key(const char *path, const struct keg_buf *text, mode_t mode, struct keg_err *err)
{
	int r = keg_file_write(AT_FDCWD, path, keg_buf_text(text), text->len, mode,
			       KEG_FILE_EXCLUSIVE, err);

	return r == -KEG_EEXISTS
		       ? keg_fail(err, KEG_EEXISTS, "Refusing to overwrite existing \"%s\"", path)
		       : r;
}

static int generate_run(const struct cli_call *call, struct keg_err *err)
{
	const struct generate_args *a = call->args;
	const struct transfer_table *transfer;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) public_pem = { 0 }, secret_pem = { 0 };
	const char *passphrase = NULL;

	if (keg_str_empty(a->prefix))
		return keg_fail(err, KEG_EUSAGE, "--output-prefix says where the keys are to go");
	const char *public_path = keg_arena_printf(&arena, "%s.pub", a->prefix);
	const char *secret_path = keg_arena_printf(&arena, "%s.private", a->prefix);
	for (int i = 0; i < 2; i++) {
		const char *path = i ? secret_path : public_path;

		if (keg_exists(AT_FDCWD, path))
			return keg_fail(err, KEG_EEXISTS, "Refusing to overwrite existing \"%s\"",
					path);
	}
	int r = a->passphrase_file
			? sign_passphrase_read(a->passphrase_file, &arena, &passphrase, err)
			: sign_passphrase_ask(secret_path, &arena, &passphrase, err);
	if (r >= 0)
		r = transfer_open(&transfer, err);
	if (r >= 0)
		r = transfer->generate_key(passphrase, &public_pem, &secret_pem, err);
	if (r >= 0)
		r = write_key(secret_path, &secret_pem, 0600, err);
	if (r >= 0)
		r = write_key(public_path, &public_pem, 0644, err);
	if (r < 0)
		return r;
	printf("Key written to \"%s\" and \"%s\"\n", secret_path, public_path);
	return 0;
}

const struct cli_cmd cmd_generate_sigstore_key = {
	.name = "generate-sigstore-key",
	.summary = "Generate a sigstore public/private key pair",
	.opts = generate_opts,
	.args_size = sizeof(struct generate_args),
	.min = 0,
	.max = 0,
	.run = generate_run,
};
