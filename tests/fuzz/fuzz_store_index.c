/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our index of the lists, as a torn or foreign file may have it: its head is made to fit, so
 * that what is behind it is looked at.
 */
#include <stdint.h>
#include <string.h>

#include "store/handle.h"
#include "store/image.h"
#include "store/index_format.h"
#include "store/layer.h"
#include "tests/fuzz/store_folder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct store *store)
{
	auto(keg_arena) arena = { 0 };
	struct store_image *images;
	struct store_layer *layers;
	struct keg_err err;
	size_t n;

	if (store_image_list(store, &arena, &images, &n, &err) < 0 ||
	    store_layer_list(store, &arena, &layers, &n, &err) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		struct store_layer same, *chain;
		size_t depth;

		if (store_layer_find(store, layers[i].id, &arena, &same, &err) < 0 ||
		    store_layer_chain(store, layers[i].id, &arena, &chain, &depth, &err) < 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoptr(store) store = fuzz_store_open();
	struct keg_err err;

	if (size < sizeof(struct index_head) || store_keg_dir(store, &err) < 0)
		return 0;
	/* A multiple of a word, as every index is, and on a boundary of one. */
	size_t len = size - size % sizeof(uint64_t);
	autofree char *block = keg_memdup(data, len);
	struct index_head *head = (void *)block;
	head->magic = INDEX_MAGIC;
	head->size = len;
	index_sources(store_own(store), head->sources);
	block[len - 1] = '\0';
	head->sum = index_sum(head, len);
	fuzz_store_write("keg/" STORE_INDEX, block, len);
	look(store);
	return 0;
}
