/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of headers up to an empty one, then the body of an error. */
#include <stdint.h>
#include <string.h>

#include "registry/answer.h"
#include "registry/http_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto(http_response) answer = { .status = 400 };
	const char *at = (const char *)data, *end = at + size;
	struct keg_err err;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *next = newline ? newline + 1 : end;

		http_headers_take(&answer, at, (size_t)(next - at));
		if (next - at <= 2)
			break;
		at = next;
	}
	keg_buf_add(&answer.body, at, (size_t)(end - at));
	answer_fail(&answer, &err);
	return 0;
}
