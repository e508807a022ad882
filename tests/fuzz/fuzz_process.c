/* SPDX-License-Identifier: Apache-2.0 */
/* The process.json of exec. */
#include "runtime/credentials.h"
#include "spec/runtime_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct runtime_context ctx = { .root = "/nosuch" };
	auto(keg_arena) arena = { 0 };
	const struct oci_linux os = { 0 };
	struct oci_process process;
	struct keg_err err;

	if (oci_process_parse((const char *)data, size, &process, &arena, &err) >= 0)
		(void)!credentials_check(&ctx, &os, &process, &err);
	return 0;
}
