/* SPDX-License-Identifier: Apache-2.0 */
#include "store/index.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "store/image.h"
#include "store/index_format.h"
#include "store/layer.h"

uint32_t index_hash(enum index_key what, const char *key)
{
	uint32_t hash = 2166136261U + (uint32_t)what; /* FNV-1a */

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 16777619U;
	return hash;
}

/* Against a file that a power cut left torn, not against malice: it is the owner's file. */
uint64_t index_sum(const struct index_head *head, size_t len)
{
	const size_t from = offsetof(struct index_head, size);
	const char *at = (const char *)head + from;
	uint64_t sum = len;

	for (size_t left = len - from; left >= sizeof sum; left -= sizeof sum, at += sizeof sum) {
		uint64_t word;

		memcpy(&word, at, sizeof word);
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 32;
	}
	return sum;
}

static void source_of(int dir, const struct store_list_files *files, struct index_source *out)
{
	struct stat st;

	/* The token first: a change after it was read shows in the list itself. */
	autofd int lock = openat(dir, files->lock, O_RDONLY | O_CLOEXEC);
	if (lock >= 0 && pread(lock, out->token, sizeof out->token, 0) < 0)
		memset(out->token, 0, sizeof out->token);
	if (fstatat(dir, files->file, &st, 0) == 0) {
		out->dev = st.st_dev;
		out->ino = st.st_ino;
		out->size = (uint64_t)st.st_size;
		out->sec = st.st_mtim.tv_sec;
		out->nsec = st.st_mtim.tv_nsec;
	}
	if (fstatat(dir, files->volatile_file, &st, 0) == 0) {
		out->volatile_ino = st.st_ino;
		out->volatile_size = (uint64_t)st.st_size;
		out->volatile_sec = st.st_mtim.tv_sec;
		out->volatile_nsec = st.st_mtim.tv_nsec;
	}
}

void index_sources(const struct store_place *place, struct index_source out[INDEX_SOURCES])
{
	memset(out, 0, INDEX_SOURCES * sizeof *out);
	for (int i = 0; i < INDEX_SOURCES; i++)
		source_of(place->lists[i], &store_list_files[i], &out[i]);
}

void store_index_close(struct store_index *index)
{
	void *block = (void *)(uintptr_t)index->head;

	if (block && index->mapped)
		munmap(block, index->len);
	else
		free(block);
	*index = (struct store_index){ 0 };
}

static bool fits(size_t len, uint32_t at, uint32_t n, size_t size, size_t alignment)
{
	return at % alignment == 0 && at <= len && n <= (len - at) / size;
}

/* Is the block whole, and its tables within it? The strings end because its last byte is 0. */
static bool is_sound(const struct index_head *head, size_t len)
{
	return len >= sizeof *head && head->magic == INDEX_MAGIC && head->size == len &&
	       head->sum == index_sum(head, len) && ((const char *)head)[len - 1] == '\0' &&
	       fits(len, head->images, head->n_images, sizeof(struct index_image),
		    _Alignof(struct index_image)) &&
	       fits(len, head->layers, head->n_layers, sizeof(struct index_layer),
		    _Alignof(struct index_layer)) &&
	       fits(len, head->slots, head->n_slots, sizeof(struct index_slot),
		    _Alignof(struct index_slot)) &&
	       head->n_slots > 0 && (head->n_slots & (head->n_slots - 1)) == 0;
}

/* Whatever is wrong with the file, the answer is that there is none. */
static bool load(struct store_index *index, int dir, const char *name)
{
	struct stat st;
	autofd int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0 || (size_t)st.st_size < sizeof(struct index_head))
		return false;
	void *block = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (block == MAP_FAILED)
		return false;
	*index = (struct store_index){ .head = block, .len = (size_t)st.st_size, .mapped = 1 };
	if (is_sound(index->head, index->len))
		return true;
	store_index_close(index);
	return false;
}

static bool is_current(const struct store_index *index, const struct index_source *now)
{
	return index->head && memcmp(index->head->sources, now, sizeof index->head->sources) == 0;
}

int store_index_refresh(struct store_place *place, int dir, const char *name, struct keg_err *err)
{
	struct index_source now[INDEX_SOURCES];
	struct store_index *index = &place->index;

	index_sources(place, now);
	if (is_current(index, now))
		return 0;
	store_index_close(index);
	if (dir >= 0 && load(index, dir, name)) {
		if (is_current(index, now))
			return 0;
		store_index_close(index);
	}

	auto(keg_buf) block = { 0 };
	struct keg_err unwritten;
	int r = index_build(place, &block, err);
	if (r < 0)
		return keg_wrap(err, "%s", place->path);
	if (dir >= 0 && keg_file_write(dir, name, block.data, block.len, 0600, 0, &unwritten) < 0)
		keg_debug("index of %s: %s", place->path, unwritten.msg);
	index->len = block.len;
	index->head = (const void *)keg_buf_take(&block);
	return 0;
}

