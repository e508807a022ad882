/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/layout.h"

#include "base/strv.h"

static const struct keg_json_field item_rows[] = {
	JSON_STR("Config", struct docker_archive_item, config, KEG_JSON_REQUIRED),
	JSON_STRV("RepoTags", struct docker_archive_item, repo_tags, KEG_JSON_ALWAYS),
	JSON_STRV("Layers", struct docker_archive_item, layers, KEG_JSON_ALWAYS),
	JSON_END,
};

int layout_check(const char *text, size_t len, struct keg_err *err)
{
	autojson root = NULL;

	if (len > LAYOUT_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, OCI_LAYOUT_FILE " of %zu bytes is too long",
				len);
	if (keg_json_parse(text, len, &root, err) < 0)
		return keg_wrap(err, OCI_LAYOUT_FILE);

	const char *version = keg_json_str(root, "imageLayoutVersion", NULL);
	if (!version)
		return keg_fail(err, KEG_ECORRUPT, OCI_LAYOUT_FILE ": no imageLayoutVersion");
	if (!keg_str_starts(version, "1."))
		return keg_fail(err, KEG_EUNSUPPORTED,
				OCI_LAYOUT_FILE ": unsupported version %.40s", version);
	return 0;
}

int docker_archive_parse(const char *text, size_t len, struct keg_arena *arena,
			 struct docker_archive *out, struct keg_err *err)
{
	autojson root = NULL;

	if (len > LAYOUT_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "manifest.json of %zu bytes is too long", len);
	if (keg_json_parse(text, len, &root, err) < 0)
		return keg_wrap(err, "manifest.json");
	if (!json_object_is_type(root, json_type_array))
		return keg_fail(err, KEG_ECORRUPT, "manifest.json: not a list of images");

	size_t n = json_object_array_length(root);
	if (n > LAYOUT_ITEMS_MAX)
		return keg_fail(err, KEG_ECORRUPT, "manifest.json: %zu images, more than %d", n,
				LAYOUT_ITEMS_MAX);

	struct docker_archive_item *items = keg_arena_alloc(arena, n + 1, sizeof *items);
	for (size_t i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(root, i);

		if (keg_json_decode(item, item_rows, &items[i], arena, err) < 0)
			return keg_wrap(err, "manifest.json: image %zu", i);
		if (items[i].n_layers > LAYOUT_ITEMS_MAX)
			return keg_fail(err, KEG_ECORRUPT,
					"manifest.json: image %zu has more than %d layers", i,
					LAYOUT_ITEMS_MAX);
	}
	*out = (struct docker_archive){ .items = items, .n_items = n };
	return 0;
}

void docker_archive_emit(const struct docker_archive *archive, struct keg_buf *out)
{
	autojson root = json_object_new_array();

	for (size_t i = 0; i < archive->n_items; i++)
		json_object_array_add(root, keg_json_encode(item_rows, &archive->items[i]));
	keg_json_print(root, out);
}
