/* SPDX-License-Identifier: Apache-2.0 */
/* Apart from layer.c because it needs the hash library, which the run path does not load. */
#include <string.h>

#include "base/sha256.h"
#include "base/strv.h"
#include "store/layer.h"

static const char *hex_of(const char *digest)
{
	const char *colon = strchr(digest, ':');

	return colon ? colon + 1 : digest;
}

void store_layer_chain_id(char out[STORE_ID_LEN + 1], const char *parent, const char *diff_digest)
{
	const char *hex = hex_of(diff_digest);
	struct keg_sha256 sum;

	if (keg_str_empty(parent) && strlen(hex) == STORE_ID_LEN) {
		memcpy(out, hex, STORE_ID_LEN + 1);
		return;
	}
	keg_sha256_init(&sum);
	if (!keg_str_empty(parent)) {
		keg_sha256_add(&sum, parent, strlen(parent));
		keg_sha256_add(&sum, "+", 1);
	}
	keg_sha256_add(&sum, hex, strlen(hex));
	keg_sha256_end_hex(&sum, out);
}
