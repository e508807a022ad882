/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigstore_params.h - a file that says how to sign (containers-sigstore-signing-params.yaml(5)).
 * Of it the private key is built; what needs Fulcio's or Rekor's server is refused by name.
 */
#ifndef KEG_IMAGE_SIGSTORE_PARAMS_H
#define KEG_IMAGE_SIGSTORE_PARAMS_H

#include "base/auto.h"
#include "base/err.h"

/* Owns its texts. Start from {0}. */
struct sigstore_params {
	char *key_file, *passphrase;
};
int sigstore_params_read(const char *path, struct sigstore_params *out,
			 struct keg_err *err) KEG_MUST_CHECK;
void sigstore_params_done(struct sigstore_params *params);
KEG_AUTO(sigstore_params, sigstore_params_done)

#endif
