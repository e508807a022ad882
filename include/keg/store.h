/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keg/store.h - what images and layers a store of this machine has, for a C or C++ program. Link
 * with `pkg-config --libs libkeg`.
 *
 * The store is the folder that keg, Podman, Buildah, Skopeo and CRI-O share
 * (containers-storage.conf(5)). Its lists are read without a lock, as each is only ever replaced as
 * a whole; a list that keg_store_images() or keg_store_layers() gave is of one moment, and stays as
 * it is while the store changes. Nothing of the store is changed. For a faster next look an index
 * is kept below its folder where that can be written.
 *
 * Threads. There is no global state. A struct keg_store is for one thread at a time; any number of
 * them may exist, also of the same folder. Lists may be read by several threads at once.
 *
 * Processes and privileges. No process is made and no namespace entered. The lists of an ordinary
 * user's store are his own files, so that he needs no user namespace to read them.
 *
 * Strings are UTF-8, end in NUL, and are never NULL unless it says so: "" is what is unknown.
 * Functions and errors are as in keg/runtime.h: a value >= 0, or a negative enum keg_runtime_code
 * with an object at *err (NULL: none is wanted) for keg_runtime_error_free().
 */
#ifndef KEG_STORE_H
#define KEG_STORE_H

#include <keg/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

struct keg_store;

/* NULL or 0 is what storage.conf, $STORAGE_DRIVER and $STORAGE_OPTS say. */
struct keg_store_options {
	size_t size;
	const char *root;	    /* where images are kept: podman's --root */
	const char *runroot;	    /* podman's --runroot */
	const char *driver;	    /* podman's --storage-driver */
	const char *const *options; /* n_options of podman's --storage-opt */
	size_t n_options;
	void *reserved[6]; /* NULL */
};
#define KEG_STORE_OPTIONS_INIT                                               \
	{                                                                    \
		sizeof(struct keg_store_options), NULL, NULL, NULL, NULL, 0, \
		{                                                            \
			NULL                                                 \
		}                                                            \
	}

/* `options` NULL: all defaults. What it points to is copied. A store that does not exist is made.
 */
KEG_RUNTIME_API int keg_store_open(const struct keg_store_options *options, struct keg_store **out,
				   struct keg_runtime_error **err);
/* Lists stay valid. NULL is fine. */
KEG_RUNTIME_API void keg_store_close(struct keg_store *store);

/* --- images ------------------------------------------------------------------------------ */

struct keg_store_images;

/* All images, those of additional stores after the others. Returns their number. */
KEG_RUNTIME_API int keg_store_images(struct keg_store *store, struct keg_store_images **out,
				     struct keg_runtime_error **err);
/* NULL is fine. */
KEG_RUNTIME_API void keg_store_images_free(struct keg_store_images *images);

/* Of the image number `at`, below what keg_store_images() returned. Valid as long as the list. */

/* 64 hex digits. */
KEG_RUNTIME_API const char *keg_store_image_id(const struct keg_store_images *images, size_t at);
/* Its name number `name`, "docker.io/library/debian:12"; NULL after the last. */
KEG_RUNTIME_API const char *keg_store_image_name(const struct keg_store_images *images, size_t at,
						 size_t name);
/* Of its manifest: "sha256:...". */
KEG_RUNTIME_API const char *keg_store_image_digest(const struct keg_store_images *images,
						   size_t at);
/* The id of its topmost layer, "" where there is none. */
KEG_RUNTIME_API const char *keg_store_image_layer(const struct keg_store_images *images, size_t at);
/* Bytes: layers as unpacked, and documents. */
KEG_RUNTIME_API int64_t keg_store_image_size(const struct keg_store_images *images, size_t at);
/* Seconds since the epoch. */
KEG_RUNTIME_API int64_t keg_store_image_created(const struct keg_store_images *images, size_t at);
/* 1 when it is in an additional store, which nobody changes, else 0. */
KEG_RUNTIME_API int keg_store_image_read_only(const struct keg_store_images *images, size_t at);

/*
 * A document kept with the image of that full id: "manifest", or its config as "sha256:<id>".
 * *bytes is its content and a NUL, for keg_runtime_release(); returns 0 and the length in *len.
 */
KEG_RUNTIME_API int keg_store_document(struct keg_store *store, const char *image, const char *key,
				       char **bytes, size_t *len, struct keg_runtime_error **err);

/* --- layers ------------------------------------------------------------------------------ */

struct keg_store_layers;

/*
 * The layers of an image, by its full id, the lowest first; `image` NULL: all layers of the store,
 * also those of containers. Returns their number.
 */
KEG_RUNTIME_API int keg_store_layers(struct keg_store *store, const char *image,
				     struct keg_store_layers **out, struct keg_runtime_error **err);
/* NULL is fine. */
KEG_RUNTIME_API void keg_store_layers_free(struct keg_store_layers *layers);

/* Of the layer number `at`, below what keg_store_layers() returned. Valid as long as the list. */

/* 64 hex digits. */
KEG_RUNTIME_API const char *keg_store_layer_id(const struct keg_store_layers *layers, size_t at);
/* The id of the layer below it, "" for the lowest. */
KEG_RUNTIME_API const char *keg_store_layer_parent(const struct keg_store_layers *layers,
						   size_t at);
/* Of its plain tar, as the image's config names it: "sha256:..."; "" for a container's. */
KEG_RUNTIME_API const char *keg_store_layer_diff_id(const struct keg_store_layers *layers,
						    size_t at);
/* Of the blob it came as: "sha256:...". */
KEG_RUNTIME_API const char *keg_store_layer_blob(const struct keg_store_layers *layers, size_t at);
/* Bytes of the plain tar and of the blob; -1 when unknown. */
KEG_RUNTIME_API int64_t keg_store_layer_size(const struct keg_store_layers *layers, size_t at);
KEG_RUNTIME_API int64_t keg_store_layer_blob_size(const struct keg_store_layers *layers, size_t at);

#ifdef __cplusplus
}
#endif

#endif
