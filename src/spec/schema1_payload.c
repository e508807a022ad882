/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signed form ends like this: the first formatLength bytes of the file and the bytes of
 * formatTail are what was signed, and each signature says both in its "protected" header
 * (RFC 7515, with the members that Docker added).
 */
#include "spec/schema1.h"

#include <string.h>

#include "base/base64url.h"

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

static int read_protected(struct json_object *signature, size_t whole, struct signed_part *out,
			  struct keg_err *err)
{
	autofree void *header = NULL;
	size_t len = 0;
	autojson members = NULL;

	int r = keg_unbase64url(keg_json_str(signature, "protected", ""), &header, &len, err);
	if (r >= 0)
		r = keg_json_parse(header ? header : "", len, &members, err);
	if (r < 0)
		return keg_wrap(err, "protected");
	int64_t length = keg_json_i64(members, "formatLength", -1);
	if (length < 0 || (uint64_t)length > whole)
		return keg_fail(err, KEG_ECORRUPT, "formatLength: not within the manifest");
	out->length = (size_t)length;
	r = keg_unbase64url(keg_json_str(members, "formatTail", ""), &out->tail, &out->tail_len,
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

int schema1_payload(const void *bytes, size_t len, struct keg_buf *payload, struct keg_err *err)
{
	struct keg_err ignored;
	autojson root = NULL;
	auto(signed_part) part = { 0 };

	/* Bytes that are no JSON have a digest like any others. */
	if (keg_json_parse(bytes, len, &root, &ignored) < 0 ||
	    keg_json_i64(root, "schemaVersion", 0) != 1)
		return 0;
	struct json_object *signatures = keg_json_get(root, "signatures");
	if (!signatures || !json_object_is_type(signatures, json_type_array))
		return 0;
	int r = find_signed(signatures, len, &part, err);
	if (r < 0)
		return keg_wrap(err, "signatures of the manifest");
	keg_buf_add(payload, bytes, part.length);
	keg_buf_add(payload, part.tail, part.tail_len);
	return 1;
}
