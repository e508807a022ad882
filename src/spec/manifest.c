/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/manifest.h"

#include <string.h>

#include "base/strv.h"
#include "spec/digest.h"
#include "spec/go_json.h"
#include "spec/image_config.h"

/*
 * The peers write each format's members in the order of its own structures, so there are two
 * tables; what the other format lacks stays behind when it is converted.
 */
static const struct keg_json_field descriptor_rows[] = {
	JSON_STR("mediaType", struct descriptor, media_type, KEG_JSON_ALWAYS),
	JSON_STR("digest", struct descriptor, digest, KEG_JSON_REQUIRED),
	JSON_I64("size", struct descriptor, size, KEG_JSON_REQUIRED | KEG_JSON_ALWAYS),
	JSON_STRV("urls", struct descriptor, urls, 0),
	JSON_MAP("annotations", struct descriptor, annotations, 0),
	JSON_STR("data", struct descriptor, data, 0),
	JSON_OBJ("platform", struct descriptor, platform, 0, platform, platform_rows),
	JSON_STR("artifactType", struct descriptor, artifact_type, 0),
	JSON_END,
};

static const struct keg_json_field docker_descriptor_rows[] = {
	JSON_STR("mediaType", struct descriptor, media_type, KEG_JSON_ALWAYS),
	JSON_I64("size", struct descriptor, size, KEG_JSON_ALWAYS),
	JSON_STR("digest", struct descriptor, digest, KEG_JSON_ALWAYS),
	JSON_STRV("urls", struct descriptor, urls, 0),
	JSON_OBJ("platform", struct descriptor, platform, 0, platform, platform_rows),
	JSON_END,
};

static const struct keg_json_field image_rows[] = {
	JSON_INT("schemaVersion", struct manifest, schema_version, KEG_JSON_REQUIRED),
	JSON_STR("mediaType", struct manifest, media_type, 0),
	JSON_STR("artifactType", struct manifest, artifact_type, 0),
	JSON_OBJ("config", struct manifest, config, KEG_JSON_REQUIRED, descriptor, descriptor_rows),
	JSON_OBJV("layers", struct manifest, layers, KEG_JSON_ALWAYS, descriptor, descriptor_rows),
	JSON_OBJ("subject", struct manifest, subject, 0, descriptor, descriptor_rows),
	JSON_MAP("annotations", struct manifest, annotations, 0),
	JSON_END,
};

static const struct keg_json_field docker_image_rows[] = {
	JSON_INT("schemaVersion", struct manifest, schema_version, KEG_JSON_ALWAYS),
	JSON_STR("mediaType", struct manifest, media_type, 0),
	JSON_OBJ("config", struct manifest, config, 0, descriptor, docker_descriptor_rows),
	JSON_OBJV("layers", struct manifest, layers, KEG_JSON_ALWAYS, descriptor,
		  docker_descriptor_rows),
	JSON_END,
};

static const struct keg_json_field index_rows[] = {
	JSON_INT("schemaVersion", struct manifest_index, schema_version, KEG_JSON_REQUIRED),
	JSON_STR("mediaType", struct manifest_index, media_type, 0),
	JSON_STR("artifactType", struct manifest_index, artifact_type, 0),
	JSON_OBJV("manifests", struct manifest_index, manifests, KEG_JSON_ALWAYS, descriptor,
		  descriptor_rows),
	JSON_OBJ("subject", struct manifest_index, subject, 0, descriptor, descriptor_rows),
	JSON_MAP("annotations", struct manifest_index, annotations, 0),
	JSON_END,
};

static const struct keg_json_field docker_list_rows[] = {
	JSON_INT("schemaVersion", struct manifest_index, schema_version, KEG_JSON_ALWAYS),
	JSON_STR("mediaType", struct manifest_index, media_type, 0),
	JSON_OBJV("manifests", struct manifest_index, manifests, KEG_JSON_ALWAYS, descriptor,
		  docker_descriptor_rows),
	JSON_END,
};

/*
 * A manifest without a mediaType is OCI's, unless its configuration says Docker. One
 * that has members of both forms could be read as either by different tools; refuse it.
 */
