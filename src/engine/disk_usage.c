/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists say how large layers are, so that no tree is walked but those of layers whose
 * size nobody noted. A layer is counted once, however many images have it.
 */
#include "engine/disk_usage.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "engine/container.h"
#include "engine/container_size.h"
#include "engine/image_uses.h"
#include "engine/tree_size.h"
#include "engine/volume.h"
#include "store/layer.h"

/* --- images -------------------------------------------------------------------------------- */

struct layer_use {
	struct store_layer layer;
	int64_t size;
	size_t images;
	bool needed; /* an image that a container uses has it */
};

struct layer_uses {
	struct layer_use *v; /* sorted by id */
	size_t n;
};

static int by_id(const void *a_, const void *b_)
{
	const struct layer_use *a = a_, *b = b_;

	return strcmp(a->layer.id, b->layer.id);
}

static struct layer_use *find(const struct layer_uses *uses, const char *id)
{
	const struct layer_use key = { .layer.id = id };

	return *id ? bsearch(&key, uses->v, uses->n, sizeof key, by_id) : NULL;
}

static int64_t layer_size(struct store *store, const struct store_layer *layer)
{
	struct keg_err ignored;

	if (layer->diff_size >= 0)
		return layer->diff_size;
	autofd int diff = store_layer_open_diff(store, layer, &ignored);
	return diff < 0 ? 0 : tree_size(diff, ".");
}

static int load_layers(struct store *store, struct keg_arena *arena, struct layer_uses *out,
		       struct keg_err *err)
{
	struct store_layer *layers;
	int r = store_layer_list(store, arena, &layers, &out->n, err);

	if (r < 0)
		return r;
	out->v = keg_arena_alloc(arena, out->n + 1, sizeof *out->v);
	for (size_t i = 0; i < out->n; i++)
		out->v[i].layer = layers[i];
	qsort(out->v, out->n, sizeof *out->v, by_id);
	return 0;
}

/* From the topmost down, at most as many steps as there are layers: a circle ends, too. */
struct descent {
	const struct layer_uses *uses;
	size_t left;
};

static struct layer_use *descend(struct descent *d, const char *to)
{
	return d->left > 0 && d->left-- ? find(d->uses, to) : NULL;
}

static void count_layers(struct store *store, const struct layer_uses *uses,
			 const struct store_image *image, bool used)
{
	struct descent d = { uses, uses->n };

	for (struct layer_use *use = descend(&d, image->layer); use;
	     use = descend(&d, use->layer.parent)) {
		if (use->images++ == 0)
			use->size = layer_size(store, &use->layer);
		use->needed |= used;
	}
}

static void sum_image(const struct layer_uses *uses, struct disk_image *row, bool used,
		      struct disk_images *out)
{
	struct descent d = { uses, uses->n };
	int64_t documents = row->image->size;

	for (struct layer_use *use = descend(&d, row->image->layer); use;
	     use = descend(&d, use->layer.parent)) {
		if (use->layer.diff_size > 0)
			documents -= use->layer.diff_size;
		if (use->images > 1)
			row->shared += use->size;
		else
			row->unique += use->size;
	}
	row->unique += documents;
	out->total += documents;
	out->reclaimable += used ? 0 : documents;
}

int disk_usage_images(struct engine *engine, struct keg_arena *arena, struct disk_images *out,
		      struct keg_err *err)
{
	auto(image_uses) containers = { 0 };
	struct layer_uses layers = { 0 };
	struct store_image *images;
	struct store *store;
	int r = engine_store(engine, &store, err);

	*out = (struct disk_images){ 0 };
	if (r >= 0)
		r = store_image_list(store, arena, &images, &out->n, err);
	if (r >= 0)
		r = load_layers(store, arena, &layers, err);
	if (r >= 0)
		r = image_uses_load(engine, &containers, err);
	if (r < 0)
		return r;

