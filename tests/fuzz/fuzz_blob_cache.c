/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "base/auto.h"
#include "registry/blob_cache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char digest[] =
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	autoptr(blob_cache) cache = blob_cache_of_text((const char *)data, size);
	auto(keg_strv) found = { 0 };

	blob_cache_find_repos(cache, "example.com", digest, 3, &found);
	blob_cache_find_packed(cache, digest, "gzip", 3, &found);
	blob_cache_saw(cache, "example.com/app", digest);
	return 0;
}
