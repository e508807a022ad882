/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include "base/num.h"

void keg_sha256_init(struct keg_sha256 *sum)
{
	sha256_init(&sum->ctx);
}

void keg_sha256_add(struct keg_sha256 *sum, const void *bytes, size_t len)
{
	sha256_update(&sum->ctx, len, bytes);
}

void keg_sha256_end(struct keg_sha256 *sum, unsigned char out[KEG_SHA256_SIZE])
{
	sha256_digest(&sum->ctx, KEG_SHA256_SIZE, out);
}

void keg_sha256_end_hex(struct keg_sha256 *sum, char out[KEG_SHA256_HEX + 1])
{
	unsigned char digest[KEG_SHA256_SIZE];

	keg_sha256_end(sum, digest);
	keg_hex(out, digest, sizeof digest);
}

void keg_sha256_hex(const void *bytes, size_t len, char out[KEG_SHA256_HEX + 1])
{
	struct keg_sha256 sum;

	keg_sha256_init(&sum);
	keg_sha256_add(&sum, bytes, len);
	keg_sha256_end_hex(&sum, out);
}

void keg_sha512_hex(const void *bytes, size_t len, char out[KEG_SHA512_HEX + 1])
{
	unsigned char digest[SHA512_DIGEST_SIZE];
	struct sha512_ctx sum;

	sha512_init(&sum);
	sha512_update(&sum, len, bytes);
	sha512_digest(&sum, sizeof digest, digest);
	keg_hex(out, digest, sizeof digest);
}
