/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64url.h"

#include <string.h>

#include "base/buf.h"
#include "base/num.h"

char *keg_base64url(const void *bytes, size_t n)
{
	char *text = keg_base64(bytes, n);

	text[strcspn(text, "=")] = '\0';
	for (char *c = text; *c; c++)
		*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	return text;
}

int keg_unbase64url(const char *text, void **out, size_t *n, struct keg_err *err)
{
	auto(keg_buf) plain = { 0 };

	for (const char *c = text; *c; c++)
		keg_buf_putc(&plain, *c == '-' ? '+' : *c == '_' ? '/' : *c);
	while (plain.len % 4)
		keg_buf_putc(&plain, '=');
	return keg_unbase64(keg_buf_text(&plain), out, n, err);
}
