/* SPDX-License-Identifier: Apache-2.0 */
/* An image index: what is picked of it, and that what is written of it can be read again. */
#include <stdint.h>
#include <stdlib.h>

#include "spec/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct platform wanted[] = {
		{ .os = "linux", .architecture = "arm", .variant = "v7" },
		{ .os = "windows", .architecture = "amd64", .os_version = "10.0.1" },
		{ .os = "linux", .architecture = "amd64" },
	};
	struct keg_err err = { 0 };
	struct manifest_doc doc, again;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };

	if (manifest_parse((const char *)data, size, MEDIA_OCI_INDEX, &arena, &doc, &err) < 0 ||
	    !manifest_kind_is_index(doc.kind))
		return 0;
	for (size_t i = 0; i < KEG_COUNT(wanted); i++) {
		const struct descriptor *entry = manifest_index_pick(&doc.index, &wanted[i]);

		if (entry && !entry->digest)
			abort();
	}
	manifest_index_emit(&doc.index, &text);
	if (text.len <= MANIFEST_BYTES_MAX &&
	    (manifest_parse(keg_buf_text(&text), text.len, MEDIA_OCI_INDEX, &arena, &again, &err) <
		     0 ||
	     again.index.n_manifests != doc.index.n_manifests))
		abort();
	return 0;
}
