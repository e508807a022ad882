/* SPDX-License-Identifier: Apache-2.0 */
#include "store/image.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "base/strv.h"
#include "store/handle.h"

static void get_image(struct store *store, size_t place, size_t at, struct keg_arena *arena,
		      struct store_image *out)
{
	store_index_image(&store->places[place].index, at, arena, out);
	out->in_store = (unsigned)place;
	out->read_only = place > 0;
}

int store_image_find(struct store *store, const char *name_or_id, struct keg_arena *arena,
		     struct store_image *out, struct keg_err *err)
{
	for (size_t i = 0; i < store->n_places; i++) {
		size_t from_id = 0, from_name = 0;
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
		const struct store_index *index = &store->places[i].index;
		int64_t at = store_index_lookup(index, INDEX_IMAGE_ID, name_or_id, &from_id);
		if (at < 0)
			at = store_index_lookup(index, INDEX_IMAGE_NAME, name_or_id, &from_name);
		if (at >= 0) {
			get_image(store, i, (size_t)at, arena, out);
			return 0;
		}
	}
	return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", name_or_id);
}

int store_image_find_prefix(struct store *store, const char *prefix, struct keg_arena *arena,
			    struct store_image *out, struct keg_err *err)
{
	size_t len = strlen(prefix), place = 0, position = 0;
	const char *found = NULL;

	for (size_t i = 0; i < store->n_places; i++) {
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
		const struct store_index *index = &store->places[i].index;
		for (size_t at = 0; at < store_index_images(index); at++) {
			const char *id = store_index_image_id(index, at);

			if (strncmp(id, prefix, len) != 0 || keg_str_eq(found, id))
				continue;
			if (found)
				return keg_fail(err, KEG_EUSAGE,
						"%s: more than one image id begins so", prefix);
			found = id;
			place = i;
			position = at;
		}
	}
	if (!found || len == 0)
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", prefix);
	get_image(store, place, position, arena, out);
	return 0;
}

struct image_list {
	struct store_image *items;
	size_t n, room;
};

static struct store_image *list_add(struct image_list *list, struct keg_arena *arena)
{
	if (list->n == list->room) {
		size_t room = list->room ? 2 * list->room : 16;
		struct store_image *more = keg_arena_alloc(arena, room, sizeof *more);

		if (list->n)
			memcpy(more, list->items, list->n * sizeof *more);
		list->items = more;
		list->room = room;
	}
	return &list->items[list->n++];
}

static bool list_has(const struct image_list *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->items[i].id, id) == 0)
			return true;
	}
	return false;
}

int store_image_find_digest(struct store *store, const char *digest, struct keg_arena *arena,
			    struct store_image **out, size_t *n, struct keg_err *err)
{
	struct image_list list = { 0 };

	for (size_t i = 0; i < store->n_places; i++) {
		size_t cursor = 0;
		int64_t at;
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
		const struct store_index *index = &store->places[i].index;
		while ((at = store_index_lookup(index, INDEX_IMAGE_DIGEST, digest, &cursor)) >= 0) {
			if (!list_has(&list, store_index_image_id(index, (size_t)at)))
				get_image(store, i, (size_t)at, arena, list_add(&list, arena));
		}
	}
	*out = list.items;
	*n = list.n;
	return 0;
}

int store_image_list(struct store *store, struct keg_arena *arena, struct store_image **out,
		     size_t *n, struct keg_err *err)
{
	size_t total = 0, filled = 0;

	for (size_t i = 0; i < store->n_places; i++) {
		int r = store_place_refresh(store, i, err);

		if (r < 0)
			return r;
		total += store_index_images(&store->places[i].index);
	}

	struct store_image *list = keg_arena_alloc(arena, total + 1, sizeof *list);
	for (size_t i = 0; i < store->n_places; i++) {
		for (size_t at = 0; at < store_index_images(&store->places[i].index); at++)
			get_image(store, i, at, arena, &list[filled++]);
	}
	*out = list;
	*n = filled;
	return 0;
}

/* What the peers take as a file name as it stands; they encode everything else. */
static bool is_plain_key(const char *key)
{
	return strspn(key, ".0123456789abcdefghijklmnopqrstuvwxyz") == strlen(key);
}

char *store_data_file(const char *key)
{
	if (is_plain_key(key))
		return keg_strdup(key);

	autofree char *encoded = keg_base64(key, strlen(key));
	return keg_printf("=%s", encoded);
}

int store_image_data(struct store *store, const struct store_image *image, const char *key,
		     size_t most, struct keg_buf *out, struct keg_err *err)
{
	autofree char *file = store_data_file(key);
	autofree char *path = keg_path_join(image->id, file);
	int dir = store->places[image->in_store].lists[STORE_IMAGES];

	if (keg_file_read(dir, path, most, out, err) < 0)
		return keg_wrap(err, "image %s: read %s", image->id, key);
	return 0;
}
