/* SPDX-License-Identifier: Apache-2.0 */
/* store_fixture.h - a store of its own for each test, and images made of single files. */
#ifndef KEG_TESTS_STORE_FIXTURE_H
#define KEG_TESTS_STORE_FIXTURE_H

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "store/commit.h"
#include "tests/unit/cmocka_keg.h"

struct fixture {
	char dir[32];
	struct store *store;
	struct keg_err err;
};

static inline struct store *fixture_open(const struct fixture *f, struct keg_err *err)
{
	autofree char *graph = keg_path_join(f->dir, "g");
	autofree char *run = keg_path_join(f->dir, "r");
	const struct store_config_request want = { .graphroot = graph, .runroot = run };
	auto(store_config) config = { 0 };
	struct store *store = NULL;

	assert_int_equal(store_config_load(&want, &config, err), 0);
	assert_int_equal(store_open(&config, &store, err), 0);
	return store;
}

/* The same store opened again, as by another process. */
static inline struct fixture fixture_again(const struct fixture *f)
{
	struct fixture again = *f;

	again.store = fixture_open(f, &again.err);
	return again;
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = keg_alloc(1, sizeof *f);

	*f = (struct fixture){ .dir = "/tmp/keg-store-XXXXXX" };
	if (!mkdtemp(f->dir))
		return -1;
	/* The machine's own settings are none of the test's. */
	setenv("CONTAINERS_STORAGE_CONF", "/nonexistent/storage.conf", 1);
	f->store = fixture_open(f, &f->err);
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	int r;

	store_close(f->store);
	r = keg_remove_tree(AT_FDCWD, f->dir, &f->err);
	free(f);
	return r;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

static inline char *fixture_digest(const char *text)
{
	char hex[KEG_SHA256_HEX + 1];

	keg_sha256_hex(text, strlen(text), hex);
	return keg_printf("sha256:%s", hex);
}

/* A staged layer holding one file, whose "diff digest" is that of the file's content. */
static inline struct store_staging *fixture_stage(struct fixture *f, const char *content)
{
	struct store_staging *staging = NULL;

	assert_int_equal(store_staging_new(f->store, &staging, &f->err), 0);
	assert_int_equal(keg_file_write(store_staging_diff(staging), content, content,
					strlen(content), 0644, 0, &f->err),
			 0);
	return staging;
}

/*
 * Commit an image with the layers named by `contents`, each a file of that name, and one name.
 * Layers that exist are reused. `config` decides the image's id, which is returned in `id`.
 */
static inline int fixture_commit(struct fixture *f, const char *config, const char *name,
				 const char *const *contents, size_t n, char id[STORE_ID_LEN + 1])
{
	struct store_staging *stagings[16] = { 0 };
	struct store_new_layer layers[16] = { 0 };
	char ids[16][STORE_ID_LEN + 1];
	char *digests[16] = { 0 };
	autofree char *config_digest = fixture_digest(config);
	autofree char *manifest = keg_printf("{\"config\":\"%s\"}", config_digest);
	autofree char *manifest_digest = fixture_digest(manifest);
	const struct store_new_data data[] = {
		{ config_digest, config_digest, config, strlen(config) },
		{ "manifest", manifest_digest, manifest, strlen(manifest) },
	};
	const struct store_new_image image = { .id = config_digest + strlen("sha256:"),
					       .names = &name,
					       .n_names = name ? 1 : 0,
					       .data = data,
					       .n_data = KEG_COUNT(data) };

	for (size_t i = 0; i < n; i++) {
		auto(keg_arena) arena = { 0 };
		struct store_layer found;

		digests[i] = fixture_digest(contents[i]);
		store_layer_chain_id(ids[i], i ? ids[i - 1] : NULL, digests[i]);
		if (store_layer_find(f->store, ids[i], &arena, &found, &f->err) < 0 ||
		    !store_layer_is_whole(f->store, &found))
			stagings[i] = fixture_stage(f, contents[i]);
		layers[i] = (struct store_new_layer){ .id = ids[i],
						      .staging = stagings[i],
						      .diff_digest = digests[i],
						      .diff_size = 100,
						      .compressed_size = -1 };
	}
	int r = store_commit(f->store, layers, n, &image, NULL, &f->err);
	for (size_t i = 0; i < n; i++) {
		store_staging_free(stagings[i]);
		free(digests[i]);
	}
	memcpy(id, image.id, STORE_ID_LEN + 1);
	return r;
}

static inline bool fixture_exists(const struct fixture *f, const char *path)
{
	autofree char *full = keg_printf("%s/g/%s", f->dir, path);

	return keg_exists(AT_FDCWD, full);
}

/* The entries of a folder below the graph root, but for the hidden ones. */
static inline size_t fixture_count(const struct fixture *f, const char *path)
{
	autofree char *full = keg_printf("%s/g/%s", f->dir, path);
	autodir dir = opendir(full);
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir)) != NULL)
		n += entry->d_name[0] != '.';
	return n;
}

#endif
