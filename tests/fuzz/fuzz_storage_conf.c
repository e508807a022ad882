/* SPDX-License-Identifier: Apache-2.0 */
/* storage.conf, with everything that is done to its values. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "store/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("storage.conf", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	setenv("CONTAINERS_STORAGE_CONF", path, 1);
	for (int rootless = 0; rootless < 2; rootless++) {
		const struct store_config_request want = { .rootless = rootless, .uid = 1000 };
		auto(store_config) config = { 0 };
		struct keg_err err;

		if (store_config_load(&want, &config, &err) >= 0 &&
		    (!config.graphroot || !config.driver))
			abort();
	}
	close(fd);
	return 0;
}
