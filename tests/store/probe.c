/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store layer on a command line, for tests/interop/store: store_probe ROOT RUNROOT COMMAND ...
 * What a command finds is printed one item a line; errors as by the programs.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "archive/compress.h"
#include "archive/layer_apply.h"
#include "archive/stream_tap.h"
#include "archive/tar_split.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "store/check.h"
#include "store/commit.h"
#include "store/image.h"
#include "store/names.h"
#include "store/pin.h"
#include "store/remove.h"
#include "store/rootfs.h"

enum { DOCUMENT_MAX = 4 << 20, LAYERS_MAX = 256 };

/* --- import NAME DIR: the first image of an OCI layout ------------------------------------ */

struct import {
	struct store *store;
	int dir;
	struct keg_arena arena;
	struct store_new_layer layers[LAYERS_MAX];
	size_t n;
};

/* Unpacks a layer, and learns its digest and size. */
static int unpack(struct import *im, struct store_new_layer *layer, const char *hex,
		  struct keg_err *err)
{
	struct stream_tap tap;
	struct stream_in *plain;
	enum compression found;
	char digest[7 + KEG_SHA256_HEX + 1];
	const struct layer_apply_options options = { .userns = store_in_userns(im->store) };
	struct layer_apply_options with_split = options;
	struct layer_applied applied;
	int fd = keg_open_at(im->dir, hex, O_RDONLY, 0, err);

	if (fd < 0 || store_staging_new(im->store, &layer->staging, err) < 0 ||
	    stream_decompress(stream_in_fd(fd), 0, &found, &plain, err) < 0)
		return -(int)err->code;
	stream_tap_init(&tap, 0);
	autoptr(stream_in) in = stream_in_tapped(plain, &tap);

	struct stream_out *gzip;
	int split = fcntl(store_staging_split(layer->staging), F_DUPFD_CLOEXEC, 0);
	if (stream_compress(stream_out_fd(split), COMPRESSION_GZIP, 1, &gzip, err) < 0)
		return -(int)err->code;
	autoptr(stream_out) out = gzip;
	autoptr(tar_split_recorder) recorder = tar_split_recorder_new(out);
	with_split.watch = tar_split_recorder_watch(recorder);
	if (layer_apply(store_staging_diff(layer->staging), in, &with_split, &applied, err) < 0 ||
	    stream_drain(in, err) < 0 || tar_split_recorder_end(recorder, err) < 0 ||
	    out->finish(out, err) < 0)
		return -(int)err->code;
	store_staging_filled(layer->staging);
	stream_tap_digest(&tap, digest);
	layer->diff_digest = keg_arena_strdup(&im->arena, digest);
	layer->diff_size = (int64_t)tap.count;
	layer->compression = found == COMPRESSION_GZIP	 ? STORE_GZIP
			     : found == COMPRESSION_ZSTD ? STORE_ZSTD
							 : STORE_UNCOMPRESSED;
	return 0;
}

static int import_layers(struct import *im, struct json_object *layers, struct keg_err *err)
{
	for (im->n = 0; im->n < json_object_array_length(layers); im->n++) {
		struct json_object *descriptor = json_object_array_get_idx(layers, im->n);
		struct store_new_layer *layer = &im->layers[im->n];
		char id[STORE_ID_LEN + 1];

		layer->compressed_digest = keg_json_str(descriptor, "digest", "");
		layer->compressed_size = keg_json_i64(descriptor, "size", -1);
		int r = unpack(im, layer, layer->compressed_digest + strlen("sha256:"), err);
		if (r < 0)
			return r;
		store_layer_chain_id(id, im->n ? layer[-1].id : NULL, layer->diff_digest);
		layer->id = keg_arena_strdup(&im->arena, id);
	}
	return 0;
}

static int commit(struct import *im, const char *name, const struct keg_buf *manifest,
		  const char *config_digest, struct keg_err *err)
{
	auto(keg_buf) config = { 0 };
	char hex[KEG_SHA256_HEX + 1];
	const char *config_hex = config_digest + strlen("sha256:");

	if (keg_file_read(im->dir, config_hex, DOCUMENT_MAX, &config, err) < 0)
		return -(int)err->code;
	keg_sha256_hex(manifest->data, manifest->len, hex);
	autofree char *digest = keg_printf("sha256:%s", hex);
	autofree char *key = keg_printf("manifest-%s", digest);
	const struct store_new_data data[] = {
		{ config_digest, config_digest, config.data, config.len },
		{ key, digest, manifest->data, manifest->len },
		{ "manifest", digest, manifest->data, manifest->len },
	};
	const struct store_new_image image = { .id = config_hex,
					       .names = &name,
					       .n_names = 1,
					       .data = data,
					       .n_data = KEG_COUNT(data),
					       .created = keg_now() };
	return store_commit(im->store, im->layers, im->n, &image, NULL, err);
}

/* "sha256:<hex>" of the layout's first manifest. */
static char *first_manifest(const char *layout, struct keg_err *err)
{
	autofree char *path = keg_path_join(layout, "index.json");
	autojson index = NULL;

	if (keg_json_read(AT_FDCWD, path, DOCUMENT_MAX, &index, err) < 0)
		return NULL;
	struct json_object *entry = json_object_array_get_idx(keg_json_get(index, "manifests"), 0);
	return keg_strdup(keg_json_str(entry, "digest", ""));
}