enum manifest_kind manifest_guess(struct json_object *root, const char *media_type)
{
	bool layers = keg_json_get(root, "layers") || keg_json_get(root, "config");
	enum manifest_kind own = manifest_kind_of_media(keg_json_str(root, "mediaType", NULL));
	/* An empty list is null when Go wrote it. */
	bool manifests =
		keg_json_get(root, "manifests") ||
		(manifest_kind_is_index(own) && json_object_object_get_ex(root, "manifests", NULL));
	enum manifest_kind told = manifest_kind_of_media(media_type);

	if (keg_json_get(root, "fsLayers") || keg_json_i64(root, "schemaVersion", 0) == 1)
		return layers || manifests ? MANIFEST_UNKNOWN : MANIFEST_DOCKER_SCHEMA1;
	if (keg_json_i64(root, "schemaVersion", 0) != 2 || layers == manifests)
		return MANIFEST_UNKNOWN;
	if (own == MANIFEST_UNKNOWN && keg_json_get(root, "mediaType"))
		return MANIFEST_UNKNOWN;
	if (own == MANIFEST_UNKNOWN && told != MANIFEST_UNKNOWN)
		own = told;
	if (own == MANIFEST_UNKNOWN && manifests)
		own = MANIFEST_OCI_INDEX;
	if (own == MANIFEST_UNKNOWN) {
		const char *config = keg_json_str(keg_json_get(root, "config"), "mediaType", NULL);

		own = keg_str_eq(config, MEDIA_DOCKER_CONFIG) ? MANIFEST_DOCKER : MANIFEST_OCI;
	}
	return manifest_kind_is_index(own) == manifests ? own : MANIFEST_UNKNOWN;
}

enum manifest_kind manifest_kind_of(const char *text, size_t len, const char *media_type)
{
	struct keg_err ignored;
	autojson root = NULL;

	if (len > MANIFEST_BYTES_MAX || keg_json_parse(text, len, &root, &ignored) < 0)
		return MANIFEST_UNKNOWN;
	return manifest_guess(root, media_type);
}

static int check_descriptor(const struct descriptor *d, struct keg_err *err)
{
	if (d->size < 0)
		return keg_fail(err, KEG_ECORRUPT, "size: %lld is negative", (long long)d->size);
	return digest_check(d->digest, err);
}

static int check_descriptors(const char *name, const struct descriptor *list, size_t n, size_t most,
			     struct keg_err *err)
{
	if (n > most)
		return keg_fail(err, KEG_ECORRUPT, "%s: %zu entries, more than %zu", name, n, most);
	for (size_t i = 0; i < n; i++) {
		if (check_descriptor(&list[i], err) < 0)
			return keg_wrap(err, "%s[%zu]", name, i);
	}
	return 0;
}

static int parse_image(struct json_object *root, struct keg_arena *arena, struct manifest *out,
		       struct keg_err *err)
{
	int r = keg_json_decode(root, image_rows, out, arena, err);

	if (r < 0)
		return r;
	if (check_descriptor(out->config, err) < 0)
		return keg_wrap(err, "config");
	return check_descriptors("layers", out->layers, out->n_layers, IMAGE_CONFIG_LAYERS_MAX,
				 err);
}

static int parse_index(struct json_object *root, struct keg_arena *arena,
		       struct manifest_index *out, struct keg_err *err)
{
	int r = keg_json_decode(root, index_rows, out, arena, err);

	if (r < 0)
		return r;
	return check_descriptors("manifests", out->manifests, out->n_manifests, MANIFEST_INDEX_MAX,
				 err);
}

int manifest_parse(const char *text, size_t len, const char *media_type, struct keg_arena *arena,
		   struct manifest_doc *out, struct keg_err *err)
{
	struct manifest_doc doc = { 0 };
	autojson root = NULL;
	int r;

	if (len > MANIFEST_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "manifest of %zu bytes is longer than %d", len,
				MANIFEST_BYTES_MAX);
	if (keg_json_parse(text, len, &root, err) < 0)
		return keg_wrap(err, "manifest");
	doc.kind = manifest_guess(root, media_type);
	if (doc.kind == MANIFEST_DOCKER_SCHEMA1)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"a manifest of Docker's schema 1 is not supported here");
	if (doc.kind == MANIFEST_UNKNOWN) {
		const char *own = keg_json_str(root, "mediaType", media_type);

		return keg_fail(err, KEG_EUNSUPPORTED,
				"unsupported or contradictory manifest of type \"%.100s\"",
				own ? own : "");
	}
	r = manifest_kind_is_index(doc.kind) ? parse_index(root, arena, &doc.index, err)
					     : parse_image(root, arena, &doc.image, err);
	if (r < 0)
		return keg_wrap(err, "manifest");
	*out = doc;
	return 0;
}

