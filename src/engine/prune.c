/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/prune.h"

#include <string.h>

#include "engine/container_filter.h"
#include "engine/container_size.h"
#include "engine/disk_usage.h"
#include "engine/image_list.h"
#include "engine/image_parents.h"
#include "engine/image_uses.h"
#include "engine/lifecycle.h"
#include "engine/volume.h"
#include "store/container.h"

void prune_result_done(struct prune_result *result)
{
	keg_strv_done(&result->removed);
	keg_strv_done(&result->errors);
	*result = (struct prune_result){ 0 };
}

static int check_filters(const struct keg_strv *filters, struct keg_err *err)
{
	static const char *const known[] = { "label=", "label!=", "until=" };

	for (size_t i = 0; i < filters->n; i++) {
		bool found = false;

		for (size_t k = 0; k < KEG_COUNT(known); k++)
			found |= keg_str_starts(filters->v[i], known[k]);
		if (!found)
			return keg_fail(
				err, KEG_EUSAGE,
				"%s: not a filter for this command: label, label! and until "
				"are",
				filters->v[i]);
	}
	return 0;
}

/* One that stays is no failure of the others. */
static void note_failure(struct prune_result *out, const struct keg_err *why)
{
	if (why->code != KEG_ENOTFOUND)
		keg_strv_add(&out->errors, why->msg);
}

/* --- containers ---------------------------------------------------------------------------- */

struct container_pruning {
	struct container_filter filter;
	struct prune_result *out;
};

static void container_pruning_done(struct container_pruning *p)
{
	container_filter_done(&p->filter);
}
KEG_AUTO(container_pruning, container_pruning_done)

static int prune_container(void *ctx, struct container *c, struct keg_err *err)
{
	const struct lifecycle_remove how = { .volumes = true, .seconds = -1 };
	struct container_pruning *p = ctx;
	struct container_size size = { 0 };
	struct keg_err why;

	(void)err;
	if ((c->state.status != CONTAINER_CREATED && c->state.status != CONTAINER_EXITED) ||
	    c->record.transient || !container_filter_matches(&p->filter, c))
		return 0;
	autofree char *id = keg_strdup(c->id);
	if (container_size(c, &size, &why) < 0)
		size.rw = 0;
	if (lifecycle_remove(c, &how, &why) < 0) {
		note_failure(p->out, &why);
		return 0;
	}
	keg_strv_add(&p->out->removed, id);
	p->out->bytes += (uint64_t)size.rw;
	return 0;
}

int prune_containers(struct engine *engine, const struct prune_request *want,
		     struct prune_result *out, struct keg_err *err)
{
	auto(container_pruning) p = { .out = out };
	int r = check_filters(want->filters, err);

	if (r >= 0)
		r = container_filter_parse(want->filters, engine, &p.filter, err);
	return r < 0 ? r : container_each(engine, prune_container, &p, err);
}

int prune_build_containers(struct engine *engine, struct prune_result *out, struct keg_err *err)
{
	auto(image_uses) uses = { 0 };
	struct store *store;
	int r = engine_store(engine, &store, err);

	if (r >= 0)
		r = image_uses_load(engine, &uses, err);
	for (size_t i = 0; r >= 0 && i < uses.n; i++) {
		struct keg_err why;

		if (!uses.v[i].build)
			continue;
		if (store_container_remove(store, uses.v[i].container, &why) >= 0)
			keg_strv_add(&out->removed, uses.v[i].container);
		else
			note_failure(out, &why);
	}
	return r < 0 ? r : 0;
}

/* --- images ------------------------------------------------------------------------------------
 */

/* One pass over all images; returns how many went. */
static int prune_images_once(struct engine *engine, const struct prune_request *want,
			     struct prune_result *out, struct keg_err *err)
{
	const struct image_list_request list = { (const char *const *)want->filters->v,
						 want->filters->n, NULL };
	auto(keg_arena) arena = { 0 };
	auto(image_uses) uses = { 0 };
	struct store_image *images, *all;
	struct store *store;
	size_t n, n_all;
	int gone = 0, r = engine_store(engine, &store, err);

	if (r >= 0)
		r = image_list(store, &list, &arena, &images, &n, err);
	if (r >= 0)
		r = store_image_list(store, &arena, &all, &n_all, err);
	if (r >= 0)
		r = image_uses_load(engine, &uses, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct keg_err why;

		if (images[i].read_only || (!want->all && images[i].n_names > 0) ||
		    image_uses_count(&uses, images[i].id, !want->external) > 0 ||
		    image_has_child(store, &images[i], all, n_all))
			continue;
		if (image_uses_remove_image(engine, images[i].id, want->external, &why) < 0) {
			note_failure(out, &why);
			continue;
		}
		keg_strv_add(&out->removed, images[i].id);
		gone++;
	}
	return gone;
}

int prune_images(struct engine *engine, const struct prune_request *want, struct prune_result *out,
		 struct keg_err *err)
{
	int64_t before = 0, after = 0;
	int r = check_filters(want->filters, err);

	if (r >= 0)
		r = disk_usage_images_total(engine, &before, err);
	/* With an image gone, the steps to it may be of no more use. */
	do {
		keg_strv_clear(&out->errors);
		if (r >= 0)
			r = prune_images_once(engine, want, out, err);
	} while (r > 0);
	if (r >= 0)
		r = disk_usage_images_total(engine, &after, err);
	if (r >= 0 && after < before)
		out->bytes += (uint64_t)(before - after);
	return r;
}

/* --- volumes -----------------------------------------------------------------------------------
 */

struct volume_search {
	const char *name;
	bool found;
};

static int look_for_volume(void *ctx, struct container *c, struct keg_err *err)
{
	struct volume_search *search = ctx;

	(void)err;
	for (size_t i = 0; i < c->record.n_volumes && !search->found; i++)
		search->found = strcmp(c->record.volumes[i], search->name) == 0;
	return 0;
}

/* 1 when it was removed, 0 when a container has it. */
static int remove_unused(struct engine *engine, const char *name, struct keg_err *err)
{
	struct volume_search search = { .name = name };
	autofd int lock = volume_lock_unused(engine, name, err);
	int r = lock;

	if (r >= 0)
		r = container_each(engine, look_for_volume, &search, err);
	if (r < 0 || search.found)
		return r < 0 ? r : 0;
	r = volume_remove(engine, name, err);
	return r < 0 ? r : 1;
}

int prune_volumes(struct engine *engine, const struct prune_request *want, struct prune_result *out,
		  struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct disk_volume *volumes;
	size_t n;
	int r = check_filters(want->filters, err);

	/* Ours have no labels, and when one was made says nothing of its use. */
	if (r >= 0 && want->filters->n > 0)
		return 0;
	if (r >= 0)
		r = disk_usage_volumes(engine, &arena, &volumes, &n, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct keg_err why;

		if (volumes[i].links > 0 || !volume_is_ours(engine, volumes[i].name))
			continue;
		int gone = remove_unused(engine, volumes[i].name, &why);
		if (gone < 0)
			note_failure(out, &why);
		if (gone <= 0)
			continue;
		keg_strv_add(&out->removed, volumes[i].name);
		out->bytes += (uint64_t)volumes[i].size;
	}
	return r < 0 ? r : 0;
}
