/* SPDX-License-Identifier: Apache-2.0 */
/* registries.conf, with everything that is asked of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "registry/config.h"
#include "registry/short_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A folder of drop-ins and a home without any: nothing of this machine's counts. */
#define NOWHERE "/nonexistent"

static int load(const uint8_t *data, size_t size, struct registry_config **out)
{
	int fd = memfd_create("registries.conf", MFD_CLOEXEC);
	char path[64];
	struct keg_err err;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    setenv("XDG_CACHE_HOME", NOWHERE, 1) < 0 ||
	    setenv("_CONTAINERS_USERNS_CONFIGURED", "done", 1) < 0)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int r = registry_config_load(path, NOWHERE, out, &err);
	close(fd);
	return r;
}

static void ask_places(const struct registry_config *config, const char *host, const char *path)
{
	struct keg_err err;

	for (int by_digest = 0; by_digest < 2; by_digest++) {
		auto(registry_places) from = { 0 };

		if (registry_config_pull_places(config, host, path, by_digest, &from, &err) >= 0 &&
		    from.n == 0)
			abort();
	}

	auto(registry_places) to = { 0 };
	if (registry_config_push_place(config, host, path, &to, &err) >= 0 && to.n != 1)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "debian", "a/b:1", "q.io/a/b" };
	autoptr(registry_config) config = NULL;
	struct keg_err err;

	if (load(data, size, &config) < 0)
		return 0;
	ask_places(config, "q.io", "a/b");
	ask_places(config, "x.q.io:5000", "c");
	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		auto(registry_candidates) found = { 0 };

		if (registry_short_name_resolve(config, names[i], NULL, NULL, &found, &err) >= 0 &&
		    found.names.n == 0)
			abort();
	}
	return 0;
}
