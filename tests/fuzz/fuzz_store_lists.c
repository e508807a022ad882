/* SPDX-License-Identifier: Apache-2.0 */
/* The lists that all tools share: images.json, and after a line of "%" layers.json. */
#include <stdint.h>
#include <string.h>

#include "store/check.h"
#include "store/container.h"
#include "store/image.h"
#include "store/layer.h"
#include "tests/fuzz/store_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void found(void *ctx, enum store_damage what, const char *name, bool repaired)
{
	(void)ctx;
	if (repaired || !store_damage_text(what) || !name)
		abort();
}

static void look(struct store *store)
{
	const struct store_check how = { .max_age = 1, .report = found };
	auto(keg_arena) arena = { 0 };
	struct store_container *containers;
	struct store_image *images;
	struct store_layer *layers;
	struct keg_err err;
	size_t n;

	if (store_layer_list(store, &arena, &layers, &n, &err) < 0 ||
	    store_image_list(store, &arena, &images, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct store_image same;
		size_t depth;

		if (store_image_find(store, images[i].id, &arena, &same, &err) < 0)
			abort();
		if (store_layer_chain(store, images[i].layer, &arena, &layers, &depth, &err) < 0)
			continue;
	}
	if (store_container_list(store, NULL, &arena, &containers, &n, &err) < 0 ||
	    store_check(store, &how, &err) < 0)
		return;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoptr(store) store = fuzz_store_open();
	const uint8_t *border = size ? memmem(data, size, "\n%\n", 3) : NULL;
	size_t images = border ? (size_t)(border - data) : size;
	size_t layers = border ? size - images - 3 : 0;

	fuzz_store_write("overlay-images/images.json", data, images);
	fuzz_store_write("overlay-layers/layers.json", border ? border + 3 : data, layers);
	look(store);
	return 0;
}