	out->v = keg_arena_alloc(arena, out->n + 1, sizeof *out->v);
	for (size_t i = 0; i < out->n; i++) {
		out->v[i].image = &images[i];
		out->v[i].containers = image_uses_count(&containers, images[i].id, true);
		count_layers(store, &layers, &images[i], out->v[i].containers > 0);
	}
	for (size_t i = 0; i < out->n; i++)
		sum_image(&layers, &out->v[i], out->v[i].containers > 0, out);
	for (size_t i = 0; i < layers.n; i++) {
		out->total += layers.v[i].size;
		out->reclaimable += layers.v[i].needed ? 0 : layers.v[i].size;
	}
	return 0;
}

int disk_usage_images_total(struct engine *engine, int64_t *out, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct disk_images images;
	int r = disk_usage_images(engine, &arena, &images, err);

	if (r >= 0)
		*out = images.total;
	return r;
}

/* --- containers ---------------------------------------------------------------------------- */

struct container_rows {
	struct keg_arena *arena;
	struct disk_container *v;
	size_t n, room;
};

static const char *command_of(const struct container *c, struct keg_arena *arena)
{
	auto(keg_strv) words = { 0 };

	keg_strv_extend(&words, c->record.command, c->record.n_command);
	autofree char *text = keg_strv_join(&words, " ");
	return keg_arena_strdup(arena, text);
}

static int add_container(void *ctx, struct container *c, struct keg_err *err)
{
	struct container_rows *rows = ctx;
	struct container_size size = { 0 };
	struct keg_err gone;

	(void)err;
	/* One that disappears meanwhile, or whose image is lost, takes what can be seen of it. */
	if (container_size(c, &size, &gone) < 0)
		size.rw = tree_size(c->dir, CONTAINER_DIR_UPPER);
	if (rows->n == rows->room) {
		size_t room = rows->room ? 2 * rows->room : 32;
		struct disk_container *more = keg_arena_alloc(rows->arena, room, sizeof *more);

		if (rows->n)
			memcpy(more, rows->v, rows->n * sizeof *more);
		rows->v = more;
		rows->room = room;
	}
	rows->v[rows->n++] = (struct disk_container){
		.id = keg_arena_strdup(rows->arena, c->id),
		.image_id = keg_arena_strdup(rows->arena, c->record.image_id),
		.name = keg_arena_strdup(rows->arena, c->record.name),
		.status = container_status_name(c->state.status),
		.command = command_of(c, rows->arena),
		.volumes = c->record.n_volumes,
		.rw = size.rw,
		.created = c->record.created,
		.running = c->state.status == CONTAINER_RUNNING ||
			   c->state.status == CONTAINER_PAUSED ||
			   c->state.status == CONTAINER_STOPPING,
	};
	return 0;
}

int disk_usage_containers(struct engine *engine, struct keg_arena *arena,
			  struct disk_container **out, size_t *n, struct keg_err *err)
{
	struct container_rows rows = { .arena = arena };
	int r = container_each(engine, add_container, &rows, err);

	*out = rows.v;
	*n = rows.n;
	return r;
}

/* --- volumes -----------------------------------------------------------------------------------
 */

static int add_links(void *ctx, struct container *c, struct keg_err *err)
{
	struct keg_strv *used = ctx;

	(void)err;
	keg_strv_extend(used, c->record.volumes, c->record.n_volumes);
	return 0;
}

static size_t count(const struct keg_strv *names, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < names->n; i++)
		n += strcmp(names->v[i], name) == 0;
	return n;
}

int disk_usage_volumes(struct engine *engine, struct keg_arena *arena, struct disk_volume **out,
		       size_t *n, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	auto(keg_strv) used = { 0 };
	int r = volume_names(engine, &names, err);

	/* The volumes first: one that is made now has its container later than our look. */
	if (r >= 0)
		r = container_each(engine, add_links, &used, err);
	if (r < 0)
		return r;
	*out = keg_arena_alloc(arena, names.n + 1, sizeof **out);
	*n = names.n;
	for (size_t i = 0; i < names.n; i++) {
		autofree char *data = keg_printf("%s/%s/_data", engine->volumes, names.v[i]);

		(*out)[i] = (struct disk_volume){
			.name = keg_arena_strdup(arena, names.v[i]),
			.links = count(&used, names.v[i]),
			.size = tree_size(AT_FDCWD, data),
		};
	}
	return 0;
}
