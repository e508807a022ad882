/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed form ends like this: the first formatLength bytes of the file and the bytes of
 * formatTail are what was signed, and each signature says both in its "protected" header
 * (RFC 7515, with the members that Docker added).
 */
#include "image/manifest_digest.h"

#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/sha256.h"

struct signed_part {
	size_t length;
	void *tail;
	size_t tail_len;
};

static void signed_part_done(struct signed_part *part)
{
	free(part->tail);
}
KEG_AUTO(signed_part, signed_part_done)

/* Base64 for URLs and without padding (RFC 7515, 2). */
static int decode_url_base64(const char *text, void **out, size_t *n, struct keg_err *err)
{
	auto(keg_buf) plain = { 0 };

	for (const char *c = text; *c; c++)
		keg_buf_putc(&plain, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (plain.len % 4)
		keg_buf_putc(&plain, '=');
	return keg_unbase64(keg_buf_text(&plain), out, n, err);
}

static int read_protected(struct json_object *signature, size_t whole, struct signed_part *out,
			  struct keg_err *err)
{
	autofree void *header = NULL;
	size_t len = 0;
	autojson members = NULL;

	int r = decode_url_base64(keg_json_str(signature, "protected", ""), &header, &len, err);
	if (r >= 0)
		r = keg_json_parse(header ? header : "", len, &members, err);
	if (r < 0)
		return keg_wrap(err, "protected");
	int64_t length = keg_json_i64(members, "formatLength", -1);
	if (length < 0 || (uint64_t)length > whole)
		return keg_fail(err, KEG_ECORRUPT, "formatLength: not within the manifest");
	out->length = (size_t)length;
	r = decode_url_base64(keg_json_str(members, "formatTail", ""), &out->tail, &out->tail_len,
			      err);
	return r < 0 ? keg_wrap(err, "formatTail") : r;
}

static bool same_part(const struct signed_part *a, const struct signed_part *b)
{
	return a->length == b->length && a->tail_len == b->tail_len &&
	       (a->tail_len == 0 || memcmp(a->tail, b->tail, a->tail_len) == 0);
}

static int find_signed(struct json_object *signatures, size_t whole, struct signed_part *out,
		       struct keg_err *err)
{
	size_t n = json_object_array_length(signatures);

	if (n == 0)
		return keg_fail(err, KEG_ECORRUPT, "no signatures");
	int r = read_protected(json_object_array_get_idx(signatures, 0), whole, out, err);
	for (size_t i = 1; r >= 0 && i < n; i++) {
		auto(signed_part) other = { 0 };

		r = read_protected(json_object_array_get_idx(signatures, i), whole, &other, err);
		if (r >= 0 && !same_part(out, &other))
			r = keg_fail(err, KEG_ECORRUPT, "they sign different contents");
	}
	return r;
}

int image_manifest_digest(const void *bytes, size_t len, char **out, struct keg_err *err)
{
	char digest[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	struct keg_err ignored;
	autojson root = NULL;
	auto(signed_part) part = { 0 };
	auto(keg_buf) payload = { 0 };

	/* Bytes that are no JSON have a digest like any others. */
	if (keg_json_parse(bytes, len, &root, &ignored) >= 0 &&
	    keg_json_i64(root, "schemaVersion", 0) == 1) {
		struct json_object *signatures = keg_json_get(root, "signatures");

		if (signatures && json_object_is_type(signatures, json_type_array)) {
			int r = find_signed(signatures, len, &part, err);
			if (r < 0)
				return keg_wrap(err, "signatures of the manifest");
			keg_buf_add(&payload, bytes, part.length);
			keg_buf_add(&payload, part.tail, part.tail_len);
			bytes = keg_buf_text(&payload);
			len = payload.len;
		}
	}
	keg_sha256_hex(bytes, len, digest + strlen("sha256:"));
	*out = keg_strdup(digest);
	return 0;
}
