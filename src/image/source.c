/* SPDX-License-Identifier: Apache-2.0 */
/* What every reader of a source needs: small things whole, and verified. */
#include "base/sha256.h"
#include "image/fetch.h"
#include "image/transport.h"
#include "spec/schema1.h"

static int check_digest_of(const void *bytes, size_t len, const char *what, const char *digest,
			   struct keg_err *err)
{
	char hex[KEG_SHA256_HEX + 1];

	int r = image_digest_check(digest, err);
	if (r < 0)
		return r;
	keg_sha256_hex(bytes, len, hex);
	if (!keg_str_eq(hex, digest_hex(digest)))
		return keg_fail(err, KEG_ECORRUPT, "%s %s did not match its digest, got sha256:%s",
				what, digest, hex);
	return 0;
}

/* A buffer that refuses to grow over its bound, whatever comes. */
struct bounded {
	struct stream_out stage;
	struct keg_buf *out;
	size_t most;
};

static int bounded_write(struct stream_out *stage, const void *bytes, size_t len,
			 struct keg_err *err)
{
	struct bounded *b = (struct bounded *)stage;

	if (len > b->most - b->out->len)
		return keg_fail(err, KEG_ECORRUPT, "more than %zu bytes", b->most);
	keg_buf_add(b->out, bytes, len);
	return 0;
}

int image_source_blob_read(struct image_source *src, const struct image_blob *blob, size_t most,
			   struct keg_buf *out, struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	struct bounded b = { .stage = { .write = bounded_write }, .out = &bytes, .most = most };

	if (blob->size > (int64_t)most)
		return keg_fail(err, KEG_ECORRUPT, "blob %s of %lld bytes is over the limit of %zu",
				blob->digest, (long long)blob->size, most);
	if (blob->size >= 0)
		b.most = (size_t)blob->size;
	int r = src->ops->blob(src, blob, 0, &b.stage, err);
	if (r < 0)
		return r;
	if (blob->size >= 0 && bytes.len != (size_t)blob->size)
		return keg_fail(err, KEG_ECORRUPT, "blob %s has %zu bytes instead of %lld",
				blob->digest, bytes.len, (long long)blob->size);
	r = check_digest_of(bytes.data, bytes.len, "blob", blob->digest, err);
	if (r < 0)
		return r;
	keg_buf_add(out, bytes.data, bytes.len);
	return 0;
}

int image_source_manifest(struct image_source *src, const char *instance, struct keg_buf *out,
			  char **media_type, struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	autofree char *type = NULL;

	int r = src->ops->manifest(src, instance, &bytes, &type, err);
	if (r < 0)
		return r;
	if (bytes.len > MANIFEST_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "manifest of %zu bytes is over the limit of %d",
				bytes.len, MANIFEST_BYTES_MAX);
	const char *wanted = instance ? instance : src->pinned;
	if (wanted) {
		auto(keg_buf) payload = { 0 };

		r = schema1_payload(keg_buf_text(&bytes), bytes.len, &payload, err);
		if (r >= 0)
			r = check_digest_of(r > 0 ? payload.data : bytes.data,
					    r > 0 ? payload.len : bytes.len, "manifest", wanted,
					    err);
		if (r < 0)
			return r;
	}
	keg_buf_add(out, bytes.data, bytes.len);
	if (media_type)
		*media_type = take_ptr(&type);
	return 0;
}
