/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_gpg.h - OpenPGP messages, made and checked by the machine's gpg. Nothing of it is linked:
 * it is started when a signature is made or a policy asks for one.
 *
 * What is checked against a policy is checked with the policy's keys alone, in a home of their
 * own that ends with the keyring; the user's keys and settings have no part in it.
 */
#ifndef KEG_IMAGE_SIGN_GPG_H
#define KEG_IMAGE_SIGN_GPG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"

struct gpg_keyring;

/* Public keys, armored or not; their fingerprints are in gpg_keyring_keys(). */
int gpg_keyring_open(const struct keg_buf *keys, size_t n, struct gpg_keyring **out,
		     struct keg_err *err) KEG_MUST_CHECK;
const struct keg_strv *gpg_keyring_keys(const struct gpg_keyring *ring);
void gpg_keyring_free(struct gpg_keyring *ring);
KEG_AUTOPTR(gpg_keyring, gpg_keyring_free)

/* Who signed: the key, and the one that it is part of (often itself). Start from {0}. */
struct gpg_signer {
	char *key, *primary;
};
void gpg_signer_done(struct gpg_signer *signer);
KEG_AUTO(gpg_signer, gpg_signer_done)

/*
 * Check a message with the keyring (NULL: with the user's own) and append what it says. All
 * but one good signature by a key that is valid now is KEG_EDENIED.
 */
int gpg_verify(const struct gpg_keyring *ring, const struct keg_buf *message, struct keg_buf *out,
	       struct gpg_signer *signer, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Sign with a secret key of the user, named as gpg takes it; appends. With a passphrase nobody
 * is asked for one.
 */
int gpg_sign(const struct keg_buf *text, const char *key, const char *passphrase,
	     struct keg_buf *out, struct keg_err *err) KEG_MUST_CHECK;

/* The people (mail addresses) of the keys in a file, added; none of what is no key. */
void gpg_key_people(const char *path, struct keg_strv *out);

#endif
