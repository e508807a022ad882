/* SPDX-License-Identifier: Apache-2.0 */
#include "image/sign_payload.h"

#include <time.h>

#include "base/json_strict.h"
#include "base/strv.h"
#include "spec/digest.h"

struct signed_image {
	const char *digest;
};
struct signed_identity {
	const char *reference;
};
struct critical {
	const char *type;
	struct signed_image *image;
	struct signed_identity *identity;
};
struct document {
	struct critical *critical;
	struct json_object *optional;
};

static const struct keg_json_field image_rows[] = {
	JSON_STR("docker-manifest-digest", struct signed_image, digest, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field identity_rows[] = {
	JSON_STR("docker-reference", struct signed_identity, reference, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field critical_rows[] = {
	JSON_STR("type", struct critical, type, KEG_JSON_REQUIRED),
	JSON_OBJ("image", struct critical, image, KEG_JSON_REQUIRED, signed_image, image_rows),
	JSON_OBJ("identity", struct critical, identity, KEG_JSON_REQUIRED, signed_identity,
		 identity_rows),
	JSON_END,
};
static const struct keg_json_field document_rows[] = {
	JSON_OBJ("critical", struct document, critical, KEG_JSON_REQUIRED, critical, critical_rows),
	JSON_RAW("optional", struct document, optional, 0),
	JSON_END,
};

static const char *const types[] = {
	[SIGN_SIMPLE] = "atomic container signature",
	[SIGN_SIGSTORE] = "cosign container image signature",
};

static int take_optional(struct json_object *optional, struct keg_arena *arena,
			 struct sign_payload *out, struct keg_err *err)
{
	struct json_object *creator = keg_json_get(optional, "creator");
	struct json_object *timestamp = keg_json_get(optional, "timestamp");

	if (!json_object_is_type(optional, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "optional: JSON object expected");
	if (creator && !json_object_is_type(creator, json_type_string))
		return keg_fail(err, KEG_ECORRUPT, "optional.creator: not a text");
	if (creator)
		out->creator = keg_arena_strdup(arena, json_object_get_string(creator));
	if (!timestamp)
		return 0;
	double value = json_object_get_double(timestamp);
	bool number = json_object_is_type(timestamp, json_type_int) ||
		      json_object_is_type(timestamp, json_type_double);
	if (!number || value < -9e15 || value > 9e15 || value != (double)(int64_t)value)
		return keg_fail(err, KEG_ECORRUPT, "Field optional.timestamp is not an integer");
	out->timestamp = (int64_t)value;
	return 0;
}

int sign_payload_parse(enum sign_kind kind, const char *text, size_t len, struct keg_arena *arena,
		       struct sign_payload *out, struct keg_err *err)
{
	autojson root = NULL;
	struct document doc = { 0 };
	struct json_object *optional = NULL;

	int r = keg_json_parse_strict(text, len, &root, err);
	if (r >= 0)
		r = keg_json_decode_strict(root, document_rows, &doc, arena, err);
	if (r < 0)
		return r;
	if (!json_object_object_get_ex(root, "optional", &optional))
		return keg_fail(err, KEG_ECORRUPT, "optional: missing");
	if (!keg_str_eq(doc.critical->type, types[kind]))
		return keg_fail(err, KEG_ECORRUPT, "Unrecognized signature type %s",
				doc.critical->type);
	if (!digest_is_valid(doc.critical->image->digest))
		return keg_fail(err, KEG_ECORRUPT, "invalid docker-manifest-digest value \"%s\"",
				doc.critical->image->digest);
	*out = (struct sign_payload){ .digest = doc.critical->image->digest,
				      .reference = doc.critical->identity->reference };
	/* cosign says null where there is nothing to say. */
	if (kind == SIGN_SIGSTORE && !optional)
		return 0;
	return take_optional(optional, arena, out, err);
}

void sign_payload_emit(enum sign_kind kind, const char *digest, const char *reference,
		       struct keg_buf *out)
{
	struct signed_image image = { digest };
	struct signed_identity identity = { reference };
	struct critical critical = { types[kind], &image, &identity };
	autojson optional = json_object_new_object();
	struct document doc = { &critical, optional };

	json_object_object_add(optional, "creator", json_object_new_string("keg " KEG_VERSION));
	json_object_object_add(optional, "timestamp", json_object_new_int64(time(NULL)));
	autojson root = keg_json_encode(document_rows, &doc);
	keg_json_print(root, out);
}
