/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema1_sign.h - the signature that registries want in a manifest of schema 1. It says nothing
 * about who made it: the key is new each time, as with the peers.
 */
#ifndef KEG_IMAGE_SCHEMA1_SIGN_H
#define KEG_IMAGE_SCHEMA1_SIGN_H

#include "base/buf.h"
#include "base/err.h"

/* The compact document with a member `signatures` at its end, appended. */
int schema1_sign(const void *bytes, size_t len, struct keg_buf *out,
		 struct keg_err *err) KEG_MUST_CHECK;

#endif
