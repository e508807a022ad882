/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob_cache.h - what earlier transfers learned of blobs: which repositories have one, and what a
 * plain layer became when it was packed. With that a layer that a registry has is not sent to it
 * again, also when the registry keeps it for another repository or packed.
 *
 * All of it is a hint: a registry is asked before anything is left out, so what is outdated or
 * wrong costs a question. Each command appends what is new in one write; the oldest half goes
 * when the file has grown to BLOB_CACHE_BYTES_MOST.
 */
#ifndef KEG_REGISTRY_BLOB_CACHE_H
#define KEG_REGISTRY_BLOB_CACHE_H

#include <stddef.h>

#include "base/strv.h"

enum { BLOB_CACHE_BYTES_MOST = 512 << 10 };

/* Used by several threads at once. */
struct blob_cache;

/*
 * $KEG_BLOB_CACHE, else keg-blobs in the folder where the peers keep theirs. The file is read at
 * the first question; one that cannot be read is empty.
 */
struct blob_cache *blob_cache_open(void);
/* Of a text instead of a file, to which nothing is written. */
struct blob_cache *blob_cache_of_text(const char *text, size_t len);
/* Appends what was learned. That it cannot be written is no failure of a transfer. */
void blob_cache_close(struct blob_cache *cache);
KEG_AUTOPTR(blob_cache, blob_cache_close)

/* `repository` ("host/path") has the blob. */
void blob_cache_saw(struct blob_cache *cache, const char *repository, const char *digest);
/* The layer with the digest `plain` becomes the blob `packed` by `how` ("gzip", "zstd"). */
void blob_cache_packed(struct blob_cache *cache, const char *plain, const char *packed,
		       const char *how);

/* The paths of at most `most` repositories on `host` that have the blob, the latest first. */
void blob_cache_find_repos(struct blob_cache *cache, const char *host, const char *digest,
			   size_t most, struct keg_strv *out);
/* At most `most` blobs that `plain` becomes by `how`, the latest first. */
void blob_cache_find_packed(struct blob_cache *cache, const char *plain, const char *how,
			    size_t most, struct keg_strv *out);

#endif