static int do_import(struct store *store, char **argv, struct keg_err *err)
{
	struct import im = { .store = store };
	auto(keg_buf) manifest = { 0 };
	autojson root = NULL;
	autofree char *blobs = keg_path_join(argv[1], "blobs/sha256");
	autofree char *digest = first_manifest(argv[1], err);

	im.dir = open(blobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!digest ||
	    keg_file_read(im.dir, digest + strlen("sha256:"), DOCUMENT_MAX, &manifest, err) < 0 ||
	    keg_json_parse(manifest.data, manifest.len, &root, err) < 0)
		return -(int)err->code;
	int r = import_layers(&im, keg_json_get(root, "layers"), err);
	if (r >= 0)
		r = commit(&im, argv[0], &manifest,
			   keg_json_str(keg_json_get(root, "config"), "digest", ""), err);
	for (size_t i = 0; i < LAYERS_MAX; i++)
		store_staging_free(im.layers[i].staging);
	keg_arena_done(&im.arena);
	auto_close_(&im.dir);
	return r;
}

/* --- the others ---------------------------------------------------------------------------- */

static int find(struct store *store, const char *name, struct keg_arena *arena,
		struct store_image *out, struct keg_err *err)
{
	int r = store_image_find(store, name, arena, out, err);

	return r == -KEG_ENOTFOUND ? store_image_find_prefix(store, name, arena, out, err) : r;
}

static int do_list(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image *images;
	size_t n;
	int r = store_image_list(store, &arena, &images, &n, err);

	(void)argv;
	for (size_t i = 0; r >= 0 && i < n; i++)
		printf("%s %s %lld\n", images[i].id,
		       images[i].n_names ? images[i].names[0] : "<none>",
		       (long long)images[i].size);
	return r;
}

static int do_remove(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	int r = find(store, argv[0], &arena, &image, err);

	return r < 0 ? r : store_image_remove(store, image.id, NULL, err);
}

static int do_tag(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	const char *name = argv[1];
	int r = find(store, argv[0], &arena, &image, err);

	return r < 0 ? r : store_image_add_names(store, image.id, &name, 1, err);
}

static int do_pin(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	int r = find(store, argv[0], &arena, &image, err);

	return r < 0 ? r : store_pin(store, image.id, argv[1], err);
}

static int do_unpin(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	int r = find(store, argv[0], &arena, &image, err);

	return r < 0 ? r : store_unpin(store, image.id, argv[1], err);
}

/* hold: until stdin ends; says "held" once it is. */
static int do_hold(struct store *store, char **argv, struct keg_err *err)
{
	autofd int hold = store_hold(store, err);

	(void)argv;
	if (hold < 0)
		return hold;
	puts("held");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

/* mount NAME UPPER WORK TARGET: UPPER "-" is read-only. The caller has a mount namespace. */
static int do_mount(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	bool read_only = strcmp(argv[1], "-") == 0;
	autofd int upper = read_only ? -1 : open(argv[1], O_PATH | O_CLOEXEC);
	autofd int work = read_only ? -1 : open(argv[2], O_PATH | O_CLOEXEC);
	const struct store_rootfs what = { .image = &image, .upper = upper, .work = work };

	if (find(store, argv[0], &arena, &image, err) < 0)
		return -(int)err->code;
	autofd int mount = store_rootfs_mount(store, &what, err);
	if (mount < 0)
		return mount;
	if (move_mount(mount, "", AT_FDCWD, argv[3], MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return keg_fail_sys(err, errno, "move mount to %s", argv[3]);
	return 0;
}

static void print_finding(void *ctx, enum store_damage what, const char *name, bool repaired)
{
	(void)ctx;
	printf("%s: %s%s\n", name, store_damage_text(what), repaired ? " (repaired)" : "");
}

static int do_check(struct store *store, char **argv, struct keg_err *err)
{
	const struct store_check how = { .repair = strcmp(argv[0], "repair") == 0,
					 .max_age = -1,
					 .report = print_finding };
	int left = store_check(store, &how, err);

	return left > 0 ? keg_fail(err, KEG_ECORRUPT, "%d findings", left) : left;
}

/* time NAME: microseconds of a look-up by name and of a list, by a store freshly opened. */
static int do_time(struct store *store, char **argv, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store_image image, *images;
	struct timespec t[3];
	size_t n;

	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	if (find(store, argv[0], &arena, &image, err) < 0)
		return -(int)err->code;
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	if (store_image_list(store, &arena, &images, &n, err) < 0)
		return -(int)err->code;
	clock_gettime(CLOCK_MONOTONIC, &t[2]);
	for (int i = 0; i < 2; i++)
		printf("%lld\n", (long long)(t[i + 1].tv_sec - t[i].tv_sec) * 1000000 +
					 (t[i + 1].tv_nsec - t[i].tv_nsec) / 1000);
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(struct store *store, char **argv, struct keg_err *err);
} commands[] = {
	{ "import", 2, do_import }, { "list", 0, do_list },   { "remove", 1, do_remove },
	{ "tag", 2, do_tag },	    { "pin", 2, do_pin },     { "unpin", 2, do_unpin },
	{ "hold", 0, do_hold },	    { "mount", 4, do_mount }, { "check", 1, do_check },
	{ "time", 1, do_time },
};

int main(int argc, char **argv)
{
	struct keg_err err = { 0 };
	struct store_config_request want = { .uid = getuid(), .rootless = getuid() != 0 };
	auto(store_config) config = { 0 };
	autoptr(store) store = NULL;

	if (argc < 4)
		return 2;
	want.graphroot = argv[1];
	want.runroot = argv[2];
	if (store_config_load(&want, &config, &err) < 0 || store_open(&config, &store, &err) < 0) {
		keg_err_print(&err, stderr);
		return 125;
	}
	for (size_t i = 0; i < KEG_COUNT(commands); i++) {
		if (strcmp(commands[i].name, argv[3]) != 0 || commands[i].args > argc - 4)
			continue;
		if (commands[i].run(store, argv + 4, &err) >= 0)
			return 0;
		keg_err_print(&err, stderr);
		return 125;
	}
	return 2;
}
