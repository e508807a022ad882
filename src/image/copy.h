/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.h - the copy engine: one image, or an index with several, from a source to a
 * destination. Blobs travel on several threads; each is verified against digest and size
 * while it travels, so the destination never sees the end of a wrong one.
 */
#ifndef KEG_IMAGE_COPY_H
#define KEG_IMAGE_COPY_H

#include "image/progress.h"
#include "image/signer.h"
#include "image/transport.h"

enum image_copy_which {
	IMAGE_COPY_SYSTEM = 0, /* from an index the one for the platform */
	IMAGE_COPY_ALL,	       /* the index and all of its images */
	IMAGE_COPY_INDEX_ONLY, /* the index alone */
};

struct image_policy;

struct image_copy {
	const struct image_access *source_access; /* platform wanted, policy */
	enum image_copy_which which;
	const char *format;	   /* media type of the manifest wanted, NULL: the source's */
	bool preserve_digests;	   /* fail rather than change a manifest */
	bool compress, decompress; /* --dest-compress, --dest-decompress */
	const char *compress_with; /* as media_packing_known(); NULL: gzip */
	unsigned parallel;	   /* blobs at once; 0: what suits both ends */
	int compress_level;	   /* 0: the format's default */
	bool remove_signatures;	   /* those of the source stay behind */
	const struct image_policy *policy; /* of the source; NULL: anything is accepted */
	const struct image_signer *signer; /* signs what is written; NULL: nobody */
	/* "jwe:FILE" each, and the layers to encrypt (below 0: from the top; none: all). */
	const char *const *encryption_keys;
	const int *encrypt_layers;
	const char *const *decryption_keys; /* "FILE[:PASSWORD]" each */
	size_t n_encryption_keys, n_encrypt_layers, n_decryption_keys;
	struct image_progress progress;
};

/* Both ends stay the caller's. *manifest (may be NULL) gets the manifest as it was written. */
int image_copy_run(struct image_source *src, struct image_dest *dst, const struct image_copy *how,
		   struct keg_buf *manifest, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The digest of the image in an index that `access` wants (its platform, else this machine's),
 * within `doc`; NULL with *err filled when there is none.
 */
const char *image_pick_instance(const struct manifest_doc *doc, const struct image_access *access,
				struct keg_err *err) KEG_MUST_CHECK;

/*
 * After `r`: may another attempt succeed? Says so, after the wait before it, until the retries of
 * `access` are used up; *tries counts them and starts at 0.
 */
bool image_try_again(const struct image_access *access, int r, unsigned *tries);

/* KEG_EBUSY when the deadline (0: none) has passed. */
int image_check_deadline(int64_t deadline_ns, struct keg_err *err) KEG_MUST_CHECK;

/*
 * From name to name: policy, opening, copying, commit, and that again after failures of the
 * network as often as the source's access says. Fills how->source_access.
 */
struct image_copy_names {
	const char *source, *dest; /* "transport:details" */
	const struct image_access *source_access, *dest_access;
	struct image_signing signing;
};
int image_copy_by_name(const struct image_copy_names *names, struct image_copy *how,
		       struct keg_buf *manifest, struct keg_err *err) KEG_MUST_CHECK;

#endif
