/* SPDX-License-Identifier: Apache-2.0 */
/* blob.h - fetching blobs: streamed, resumed, cut at their declared size. */
#ifndef KEG_REGISTRY_BLOB_H
#define KEG_REGISTRY_BLOB_H

#include <stddef.h>
#include <stdint.h>

#include "registry/registry.h"

/*
 * Takes the next `len` bytes (usually 16 KiB) on the calling thread; may block, which slows
 * the sender down. Negative with *err filled ends the transfer with that error.
 */
typedef int registry_sink(void *ctx, const void *bytes, size_t len, struct keg_err *err);

struct registry_blob_want {
	const char *digest;
	int64_t size;		 /* the descriptor's; < 0: what the registry announces */
	int64_t offset;		 /* start here: what an earlier attempt left is kept */
	const char *const *urls; /* where else it may be (foreign layers), tried first */
	size_t n_urls;
};

/*
 * Give all bytes from `offset` on to `sink`, each once and in order. A connection that
 * breaks or stalls is made again and continued with a Range request, up to a bound. A body
 * of another length than `size` is KEG_ECORRUPT; a longer one is cut off, so that the sink
 * never sees more than `size` bytes. The digest is NOT verified: whoever takes the bytes
 * hashes them, as a resumed blob may begin with bytes that this call has not seen.
 * Returns 0. Errors name the digest and the repository.
 */
int registry_blob_get(struct registry_repo *repo, const struct registry_blob_want *want,
		      registry_sink *sink, void *ctx, struct keg_err *err) KEG_MUST_CHECK;

/* 1 and the size (-1: not said) when the repository has it, 0 when it has not. */
int registry_blob_stat(struct registry_repo *repo, const char *digest, int64_t *size,
		       struct keg_err *err) KEG_MUST_CHECK;

#endif
