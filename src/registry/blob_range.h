/* SPDX-License-Identifier: Apache-2.0 */
/* blob_range.h - parts of a blob, as many as possible with one request. */
#ifndef KEG_REGISTRY_BLOB_RANGE_H
#define KEG_REGISTRY_BLOB_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "registry/blob.h"

struct registry_range {
	uint64_t at, len;
};

/*
 * Give the bytes of the ranges, which ascend, do not touch and are not empty, to `sink`: one
 * after the other, without what lies between them. `size` is the blob's. A connection that breaks
 * is made again for the rest. KEG_EUNSUPPORTED when the registry gives whole blobs only. Nothing
 * is verified but where the bytes are said to stand.
 */
int registry_blob_ranges(struct registry_repo *repo, const char *digest, uint64_t size,
			 const struct registry_range *ranges, size_t n, registry_sink *sink,
			 void *ctx, struct keg_err *err) KEG_MUST_CHECK;

/* "bytes START-LAST/TOTAL" (total -1: '*'); a negative number when it is nothing of that kind. */
int registry_range_parse(const char *text, int64_t *start, int64_t *last, int64_t *total);

#endif