void store_index_drop(struct store_place *place, int dir, const char *name)
{
	store_index_close(&place->index);
	unlinkat(dir, name, 0);
}

bool store_index_knows_layers(const struct store_place *place)
{
	struct index_source now[INDEX_SOURCES];

	index_sources(place, now);
	return place->index.head && memcmp(&place->index.head->sources[STORE_LAYERS],
					   &now[STORE_LAYERS], sizeof now[STORE_LAYERS]) == 0;
}

void store_index_restamp(struct store_place *place, int dir, const char *name)
{
	struct index_source now[INDEX_SOURCES];
	struct store_index *index = &place->index;
	struct keg_err unwritten;
	struct index_head *copy = keg_memdup(index->head, index->len);

	index_sources(place, now);
	copy->sources[STORE_LAYERS] = now[STORE_LAYERS];
	copy->sum = index_sum(copy, index->len);
	if (dir >= 0 && keg_file_write(dir, name, copy, index->len, 0600, 0, &unwritten) < 0)
		keg_debug("index of %s: %s", place->path, unwritten.msg);
	size_t len = index->len;
	store_index_close(index);
	*index = (struct store_index){ .head = copy, .len = len };
}

static const void *block_at(const struct store_index *index, uint32_t at)
{
	return (const char *)index->head + at;
}

static const char *text_at(const struct store_index *index, uint32_t at)
{
	return at < index->len ? block_at(index, at) : "";
}

static const struct index_image *image_at(const struct store_index *index, size_t at)
{
	return (const struct index_image *)block_at(index, index->head->images) + at;
}

static const struct index_layer *layer_at(const struct store_index *index, size_t at)
{
	return (const struct index_layer *)block_at(index, index->head->layers) + at;
}

size_t store_index_images(const struct store_index *index)
{
	return index->head->n_images;
}

size_t store_index_layers(const struct store_index *index)
{
	return index->head->n_layers;
}

const char *store_index_image_id(const struct store_index *index, size_t at)
{
	return text_at(index, image_at(index, at)->id);
}

static const char **copy_list(const struct store_index *index, const struct index_list *list,
			      struct keg_arena *arena, size_t *n)
{
	*n = 0;
	if (!fits(index->len, list->at, list->n, sizeof(uint32_t), _Alignof(uint32_t)))
		return NULL;

	const uint32_t *from = block_at(index, list->at);
	const char **copy = keg_arena_alloc(arena, list->n + 1, sizeof *copy);
	for (size_t i = 0; i < list->n; i++)
		copy[i] = keg_arena_strdup(arena, text_at(index, from[i]));
	*n = list->n;
	return copy;
}

void store_index_image(const struct store_index *index, size_t at, struct keg_arena *arena,
		       struct store_image *out)
{
	const struct index_image *from = image_at(index, at);

	*out = (struct store_image){
		.id = keg_arena_strdup(arena, text_at(index, from->id)),
		.digest = keg_arena_strdup(arena, text_at(index, from->digest)),
		.layer = keg_arena_strdup(arena, text_at(index, from->layer)),
		.created = { .tv_sec = from->sec, .tv_nsec = from->nsec },
		.size = from->size,
	};
	out->names = copy_list(index, &from->names, arena, &out->n_names);
	out->history = copy_list(index, &from->history, arena, &out->n_history);
	out->digests = copy_list(index, &from->digests, arena, &out->n_digests);
}

void store_index_layer(const struct store_index *index, size_t at, struct keg_arena *arena,
		       struct store_layer *out)
{
	const struct index_layer *from = layer_at(index, at);

	*out = (struct store_layer){
		.id = keg_arena_strdup(arena, text_at(index, from->id)),
		.parent = keg_arena_strdup(arena, text_at(index, from->parent)),
		.diff_digest = keg_arena_strdup(arena, text_at(index, from->diff_digest)),
		.compressed_digest =
			keg_arena_strdup(arena, text_at(index, from->compressed_digest)),
		.diff_size = from->diff_size,
		.compressed_size = from->compressed_size,
		.compression = (enum store_compression)from->compression,
		.created = { .tv_sec = from->sec, .tv_nsec = from->nsec },
	};
}

int64_t store_index_lookup(const struct store_index *index, enum index_key what, const char *key,
			   size_t *cursor)
{
	const struct index_slot *slots = block_at(index, index->head->slots);
	const size_t mask = index->head->n_slots - 1;
	const size_t limit =
		what <= INDEX_IMAGE_DIGEST ? index->head->n_images : index->head->n_layers;
	const uint32_t hash = index_hash(what, key);

	while (*cursor <= mask) {
		const struct index_slot *slot = &slots[(hash + (*cursor)++) & mask];

		if (slot->key == 0)
			break;
		if (slot->hash == hash && slot->what == (uint32_t)what && slot->position < limit &&
		    strcmp(text_at(index, slot->key), key) == 0)
			return slot->position;
	}
	return -1;
}
