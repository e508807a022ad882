/* SPDX-License-Identifier: Apache-2.0 */
/* store_folder.h - one store in a temporary folder for all runs of a fuzz target. */
#ifndef KEG_TESTS_FUZZ_STORE_FOLDER_H
#define KEG_TESTS_FUZZ_STORE_FOLDER_H

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/strv.h"
#include "store/store.h"

static char fuzz_folder[] = "/tmp/keg-fuzz-XXXXXX";

static void fuzz_folder_remove(void)
{
	struct keg_err ignored;

	if (keg_remove_tree(AT_FDCWD, fuzz_folder, &ignored) < 0)
		abort();
}

/* The path of the store's root, made once. */
static inline const char *fuzz_store_root(void)
{
	static char *root;

	if (!root) {
		if (!mkdtemp(fuzz_folder) || atexit(fuzz_folder_remove) != 0)
			abort();
		setenv("CONTAINERS_STORAGE_CONF", "/nonexistent/storage.conf", 1);
		root = keg_path_join(fuzz_folder, "g");
	}
	return root;
}

/* A store of the folder as it is now. */
static inline struct store *fuzz_store_open(void)
{
	const char *root = fuzz_store_root();
	autofree char *run = keg_path_join(fuzz_folder, "r");
	const struct store_config_request want = { .graphroot = root, .runroot = run };
	auto(store_config) config = { 0 };
	struct store *store = NULL;
	struct keg_err err;

	if (store_config_load(&want, &config, &err) < 0 || store_open(&config, &store, &err) < 0)
		abort();
	return store;
}

static inline void fuzz_store_write(const char *name, const void *bytes, size_t len)
{
	autofree char *path = keg_path_join(fuzz_store_root(), name);
	struct keg_err err;

	if (keg_file_write(AT_FDCWD, path, bytes, len, 0600, 0, &err) < 0)
		abort();
}

#endif
