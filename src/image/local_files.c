/* SPDX-License-Identifier: Apache-2.0 */
#include "image/local_files.h"

#include <string.h>
#include <unistd.h>
#define HASH_FUNCTION HASH_FNV /* the default falls through its labels, which clang reports */
#include <uthash.h>

#include "archive/compress.h"
#include "archive/layer_dirs.h"
#include "archive/tar_split_format.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "store/layer.h"

enum { READ_BYTES = 128 << 10 };

/* What a tar-split says of a file, and what was wanted of one. */
struct key {
	uint64_t size;
	unsigned char crc[TAR_SPLIT_CRC], digest[KEG_SHA256_SIZE];
};

enum { HINT_LEN = offsetof(struct key, digest) };

struct wanted {
	struct key key;
	struct layer_files *layer; /* where it was found, or NULL */
	char *name;
	UT_hash_handle hh;   /* by the whole key */
	UT_hash_handle hint; /* by size and CRC; those with the same are chained */
	struct wanted *same_hint;
};

/* A layer in which something was found. */
struct layer_files {
	struct layer_files *next;
	struct layer_dirs dirs;
};

struct local_files {
	struct wanted *by_key, *by_hint;
	struct layer_files *layers, *last; /* `last`: whose directories are open */
	size_t missing;
	char *buffer;
};

struct local_files *local_files_new(void)
{
	struct local_files *files = keg_alloc(1, sizeof *files);

	files->buffer = keg_alloc(READ_BYTES, 1);
	return files;
}

static void layer_files_free(struct layer_files *layer)
{
	layer_dirs_flush(&layer->dirs);
	close(layer->dirs.root);
	free(layer);
}

void local_files_free(struct local_files *files)
{
	struct wanted *each = files->by_key;

	HASH_CLEAR(hint, files->by_hint);
	HASH_CLEAR(hh, files->by_key); /* the table; its items stay chained */
	for (struct wanted *next; each; each = next) {
		next = each->hh.next;
		free(each->name);
		free(each);
	}
	while (files->layers) {
		struct layer_files *next = files->layers->next;

		layer_files_free(files->layers);
		files->layers = next;
	}
	free(files->buffer);
	free(files);
}

static struct key key_of(uint64_t size, const void *crc, const unsigned char digest[32])
{
	struct key key = { .size = size };

	memcpy(key.crc, crc, sizeof key.crc);
	memcpy(key.digest, digest, sizeof key.digest);
	return key;
}

static struct wanted *find(const struct local_files *files, const struct key *key)
{
	struct wanted *found;

	HASH_FIND(hh, files->by_key, key, sizeof *key, found);
	return found;
}

void local_files_want(struct local_files *files, uint64_t size, const void *crc,
		      const unsigned char digest[32])
{
	struct key key = key_of(size, crc, digest);
	struct wanted *other;

	if (find(files, &key))
		return;
	struct wanted *wanted = keg_alloc(1, sizeof *wanted);
	wanted->key = key;
	HASH_ADD(hh, files->by_key, key, sizeof wanted->key, wanted);
	HASH_FIND(hint, files->by_hint, &wanted->key, HINT_LEN, other);
	if (other) {
		wanted->same_hint = other->same_hint;
		other->same_hint = wanted;
	} else {
		HASH_ADD_KEYPTR(hint, files->by_hint, &wanted->key, HINT_LEN, wanted);
	}
	files->missing++;
}

/* Does the file have one of the digests that are wanted of such a file? */
static struct wanted *match(struct local_files *files, struct wanted *same, int fd)
{
	unsigned char digest[KEG_SHA256_SIZE];
	struct keg_sha256 sum;
	ssize_t n;

	keg_sha256_init(&sum);
	while ((n = read(fd, files->buffer, READ_BYTES)) > 0)
		keg_sha256_add(&sum, files->buffer, (size_t)n);
	keg_sha256_end(&sum, digest);
	for (; same && n == 0; same = same->same_hint) {
		if (!same->layer && memcmp(same->key.digest, digest, sizeof digest) == 0)
			return same;
	}
	return NULL;
}

