/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/referrers.h"

#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "registry/manifest.h"
#include "spec/digest.h"
#include "spec/manifest.h"

enum { TAG_HEX_MOST = 64 };

/* "sha256-..."; of longer digests the beginning. The caller frees. */
static char *tag_of(const char *digest)
{
	const char *hex = digest_hex(digest);

	return keg_printf("%.*s-%.*s", (int)(hex - 1 - digest), digest, TAG_HEX_MOST, hex);
}

/* An index with one entry: the manifest. */
static void describe(const struct manifest_doc *doc, const char *media_type, const char *digest,
		     size_t len, struct keg_buf *out)
{
	bool is_index = manifest_kind_is_index(doc->kind);
	struct descriptor entry = {
		.media_type = is_index ? doc->index.media_type : doc->image.media_type,
		.digest = digest,
		.artifact_type = is_index ? doc->index.artifact_type : doc->image.artifact_type,
		.size = (int64_t)len,
		.annotations = is_index ? doc->index.annotations : doc->image.annotations,
		.n_annotations = is_index ? doc->index.n_annotations : doc->image.n_annotations,
	};
	const struct manifest_index index = {
		.schema_version = 2,
		.media_type = MEDIA_OCI_INDEX,
		.manifests = &entry,
		.n_manifests = 1,
	};

	if (keg_str_empty(entry.media_type))
		entry.media_type = media_type;
	if (keg_str_empty(entry.artifact_type) && !is_index)
		entry.artifact_type = doc->image.config->media_type;
	manifest_index_emit(&index, out);
}

static bool lists(struct json_object *entries, const char *digest)
{
	for (size_t i = 0; i < json_object_array_length(entries); i++) {
		struct json_object *entry = json_object_array_get_idx(entries, i);

		if (keg_str_eq(keg_json_str(entry, "digest", ""), digest))
			return true;
	}
	return false;
}

/* `single` becomes the list with its entry at the end. 1, or 0: it was there already. */
static int append(const struct keg_buf *list, struct keg_buf *single, const char *digest,
		  struct keg_err *err)
{
	autojson all = NULL;
	autojson one = NULL;

	int r = keg_json_parse(keg_buf_text(list), list->len, &all, err);
	if (r >= 0)
		r = keg_json_parse(keg_buf_text(single), single->len, &one, err);
	if (r < 0)
		return r;
	struct json_object *entries = keg_json_get(all, "manifests");
	if (!entries || !json_object_is_type(entries, json_type_array))
		return keg_fail(err, KEG_ECORRUPT, "it is no index");
	if (json_object_array_length(entries) >= MANIFEST_INDEX_MAX)
		return keg_fail(err, KEG_ECORRUPT, "it has %d entries", MANIFEST_INDEX_MAX);
	if (lists(entries, digest))
		return 0;
	struct json_object *entry = json_object_array_get_idx(keg_json_get(one, "manifests"), 0);
	json_object_array_add(entries, json_object_get(entry));
	keg_buf_cut(single, 0);
	keg_buf_puts(single, json_object_to_json_string_ext(
				     all, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	return 1;
}

static int add_to(struct registry_repo *repo, const char *tag, struct keg_buf *entry,
		  const char *digest, struct keg_err *err)
{
	auto(registry_manifest) list = { 0 };

	int r = registry_manifest_get(repo, tag, &list, err);
	if (r == -KEG_ENOTFOUND)
		r = 1;
	else if (r >= 0)
		r = append(&list.bytes, entry, digest, err);
	if (r <= 0)
		return r;
	return registry_manifest_put(repo, tag, MEDIA_OCI_INDEX, entry->data, entry->len, NULL,
				     err);
}

int registry_referrers_add(struct registry_repo *repo, const void *manifest, size_t len,
			   const char *media_type, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) entry = { 0 };
	struct manifest_doc doc = { 0 };
	struct keg_err other;
	char digest[DIGEST_SHA256_LEN + 1] = "sha256:";

	/* Of formats that are not read here none has a subject. */
	if (manifest_parse(manifest, len, media_type, &arena, &doc, &other) < 0)
		return 0;
	const struct descriptor *subject =
		manifest_kind_is_index(doc.kind) ? doc.index.subject : doc.image.subject;
	if (!subject)
		return 0;
	keg_sha256_hex(manifest, len, digest + strlen(digest));
	describe(&doc, media_type, digest, len, &entry);
	autofree char *tag = tag_of(subject->digest);
	int r = add_to(repo, tag, &entry, digest, err);
	return r < 0 ? keg_wrap(err, "adding %s to the referrers of %s", digest, subject->digest)
		     : 0;
}
