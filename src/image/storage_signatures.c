/* SPDX-License-Identifier: Apache-2.0 */
#include "image/storage_signatures.h"

#include "base/mem.h"
#include "spec/digest.h"
#include "store/image_metadata.h"

#define SIZES "signature-sizes"
#define SIZES_BY_DIGEST "signatures-sizes"

enum { DOCUMENT_BYTES_MAX = 64 << 20 };

char *storage_signatures_key(const char *digest)
{
	return keg_printf("signature-%s", digest_hex(digest));
}

static int split(const struct keg_buf *all, struct json_object *sizes, struct signatures *out,
		 struct keg_err *err)
{
	size_t at = 0;

	for (size_t i = 0; i < json_object_array_length(sizes); i++) {
		int64_t len = json_object_get_int64(json_object_array_get_idx(sizes, i));

		if (len < 0 || (uint64_t)len > all->len - at)
			return keg_fail(err, KEG_ECORRUPT,
					"expected at least %lld bytes, only found %zu",
					(long long)len, all->len - at);
		int r = signatures_parse(out, all->data + at, (size_t)len, err);
		if (r < 0)
			return r;
		at += (size_t)len;
	}
	if (at != all->len)
		return keg_fail(err, KEG_ECORRUPT, "%zu extra bytes", all->len - at);
	return 0;
}

int storage_signatures_read(struct store *store, const struct store_image *image,
			    const char *digest, struct signatures *out, struct keg_err *err)
{
	autofree char *key =
		digest ? storage_signatures_key(digest) : keg_strdup(STORAGE_SIGNATURES);
	auto(keg_buf) all = { 0 }, text = { 0 };
	autojson metadata = NULL;

	int r = store_image_data(store, image, key, DOCUMENT_BYTES_MAX, &all, err);
	if (r == -KEG_ENOTFOUND)
		return 0;
	if (r >= 0)
		r = store_image_metadata(store, image, &text, err);
	if (r >= 0)
		r = keg_json_parse(keg_buf_text(&text), text.len, &metadata, err);
	if (r < 0)
		return keg_wrap(err, "looking up signatures data for image \"%s\"", image->id);
	struct json_object *sizes =
		digest ? keg_json_get(keg_json_get(metadata, SIZES_BY_DIGEST), digest)
		       : keg_json_get(metadata, SIZES);
	/* What is left of an earlier image of this id is no signature of this one. */
	if (!sizes || !json_object_is_type(sizes, json_type_array))
		return 0;
	r = split(&all, sizes, out, err);
	return r < 0 ? keg_wrap(err, "signatures data of image \"%s\" (%s)", image->id, key) : r;
}

void storage_signatures_emit(const struct signatures *sigs, const char *digest,
			     struct keg_buf *document, struct keg_buf *metadata)
{
	autojson root = json_object_new_object();
	struct json_object *sizes = json_object_new_array();
	struct json_object *by_digest = json_object_new_object();

	for (size_t i = 0; i < sigs->n; i++) {
		size_t start = document->len;

		signature_emit(&sigs->v[i], document);
		json_object_array_add(sizes,
				      json_object_new_int64((int64_t)(document->len - start)));
	}
	json_object_object_add(by_digest, digest, json_object_get(sizes));
	json_object_object_add(root, SIZES, sizes);
	json_object_object_add(root, SIZES_BY_DIGEST, by_digest);
	keg_json_print(root, metadata);
}
