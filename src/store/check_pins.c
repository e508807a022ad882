/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "store/check_state.h"
#include "store/handle.h"
#include "store/pin.h"

static bool container_exists(const struct checking *c, const char *id)
{
	autofree char *path = keg_path_join("containers", id);

	if (c->how->container_exists)
		return c->how->container_exists(c->how->ctx, id);
	return keg_exists(c->store->keg, path);
}

/* Containers that are gone lose their claim; an image with claims but no pin gets one. */
static int check_pins_of(struct checking *c, const char *image, const struct keg_strv *pinned,
			 struct keg_err *err)
{
	auto(keg_strv) containers = { 0 };
	autofree char *mark = keg_printf("pins/%s/pin", image);
	size_t alive = 0;

	if (store_pin_list(c->store, image, &containers, err) < 0)
		return -(int)err->code;
	for (size_t i = 0; i < containers.n; i++) {
		if (container_exists(c, containers.v[i])) {
			alive++;
			continue;
		}
		check_report(c, STORE_PIN_LEFT, containers.v[i],
			     c->how->repair &&
				     store_unpin(c->store, image, containers.v[i], err) >= 0);
	}
	if (alive == 0 && containers.n == 0)
		check_report(c, STORE_PIN_LEFT, image,
			     c->how->repair && store_unpin(c->store, image, NULL, err) >= 0);
	if (alive == 0 || (keg_strv_has(pinned, image) && keg_exists(c->store->keg, mark)))
		return 0;

	/* Without its mark the next one to pin makes it anew. */
	if (c->how->repair)
		unlinkat(c->store->keg, mark, 0);
	check_report(c, STORE_PIN_LOST, image,
		     c->how->repair && store_pin(c->store, image, containers.v[0], err) >= 0);
	return 0;
}

/* The images that have a pin among the peers' containers, as of now. */
static int list_pinned(const struct checking *c, struct keg_strv *out, struct keg_err *err)
{
	auto(store_records) containers = { 0 };
	struct store_records_at at = { 0 };
	struct json_object *record;
	int r = store_records_load(c->store, STORE_CONTAINERS, &containers, err);

	while (r >= 0 && (record = store_records_next(&containers, &at)) != NULL) {
		struct json_object *names = keg_json_get(record, "names");
		const char *image = keg_json_str(record, "image", NULL);
		bool named = names && json_object_is_type(names, json_type_array) &&
			     json_object_array_length(names) > 0;

		if (image && named &&
		    store_pin_is_name(json_object_get_string(json_object_array_get_idx(names, 0))))
			keg_strv_add(out, image);
	}
	return r;
}

/* A pin of which no folder knows: killed between the two, or the folder was removed. */
static void check_lone_pin(struct checking *c, const char *image, struct keg_err *err)
{
	autofree char *path = keg_path_join("pins", image);
	bool repaired = false;

	if (keg_exists(c->store->keg, path))
		return; /* made since we looked */
	/* store_unpin() looks for the folder first. */
	if (c->how->repair && keg_mkdirs(c->store->keg, path, 0700, err) >= 0)
		repaired = store_unpin(c->store, image, NULL, err) >= 0;
	check_report(c, STORE_PIN_LEFT, image, repaired);
}

int check_pins(struct checking *c, struct keg_err *err)
{
	auto(keg_strv) images = { 0 };
	auto(keg_strv) pinned = { 0 };
	int keg = store_keg_dir(c->store, err);

	/* In this order: whoever pins makes the folder first. */
	if (keg < 0 || check_list(keg, "pins", &images, err) < 0 ||
	    list_pinned(c, &pinned, err) < 0)
		return keg_wrap(err, "check pins");
	for (size_t i = 0; i < images.n; i++) {
		int r = check_pins_of(c, images.v[i], &pinned, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < pinned.n; i++) {
		if (!keg_strv_has(&images, pinned.v[i]))
			check_lone_pin(c, pinned.v[i], err);
	}
	return 0;
}
