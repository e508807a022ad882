/* SPDX-License-Identifier: Apache-2.0 */
/* A signature as a file has it, and what it holds as a payload of either kind. */
#include <stdint.h>

#include "image/sign_payload.h"
#include "image/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_payload(enum sign_kind kind, const char *text, size_t len)
{
	auto(keg_arena) arena = { 0 };
	struct sign_payload payload;
	struct keg_err err;

	(void)!sign_payload_parse(kind, text, len, &arena, &payload, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(signature) sig = { 0 };
	struct keg_err err;

	read_payload(SIGN_SIMPLE, (const char *)data, size);
	if (signature_parse(data, size, &sig, &err) < 0)
		return 0;
	read_payload(SIGN_SIGSTORE, keg_buf_text(&sig.bytes), sig.bytes.len);
	auto(keg_buf) again = { 0 };
	signature_emit(&sig, &again);
	return 0;
}
