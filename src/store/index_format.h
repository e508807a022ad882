/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_format.h - the layout of the index file, for index.c, which reads it, and
 * index_build.c, which makes it. Native byte order: the file never leaves the machine.
 */
#ifndef KEG_STORE_INDEX_FORMAT_H
#define KEG_STORE_INDEX_FORMAT_H

#include <stdint.h>

#include "base/buf.h"
#include "store/handle.h"

#define INDEX_MAGIC UINT64_C(0x3178656467656b01) /* with the format's version in it */

/* Which files an index was made of. */
struct index_source {
	uint64_t dev, ino, size; /* of the list; all 0: there was none */
	int64_t sec, nsec;
	uint64_t volatile_ino, volatile_size;
	int64_t volatile_sec, volatile_nsec;
	unsigned char token[64]; /* the last writer's */
};

enum { INDEX_SOURCES = 2 }; /* layers and images, numbered as in enum store_list_kind */

/* Offsets count from the start of the block. */
struct index_head {
	uint64_t magic;
	uint64_t sum;  /* of all that follows this field */
	uint64_t size; /* of the block */
	struct index_source sources[INDEX_SOURCES];
	uint32_t images, n_images; /* struct index_image[] */
	uint32_t layers, n_layers; /* struct index_layer[] */
	uint32_t slots, n_slots;   /* struct index_slot[]; a power of two, never full */
};

struct index_list {
	uint32_t at, n; /* uint32_t[], each the offset of a string */
};

struct index_image {
	uint32_t id, digest, layer; /* offsets of strings; those end with NUL */
	uint32_t nsec;
	int64_t sec, size;
	struct index_list names, history, digests;
};

struct index_layer {
	uint32_t id, parent, diff_digest, compressed_digest;
	int64_t diff_size, compressed_size, sec;
	uint32_t nsec;
	uint32_t compression;
};

struct index_slot {
	uint32_t hash;
	uint32_t key;  /* offset of the string; 0: the slot is free */
	uint32_t what; /* enum index_key */
	uint32_t position;
};

uint32_t index_hash(enum index_key what, const char *key);
uint64_t index_sum(const struct index_head *head, size_t len);

/* What the lists are at this moment. */
void index_sources(const struct store_place *place, struct index_source out[INDEX_SOURCES]);

/* Read the lists and make the whole block, appended to *out. */
int index_build(const struct store_place *place, struct keg_buf *out,
		struct keg_err *err) KEG_MUST_CHECK;

#endif
