/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign_opts.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/prompt.h"

enum { PASSPHRASE_FILE_MAX = 64 << 10 };

const struct cli_opt sign_opts[] = {
	OPT_FLAG(0, "remove-signatures", struct sign_opts, remove_signatures,
		 "Do not copy signatures from the source"),
	OPT_STRING(0, "sign-by", struct sign_opts, gpg_key, "FINGERPRINT",
		   "Sign the image with the GPG key FINGERPRINT"),
	OPT_STRING(0, "sign-by-sigstore", struct sign_opts, sigstore_params, "PATH",
		   "Sign the image as the sigstore parameter file PATH says"),
	OPT_STRING(0, "sign-by-sigstore-private-key", struct sign_opts, sigstore_key, "PATH",
		   "Sign the image with the sigstore private key PATH"),
	OPT_STRING(0, "sign-passphrase-file", struct sign_opts, passphrase_file, "PATH",
		   "Read the passphrase of the key to sign with from PATH"),
	OPT_REFUSED(0, "sign-by-sq-fingerprint", "FINGERPRINT"),
	OPT_END,
};

int sign_passphrase_read(const char *path, struct keg_arena *arena, const char **out,
			 struct keg_err *err)
{
	autofree char *line = NULL;

	int r = keg_file_read_line(AT_FDCWD, path, PASSPHRASE_FILE_MAX, &line, err);
	if (r < 0)
		return keg_wrap(err, "reading passphrase file");
	*out = keg_arena_strdup(arena, line);
	return 0;
}

int sign_passphrase_ask(const char *file, struct keg_arena *arena, const char **out,
			struct keg_err *err)
{
	autofree char *label = keg_printf("Passphrase for key %s: ", file);
	autofree char *typed = NULL;

	if (!isatty(STDIN_FILENO))
		return keg_fail(err, KEG_EUSAGE,
				"Cannot prompt for a passphrase for key %s, standard input is "
				"not a TTY",
				file);
	int r = cli_prompt_secret(stdout, label, &typed, err);
	if (r >= 0)
		*out = keg_arena_strdup(arena, typed);
	return r;
}

int sign_opts_take(const struct sign_opts *opts, struct keg_arena *arena, struct image_signing *out,
		   struct keg_err *err)
{
	out->gpg_key = opts->gpg_key;
	out->sigstore_key = opts->sigstore_key;
	out->sigstore_params = opts->sigstore_params;
	if (opts->gpg_key && opts->sigstore_key)
		return keg_fail(err, KEG_EUSAGE,
				"Only one of --sign-by and --sign-by-sigstore-private-key can be "
				"used");
	if (opts->passphrase_file && !opts->gpg_key && !opts->sigstore_key)
		return keg_fail(err, KEG_EUSAGE,
				"--sign-passphrase-file needs --sign-by or "
				"--sign-by-sigstore-private-key");
	if (opts->passphrase_file)
		return sign_passphrase_read(opts->passphrase_file, arena, &out->passphrase, err);
	/* gpg asks for itself, and better. */
	return opts->sigstore_key
		       ? sign_passphrase_ask(opts->sigstore_key, arena, &out->passphrase, err)
		       : 0;
}
