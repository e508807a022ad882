/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sha256.h - SHA-256 and its longer kin (FIPS 180-4) by nettle, which uses the processor's SHA
 * instructions. A static library of its own (keg_hash): the run path must not load nettle.
 */
#ifndef KEG_BASE_SHA256_H
#define KEG_BASE_SHA256_H

#include <nettle/sha2.h>
#include <stddef.h>

enum { KEG_SHA256_SIZE = 32, KEG_SHA256_HEX = 64, KEG_SHA512_HEX = 128 };

struct keg_sha256 {
	struct sha256_ctx ctx;
};

void keg_sha256_init(struct keg_sha256 *sum);
void keg_sha256_add(struct keg_sha256 *sum, const void *bytes, size_t len);
/* Ends the sum; init again before the next use. */
void keg_sha256_end(struct keg_sha256 *sum, unsigned char out[KEG_SHA256_SIZE]);
/* The same as lower-case hex. */
void keg_sha256_end_hex(struct keg_sha256 *sum, char out[KEG_SHA256_HEX + 1]);

/* All at once. */
void keg_sha256_hex(const void *bytes, size_t len, char out[KEG_SHA256_HEX + 1]);
void keg_sha512_hex(const void *bytes, size_t len, char out[KEG_SHA512_HEX + 1]);

#endif
