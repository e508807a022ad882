/* SPDX-License-Identifier: Apache-2.0 */
#include "image/oci_layout.h"

#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "spec/layout.h"

int oci_layout_index(const char *ref, uint64_t *out, struct keg_err *err)
{
	struct keg_err ignored;
	int64_t index;

	if (*ref != '@')
		return 0;
	if (keg_parse_i64(ref + 1, &index, &ignored) < 0)
		return keg_fail(err, KEG_EUSAGE, "Invalid source index %s: not an integer", ref);
	if (index < 0)
		return keg_fail(err, KEG_EUSAGE, "Invalid source index %s: must not be negative",
				ref);
	*out = (uint64_t)index;
	return 1;
}

int oci_layout_split(const char *rest, char **path, char **ref, struct keg_err *err)
{
	const char *colon = strchr(rest, ':');

	*path = colon ? keg_strndup(rest, (size_t)(colon - rest)) : keg_strdup(rest);
	*ref = keg_strdup(colon ? colon + 1 : "");
	for (const char *p = *ref; *p; p++) {
		if (strchr(" \t\n", *p)) {
			keg_fail(err, KEG_EUSAGE, "Invalid image %s", *ref);
			free(take_ptr(path));
			free(take_ptr(ref));
			return -KEG_EUSAGE;
		}
	}

	uint64_t index;
	int r = oci_layout_index(*ref, &index, err);
	if (r >= 0)
		return 0;
	free(take_ptr(path));
	free(take_ptr(ref));
	return r;
}

char *oci_blob_name(const char *digest)
{
	return keg_printf("%.*s/%s", (int)strcspn(digest, ":"), digest, digest_hex(digest));
}

int oci_index_parse(const struct keg_buf *bytes, const char *path, struct keg_arena *arena,
		    struct manifest_index *out, struct keg_err *err)
{
	struct manifest_doc doc = { 0 };

	int r = manifest_parse(keg_buf_text(bytes), bytes->len, MEDIA_OCI_INDEX, arena, &doc, err);
	if (r < 0)
		return keg_wrap(err, "%s", path);
	if (!manifest_kind_is_index(doc.kind))
		return keg_fail(err, KEG_ECORRUPT, "%s is no index", path);
	*out = doc.index;
	return 0;
}

const char *oci_ref_name(const struct descriptor *d)
{
	for (size_t i = 0; i < d->n_annotations; i++) {
		if (keg_str_eq(d->annotations[i].key, OCI_ANNOTATION_REF_NAME))
			return d->annotations[i].value;
	}
	return "";
}