static bool is_missing(const struct wanted *same)
{
	for (; same; same = same->same_hint) {
		if (!same->layer)
			return true;
	}
	return false;
}

static void look_at(struct local_files *files, struct layer_files *layer,
		    const struct tar_split_line *line)
{
	static const unsigned char no_digest[KEG_SHA256_SIZE];
	struct wanted *same;
	struct keg_err why;

	if (line->type != TAR_SPLIT_FILE || line->size == 0)
		return;
	const struct key hint = key_of(line->size, line->payload, no_digest);
	HASH_FIND(hint, files->by_hint, &hint, HINT_LEN, same);
	if (!is_missing(same))
		return;
	autofd int fd = layer_dirs_open_file(&layer->dirs, line->name, line->size, &why);
	struct wanted *found = fd < 0 ? NULL : match(files, same, fd);
	if (!found) {
		keg_debug("local file \"%s\" is not what it was", line->name);
		return;
	}
	found->layer = layer;
	found->name = keg_strdup(line->name);
	files->missing--;
}

static int search_split(struct local_files *files, struct layer_files *layer, int split,
			struct keg_err *err)
{
	struct stream_in *file = stream_in_fd(split);
	auto(tar_split_lines) lines = { 0 };
	autoptr(stream_in) plain = NULL;
	const struct tar_split_line *line;

	int r = stream_decompress(file, 0, NULL, &plain, err);
	if (r < 0) {
		stream_in_close(file);
		return r;
	}
	lines.split = plain;
	while (files->missing > 0 && (r = tar_split_next(&lines, &line, err)) > 0)
		look_at(files, layer, line);
	return r < 0 ? r : 0;
}

static int search_layer(struct local_files *files, struct store *store,
			const struct store_layer *layer, struct keg_err *err)
{
	size_t missing = files->missing;
	autofd int split = store_layer_open_split(store, layer, err);
	autofd int tree = split < 0 ? -1 : store_layer_open_diff(store, layer, err);

	if (split < 0 || tree < 0)
		return -(int)err->code;
	struct layer_files *open = keg_alloc(1, sizeof *open);
	open->dirs.root = take_fd(&tree);
	int r = search_split(files, open, take_fd(&split), err);
	layer_dirs_flush(&open->dirs);
	if (files->missing == missing) {
		layer_files_free(open);
	} else {
		open->next = files->layers;
		files->layers = open;
	}
	return r;
}

int local_files_search(struct local_files *files, struct store *store, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_layer *layers;
	size_t n;
	int r = store_layer_list(store, &arena, &layers, &n, err);

	if (r < 0)
		return r;
	for (size_t i = n; i > 0 && files->missing > 0; i--) {
		struct keg_err why;

		if (search_layer(files, store, &layers[i - 1], &why) < 0)
			keg_debug("layer %s: %s", layers[i - 1].id, why.msg);
	}
	return 0;
}

bool local_files_have(const struct local_files *files, uint64_t size, const void *crc,
		      const unsigned char digest[32])
{
	const struct key key = key_of(size, crc, digest);
	const struct wanted *found = find(files, &key);

	return found && found->layer;
}

int local_files_open(struct local_files *files, uint64_t size, const void *crc,
		     const unsigned char digest[32], struct stream_in **out, struct keg_err *err)
{
	const struct key key = key_of(size, crc, digest);
	const struct wanted *found = find(files, &key);

	if (!found || !found->layer)
		return keg_fail(err, KEG_ENOTFOUND, "no local file of that content");
	if (files->last && files->last != found->layer)
		layer_dirs_flush(&files->last->dirs);
	files->last = found->layer;
	int fd = layer_dirs_open_file(&found->layer->dirs, found->name, size, err);
	if (fd < 0)
		return keg_wrap(err, "\"%.200s\"", found->name);
	*out = stream_in_fd(fd);
	return 0;
}
