/* SPDX-License-Identifier: Apache-2.0 */
#include "image/digest_of.h"

#include "base/sha256.h"

void image_digest_of(char out[DIGEST_SHA256_LEN + 1], const void *bytes, size_t len)
{
	char hex[KEG_SHA256_HEX + 1];

	keg_sha256_hex(bytes, len, hex);
	digest_from_hex(out, hex);
}
