/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_list.h - manifest lists that are put together in the store, as Podman and Buildah keep
 * them: an image without layers, whose manifest is the list, and whose document "instances.json"
 * says for each entry's digest where its image is, as "transport:details".
 */
#ifndef KEG_IMAGE_LOCAL_LIST_H
#define KEG_IMAGE_LOCAL_LIST_H

#include "image/transport.h"
#include "store/image.h"

struct local_list {
	struct keg_arena arena;
	char *id;
	struct manifest_index index;
	struct json_object *instances;
};

/* The list that an image of the store is; KEG_EUSAGE when it is none. */
int local_list_load(struct store *store, const struct store_image *image, struct local_list *out,
		    struct keg_err *err) KEG_MUST_CHECK;
void local_list_done(struct local_list *list);
KEG_AUTO(local_list, local_list_done)

/*
 * An entry for a digest, the one there is or a new one; valid until the next call. `size` -1: none
 * is made, and NULL returned when there is none.
 */
struct descriptor *local_list_entry(struct local_list *list, const char *digest, int64_t size);
/* Returns whether there was one. */
bool local_list_drop(struct local_list *list, const char *digest);

/* Write it, as an OCI index where something in it needs one, with further names for the image. */
int local_list_save(struct local_list *list, struct store *store, const char *const *names,
		    size_t n_names, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Held while a list is read, changed and written, so that of two changes at once none is lost. The
 * descriptor; closing it ends that.
 */
int local_list_lock(struct store *store, struct keg_err *err) KEG_MUST_CHECK;

/* Is there such a document with the image? */
bool local_list_is(struct store *store, const struct store_image *image);

/*
 * Where the image of an entry is, as a source of its own, and whether it is below an index there.
 * `access` must live as long as the source.
 */
int local_list_source(struct store *store, const struct store_image *image, const char *digest,
		      const struct image_access *access, struct image_source **out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
