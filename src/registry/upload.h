/* SPDX-License-Identifier: Apache-2.0 */
/* upload.h - bringing blobs into a repository. */
#ifndef KEG_REGISTRY_UPLOAD_H
#define KEG_REGISTRY_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "registry/registry.h"

/*
 * Link a blob of another repository of the same registry (`from`: its path without host).
 * 1 done, 0 the registry did not (the blob must be uploaded).
 */
int registry_blob_mount(struct registry_repo *repo, const char *digest, const char *from,
			struct keg_err *err) KEG_MUST_CHECK;

/* Where bytes to send come from. */
struct registry_source {
	/* Up to `room` bytes into `into`: how many, 0 at the end, negative with *err filled. */
	ssize_t (*read)(void *ctx, void *into, size_t room, struct keg_err *err);
	/*
	 * Read on at byte `to` of those that were given already, for another attempt. NULL:
	 * cannot, a broken upload is not continued.
	 */
	int (*seek)(void *ctx, uint64_t to, struct keg_err *err);
	void *ctx;
	int64_t size; /* < 0: unknown, sent as they come */
};

/* An upload whose digest need not be known before its last byte was read. */
struct registry_upload;

/*
 * POST, then PATCH of all of the source: in one piece, or where the registry wants it so in
 * several. When the connection breaks the registry is asked how much it has, and gets the rest; one
 * that cannot tell gets all of it again. On failure nothing is left at the registry; *lost (may be
 * NULL) is true when it was the connection that broke, and the source did not reach back far
 * enough: then another attempt with a fresh source may succeed.
 */
int registry_upload_send(struct registry_repo *repo, const struct registry_source *source,
			 struct registry_upload **out, bool *lost,
			 struct keg_err *err) KEG_MUST_CHECK;
/* PUT: the bytes sent are the blob with this digest. */
int registry_upload_commit(struct registry_upload *upload, const char *digest,
			   struct keg_err *err) KEG_MUST_CHECK;
/* Not committed: the registry is told to forget it. */
void registry_upload_free(struct registry_upload *upload);
KEG_AUTOPTR(registry_upload, registry_upload_free)

/* All of the above for bytes in memory (config blobs). */
int registry_blob_put(struct registry_repo *repo, const char *digest, const void *bytes, size_t len,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
