/* SPDX-License-Identifier: Apache-2.0 */
/* Names of images in the store and in archives, and lines of changes. */
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "image/config_change.h"
#include "image/docker_archive.h"
#include "image/storage_ref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = keg_strndup((const char *)data, size);
	auto(storage_ref) stored = { 0 };
	auto(docker_archive_ref) archived = { 0 };
	auto(keg_arena) arena = { 0 };
	struct image_run_config config = { 0 };
	struct keg_err err;

	(void)!storage_ref_parse(text, &stored, &err);
	(void)!docker_archive_ref_parse(text, &archived, &err);
	(void)!image_config_change(&config, text, &arena, &err);
	return 0;
}