void manifest_emit(const struct manifest *image, struct keg_buf *out)
{
	bool docker = manifest_kind_of_media(image->media_type) == MANIFEST_DOCKER;
	autojson root = keg_json_encode(docker ? docker_image_rows : image_rows, image);

	go_json_print(root, out);
}

void manifest_index_emit(const struct manifest_index *index, struct keg_buf *out)
{
	bool docker = manifest_kind_of_media(index->media_type) == MANIFEST_DOCKER_LIST;
	autojson root = keg_json_encode(docker ? docker_list_rows : index_rows, index);

	go_json_print(root, out);
}

const struct descriptor *manifest_index_pick(const struct manifest_index *index,
					     const struct platform *want)
{
	const struct descriptor *best = NULL, *any = NULL;
	int nearest = -1;

	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *d = &index->manifests[i];

		if (!d->platform) {
			any = any ? any : d;
			continue;
		}
		int distance = platform_distance(want, d->platform);
		if (distance >= 0 && (nearest < 0 || distance < nearest)) {
			nearest = distance;
			best = d;
		}
	}
	return best ? best : any;
}

int manifest_check_image(const struct manifest *image, struct keg_err *err)
{
	const char *type = image->config->media_type;

	if (keg_str_eq(type, MEDIA_OCI_CONFIG) || keg_str_eq(type, MEDIA_DOCKER_CONFIG))
		return 0;
	return keg_fail(err, KEG_EUNSUPPORTED,
			"unsupported image-specific operation on artifact with type \"%.100s\"",
			keg_str_empty(image->artifact_type) ? (type ? type : "")
							    : image->artifact_type);
}

/* OCI's manifests may have layers of any type, Docker's only those that images have. */
static int convert_layers(const struct manifest *image, enum manifest_kind to,
			  struct manifest *made, struct keg_err *err)
{
	bool any =
		to == MANIFEST_OCI && !keg_str_eq(image->config->media_type, MEDIA_DOCKER_CONFIG);

	for (size_t i = 0; i < image->n_layers; i++) {
		struct descriptor *layer = &made->layers[i];
		const char *type = image->layers[i].media_type;

		*layer = image->layers[i];
		layer->media_type = media_layer_as(type, to, media_packing_of(type));
		if (!layer->media_type && any)
			layer->media_type = type;
		if (!layer->media_type)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"layer %zu of type \"%.100s\" has no form in %s", i,
					type ? type : "", made->media_type);
		if (to == MANIFEST_DOCKER)
			layer->annotations = NULL, layer->n_annotations = 0;
	}
	return 0;
}

int manifest_convert(const struct manifest *image, enum manifest_kind to, struct keg_arena *arena,
		     struct manifest *out, struct keg_err *err)
{
	bool docker = to == MANIFEST_DOCKER;
	int r = docker ? manifest_check_image(image, err) : 0;

	if (r < 0)
		return r;
	if (!manifest_kind_is_image(to))
		keg_bug("not the kind of an image");
	if (docker && image->subject)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"a manifest with a subject has no form in Docker's format");

	struct manifest made = *image;
	made.schema_version = 2;
	made.media_type = manifest_kind_media(to);
	made.config = keg_arena_alloc(arena, 1, sizeof *made.config);
	*made.config = *image->config;
	if (docker)
		made.config->media_type = MEDIA_DOCKER_CONFIG;
	else if (keg_str_eq(made.config->media_type, MEDIA_DOCKER_CONFIG))
		made.config->media_type = MEDIA_OCI_CONFIG;
	made.layers = keg_arena_alloc(arena, image->n_layers + 1, sizeof *made.layers);
	r = convert_layers(image, to, &made, err);
	if (r < 0)
		return r;
	if (docker) /* schema 2 has no such members */
		made.annotations = NULL, made.n_annotations = 0, made.artifact_type = NULL;
	*out = made;
	return 0;
}
