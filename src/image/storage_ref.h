/* SPDX-License-Identifier: Apache-2.0 */
/*
 * storage_ref.h - containers-storage:[[driver@]root[+runroot][:options]]{name[@id]|@id|id}, and
 * the store and the image that it means.
 */
#ifndef KEG_IMAGE_STORAGE_REF_H
#define KEG_IMAGE_STORAGE_REF_H

#include "image/access.h"
#include "spec/digest.h"
#include "spec/reference.h"
#include "store/image.h"

struct storage_ref {
	char *driver, *graphroot, *runroot; /* NULL: as the access says */
	struct keg_strv options;
	bool named;
	struct reference ref; /* normalized, with a tag or a digest, when named */
	char *id;	      /* what follows "@", or NULL */
	char *plain;	      /* the text when it may also be the beginning of an id, or NULL */
};

int storage_ref_parse(const char *rest, struct storage_ref *out,
		      struct keg_err *err) KEG_MUST_CHECK;
void storage_ref_done(struct storage_ref *ref);
KEG_AUTO(storage_ref, storage_ref_done)

/* As messages show it: "[driver@root+runroot]name". The caller frees. */
char *storage_ref_format(const struct storage_ref *ref, const struct store *store);

/* Where that store is and how it is used; *out is the caller's. */
int storage_ref_config(const struct storage_ref *ref, const struct image_access *access,
		       struct store_config *out, struct keg_err *err) KEG_MUST_CHECK;

/* The store of the specifier, or of the access where there is none. */
int storage_ref_open(const struct storage_ref *ref, const struct image_access *access,
		     struct store **out, struct keg_err *err) KEG_MUST_CHECK;

/* KEG_ENOTFOUND with the peers' words when there is no such image. */
int storage_ref_resolve(const struct storage_ref *ref, struct store *store, struct keg_arena *arena,
			struct store_image *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
