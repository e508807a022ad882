/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest_digest.h"

#include "image/digest_of.h"
#include "spec/schema1.h"

int image_manifest_digest(const void *bytes, size_t len, char **out, struct keg_err *err)
{
	char digest[DIGEST_SHA256_LEN + 1];
	auto(keg_buf) payload = { 0 };

	int r = schema1_payload(bytes, len, &payload, err);
	if (r < 0)
		return r;
	image_digest_of(digest, r > 0 ? payload.data : bytes, r > 0 ? payload.len : len);
	*out = keg_strdup(digest);
	return 0;
}
