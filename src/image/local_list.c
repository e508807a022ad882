/* SPDX-License-Identifier: Apache-2.0 */
#include "image/local_list.h"

#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/num.h"
#include "image/digest_of.h"
#include "store/commit.h"
#include "store/store.h"

#define INSTANCES "instances.json"

static int read_instances(struct store *store, const struct store_image *image,
			  struct json_object **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = store_image_data(store, image, INSTANCES, MANIFEST_BYTES_MAX, &text, err);

	if (r >= 0)
		r = keg_json_parse(keg_buf_text(&text), text.len, out, err);
	if (r >= 0 && !json_object_is_type(*out, json_type_object)) {
		json_object_put(*out);
		*out = NULL;
		return keg_fail(err, KEG_ECORRUPT, "%s: no JSON object", INSTANCES);
	}
	return r;
}

bool local_list_is(struct store *store, const struct store_image *image)
{
	autojson instances = NULL;
	struct keg_err ignored;

	return !image->layer[0] && read_instances(store, image, &instances, &ignored) >= 0;
}

int local_list_load(struct store *store, const struct store_image *image, struct local_list *out,
		    struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct manifest_doc doc;
	int r = store_image_data(store, image, "manifest", MANIFEST_BYTES_MAX, &text, err);

	if (r >= 0)
		r = manifest_parse(text.data, text.len, NULL, &out->arena, &doc, err);
	if (r < 0)
		return keg_wrap(err, "manifest of image %s", image->id);
	if (!manifest_kind_is_index(doc.kind))
		return keg_fail(err, KEG_EUSAGE, "%s: image is not a manifest list",
				image->n_names ? image->names[0] : image->id);
	out->index = doc.index;
	out->id = keg_strdup(image->id);
	if (read_instances(store, image, &out->instances, err) < 0)
		out->instances = json_object_new_object(); /* pulled, not made here */
	return 0;
}

void local_list_done(struct local_list *list)
{
	if (list->instances)
		json_object_put(list->instances);
	free(list->id);
	keg_arena_done(&list->arena);
}

struct descriptor *local_list_entry(struct local_list *list, const char *digest, int64_t size)
{
	struct manifest_index *index = &list->index;

	for (size_t i = 0; i < index->n_manifests; i++) {
		if (keg_str_eq(index->manifests[i].digest, digest))
			return &index->manifests[i];
	}
	if (size < 0)
		return NULL;
	struct descriptor *more =
		keg_arena_alloc(&list->arena, index->n_manifests + 1, sizeof *more);
	if (index->n_manifests > 0)
		memcpy(more, index->manifests, index->n_manifests * sizeof *more);
	index->manifests = more;
	struct descriptor *made = &more[index->n_manifests++];
	*made = (struct descriptor){ .digest = keg_arena_strdup(&list->arena, digest),
				     .size = size };
	return made;
}

bool local_list_drop(struct local_list *list, const char *digest)
{
	struct manifest_index *index = &list->index;
	size_t kept = 0;

	for (size_t i = 0; i < index->n_manifests; i++) {
		if (!keg_str_eq(index->manifests[i].digest, digest))
			index->manifests[kept++] = index->manifests[i];
	}
	bool dropped = kept < index->n_manifests;
	index->n_manifests = kept;
	json_object_object_del(list->instances, digest);
	return dropped;
}

/* Docker's lists know only Docker's manifests, and no annotations. */
static bool needs_oci(const struct manifest_index *index)
{
	if (index->n_annotations > 0 || index->subject || index->artifact_type)
		return true;
	for (size_t i = 0; i < index->n_manifests; i++) {
		const struct descriptor *entry = &index->manifests[i];

		if (entry->n_annotations > 0 || entry->artifact_type ||
		    manifest_kind_of_media(entry->media_type) == MANIFEST_OCI)
			return true;
	}
	return false;
}

int local_list_save(struct local_list *list, struct store *store, const char *const *names,
		    size_t n_names, struct keg_err *err)
{
	auto(keg_buf) manifest = { 0 }, instances = { 0 };
	char digests[2][DIGEST_SHA256_LEN + 1];
	char id[KEG_ID_LEN + 1];

	if (!list->id) {
		keg_random_id(id);
		list->id = keg_strdup(id);
	}
	list->index.schema_version = 2;
	list->index.media_type = manifest_kind_media(
		needs_oci(&list->index) ? MANIFEST_OCI_INDEX : MANIFEST_DOCKER_LIST);
	keg_json_put_str(list->instances, "", list->id);
	manifest_index_emit(&list->index, &manifest);
	keg_json_print(list->instances, &instances);
	image_digest_of(digests[0], manifest.data, manifest.len);
	image_digest_of(digests[1], instances.data, instances.len);
	const struct store_new_data data[] = {
		{ "manifest", digests[0], manifest.data, manifest.len },
		{ INSTANCES, digests[1], instances.data, instances.len },
	};
	const struct store_new_image image = {
		.id = list->id,
		.names = names,
		.n_names = n_names,
		.data = data,
		.n_data = KEG_COUNT(data),
		.created = keg_now(),
	};
	return store_commit(store, NULL, 0, &image, NULL, err);
}

int local_list_lock(struct store *store, struct keg_err *err)
{
	int dir = store_keg_dir(store, err);
	if (dir < 0)
		return dir;
	autofd int fd = keg_open_at(dir, "lists.lock", O_RDWR | O_CREAT, 0600, err);
	if (fd < 0)
		return fd;
	int r = keg_lock_flock(fd, KEG_LOCK_EXCLUSIVE, err);
	return r < 0 ? r : take_fd(&fd);
}

int local_list_source(struct store *store, const struct store_image *image, const char *digest,
		      const struct image_access *access, struct image_source **out,
		      struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	autojson instances = NULL;
	int r = read_instances(store, image, &instances, err);

	if (r < 0)
		return r;
	const char *where = keg_json_str(instances, digest, NULL);
	if (!where)
		return keg_fail(err, KEG_ENOTFOUND, "it is not known where the image %s is",
				digest);
	r = image_name_parse(where, &transport, &rest, err);
	if (r >= 0)
		r = transport->source(rest, access, out, err);
	return r < 0 ? keg_wrap(err, "image %s of a list", digest) : r;
}
