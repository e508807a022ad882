/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest_digest.h"

#include <string.h>

#include "base/sha256.h"
#include "spec/schema1.h"

int image_manifest_digest(const void *bytes, size_t len, char **out, struct keg_err *err)
{
	char digest[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	auto(keg_buf) payload = { 0 };

	int r = schema1_payload(bytes, len, &payload, err);
	if (r < 0)
		return r;
	keg_sha256_hex(r > 0 ? payload.data : bytes, r > 0 ? payload.len : len,
		       digest + strlen("sha256:"));
	*out = keg_strdup(digest);
	return 0;
}
