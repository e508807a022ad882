/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list_store - the images of this machine, each with its layers.
 *
 *     cc -o list_store list_store.c $(pkg-config --cflags --libs libkeg)
 *     ./list_store [ROOT]
 */
#include <keg/store.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct keg_store_options options = KEG_STORE_OPTIONS_INIT;
	struct keg_runtime_error *err = NULL;
	struct keg_store *store = NULL;
	struct keg_store_images *images = NULL;

	options.root = argc > 1 ? argv[1] : NULL;
	int n = keg_store_open(&options, &store, &err);
	if (n >= 0)
		n = keg_store_images(store, &images, &err);
	for (int i = 0; i < n; i++) {
		struct keg_store_layers *layers = NULL;
		const char *name = keg_store_image_name(images, i, 0);
		int depth = keg_store_layers(store, keg_store_image_id(images, i), &layers, NULL);

		printf("%s %lld bytes\n", name ? name : keg_store_image_id(images, i),
		       (long long)keg_store_image_size(images, i));
		for (int k = 0; k < depth; k++)
			printf("  %s\n", keg_store_layer_diff_id(layers, k));
		keg_store_layers_free(layers);
	}
	if (n < 0)
		fprintf(stderr, "list_store: %s\n", keg_runtime_error_message(err));
	keg_runtime_error_free(err);
	keg_store_images_free(images);
	keg_store_close(store);
	return n < 0;
}
