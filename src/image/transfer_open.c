/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library is looked for beside the program first (a build folder, an unpacked release),
 * then in the place it is installed in. It is never closed: its threads and its TLS library
 * have handlers that run at exit.
 */
#include "image/transfer.h"

#include <dlfcn.h>
#include <fcntl.h>

#include "base/file.h"

#define LIBRARY "libkeg-transfer.so"

/* The path beside the running program; NULL when that is unknown or there is none. */
static char *beside_program(void)
{
	struct keg_err ignored;
	autofree char *exe = NULL;

	if (keg_readlink(AT_FDCWD, "/proc/self/exe", &exe, &ignored) < 0)
		return NULL;

	autofree char *dir = keg_path_dir(exe);
	autofree char *path = keg_path_join(dir, LIBRARY);
	return keg_exists(AT_FDCWD, path) ? take_ptr(&path) : NULL;
}

int transfer_open_at(const char *path, const struct transfer_table **out, struct keg_err *err)
{
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		keg_fail(err, KEG_EUNSUPPORTED, "load %s: %s", path, dlerror());
		return keg_hint(err, "images are moved by " LIBRARY ": install it whole");
	}

	const struct transfer_table *table = dlsym(library, "keg_transfer");
	if (!table)
		return keg_fail(err, KEG_EUNSUPPORTED, "load %s: no table of functions in it",
				path);
	if (table->version != TRANSFER_VERSION)
		return keg_fail(err, KEG_EUNSUPPORTED, "load %s: version %u, wanted %d", path,
				table->version, TRANSFER_VERSION);
	*out = table;
	return 0;
}

int transfer_open(const struct transfer_table **out, struct keg_err *err)
{
	autofree char *beside = beside_program();

	return transfer_open_at(beside ? beside : KEG_LIBDIR "/" LIBRARY, out, err);
}
