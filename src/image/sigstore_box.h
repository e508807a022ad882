/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sigstore_box.h - how cosign encrypts a secret key: NaCl's secret box, its key made of a
 * passphrase by scrypt, both described in a JSON document.
 */
#ifndef KEG_IMAGE_SIGSTORE_BOX_H
#define KEG_IMAGE_SIGSTORE_BOX_H

#include "base/buf.h"
#include "base/err.h"

int sigstore_box_seal(const char *passphrase, const struct keg_buf *plain, struct keg_buf *out,
		      struct keg_err *err) KEG_MUST_CHECK;
/* KEG_EAUTH when the passphrase is wrong; a costlier scrypt than the peers take is refused. */
int sigstore_box_open(const char *passphrase, const struct keg_buf *box, struct keg_buf *out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
