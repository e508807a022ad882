/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/image_inspect.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "spec/image_config.h"
#include "spec/manifest.h"
#include "spec/reference.h"

/* The config's key is its digest, which the manifest names; it need not be the image's id. */
static int load_documents(struct store *store, const struct store_image *image,
			  struct keg_arena *arena, struct manifest_doc *manifest,
			  struct keg_buf *config, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = store_image_data(store, image, "manifest", MANIFEST_BYTES_MAX, &text, err);

	if (r >= 0)
		r = manifest_parse(keg_buf_text(&text), text.len, NULL, arena, manifest, err);
	if (r < 0)
		return keg_wrap(err, "image %.12s", image->id);
	if (!manifest_kind_is_image(manifest->kind))
		return keg_fail(err, KEG_ECORRUPT, "image %.12s: its manifest is an index",
				image->id);
	return store_image_data(store, image, manifest->image.config->digest,
				IMAGE_CONFIG_BYTES_MAX, config, err);
}

int image_config_load(struct store *store, const struct store_image *image, struct keg_arena *arena,
		      struct image_config *out, struct keg_err *err)
{
	struct manifest_doc manifest = { 0 };
	auto(keg_buf) text = { 0 };
	int r = load_documents(store, image, arena, &manifest, &text, err);

	if (r >= 0)
		r = image_config_parse(keg_buf_text(&text), text.len, arena, out, err);
	return r;
}

static struct json_object *string_list(const char *const *list, size_t n)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_string(list[i]));
	return array;
}

struct json_object *image_repo_digests(const struct store_image *image)
{
	struct json_object *list = json_object_new_array();
	auto(keg_strv) seen = { 0 };

	for (size_t i = 0; i < image->n_names; i++) {
		auto(reference) ref = { 0 };
		struct keg_err ignored;

		if (reference_parse(image->names[i], &ref, &ignored) < 0)
			continue;
		autofree char *name = reference_name(&ref);
		for (size_t k = 0; k < image->n_digests; k++) {
			autofree char *full = keg_printf("%s@%s", name, image->digests[k]);

			if (keg_strv_has(&seen, full))
				continue;
			keg_strv_add(&seen, full);
			json_object_array_add(list, json_object_new_string(full));
		}
	}
	return list;
}

static struct json_object *history_list(const struct image_config *config)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < config->n_history; i++)
		json_object_array_add(list,
				      keg_json_encode(image_history_rows, &config->history[i]));
	return list;
}

static void put_folders(struct json_object *data, const char *root, const char *layer)
{
	autofree char *upper = keg_printf("%s/overlay/%s/diff", root, layer);
	autofree char *work = keg_printf("%s/overlay/%s/work", root, layer);

	keg_json_put_str(data, "UpperDir", upper);
	keg_json_put_str(data, "WorkDir", work);
}

static struct json_object *graph_driver(struct store *store, const struct store_image *image)
{
	struct json_object *driver = json_object_new_object();
	struct json_object *data = json_object_new_object();
	const struct store_config *config = store_config(store);

	if (*image->layer && strcmp(config->driver, "overlay") == 0)
		put_folders(data, config->imagestore ? config->imagestore : config->graphroot,
			    image->layer);
	keg_json_put_str(driver, "Name", config->driver);
	json_object_object_add(driver, "Data", data);
	return driver;
}

static struct json_object *rootfs(const struct image_config *config)
{
	struct json_object *obj = json_object_new_object();

	keg_json_put_str(obj, "Type", config->rootfs->type);
	json_object_object_add(obj, "Layers",
			       string_list(config->rootfs->diff_ids, config->rootfs->n_diff_ids));
	return obj;
}

static void put(struct json_object *obj, const char *name, struct json_object *value)
{
	json_object_object_add(obj, name, value);
}

static void put_text(struct json_object *obj, const char *name, const char *text)
{
	keg_json_put_str(obj, name, text ? text : "");
}

static void put_config(struct json_object *obj, struct store *store,
		       const struct store_image *image, const struct image_config *config,
		       const struct manifest_doc *manifest)
{
	const struct image_run_config *run = config->config;

	put_text(obj, "Comment", config->comment);
	put_text(obj, "Created", config->created);
	put(obj, "Config", keg_json_encode(image_run_config_rows, run));
	put_text(obj, "Version", config->docker_version);
	put_text(obj, "Author", config->author);
	put_text(obj, "Architecture", config->architecture);
	put_text(obj, "Os", config->os);
	put(obj, "Size", json_object_new_int64(image->size));
	put(obj, "VirtualSize", json_object_new_int64(image->size));
	put(obj, "GraphDriver", graph_driver(store, image));
	put(obj, "RootFS", rootfs(config));
	put(obj, "Labels", run->n_labels ? keg_json_of_pairs(run->labels, run->n_labels) : NULL);
	put(obj, "Annotations",
	    keg_json_of_pairs(manifest->image.annotations, manifest->image.n_annotations));
	put_text(obj, "ManifestType", manifest_kind_media(manifest->kind));
	put_text(obj, "User", run->user);
	put(obj, "History", history_list(config));
}

int image_inspect(struct store *store, const struct store_image *image, struct json_object **out,
		  struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct manifest_doc manifest = { 0 };
	struct image_config config = { 0 };
	auto(keg_buf) text = { 0 };
	int r = load_documents(store, image, &arena, &manifest, &text, err);

	if (r >= 0)
		r = image_config_parse(keg_buf_text(&text), text.len, &arena, &config, err);
	if (r < 0)
		return r;

	struct json_object *obj = json_object_new_object();
	put_text(obj, "Id", image->id);
	put_text(obj, "Digest", image->digest);
	put(obj, "RepoTags", string_list(image->names, image->n_names));
	put(obj, "RepoDigests", image_repo_digests(image));
	put_text(obj, "Parent", config.parent);
	put_config(obj, store, image, &config, &manifest);
	put(obj, "NamesHistory", string_list(image->history, image->n_history));
	*out = obj;
	return 0;
}
