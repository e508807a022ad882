/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sign_payload.h - what both kinds of signatures sign (containers-signature(5)): the digest of a
 * manifest, and the name that it was signed for.
 */
#ifndef KEG_IMAGE_SIGN_PAYLOAD_H
#define KEG_IMAGE_SIGN_PAYLOAD_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

struct sign_payload {
	const char *digest, *reference;
	const char *creator; /* or NULL */
	int64_t timestamp;   /* 0: not said */
};

/* "atomic container signature", and "cosign container image signature". */
enum sign_kind { SIGN_SIMPLE, SIGN_SIGSTORE };

/*
 * Strict: exactly the members there are, the digest valid, optional members of the right type.
 * Texts live in the arena.
 */
int sign_payload_parse(enum sign_kind kind, const char *text, size_t len, struct keg_arena *arena,
		       struct sign_payload *out, struct keg_err *err) KEG_MUST_CHECK;

/* Made now, by us; appended. */
void sign_payload_emit(enum sign_kind kind, const char *digest, const char *reference,
		       struct keg_buf *out);

#endif
