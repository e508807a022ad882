/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/go_json.h"

#include <string.h>

/* These characters stand nowhere but in strings. */
static void escape(const struct keg_buf *plain, struct keg_buf *out)
{
	const char *text = keg_buf_text(plain);

	for (size_t i = 0; i < plain->len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '<' || c == '>' || c == '&') {
			keg_buf_printf(out, "\\u%04x", c);
		} else if (c == 0xe2 && i + 2 < plain->len && memcmp(text + i, "\u2028", 2) == 0 &&
			   ((unsigned char)text[i + 2] & 0xfe) == 0xa8) {
			keg_buf_puts(out,
				     (unsigned char)text[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
			i += 2;
		} else {
			keg_buf_putc(out, text[i]);
		}
	}
}

void go_json_print(struct json_object *value, struct keg_buf *out)
{
	auto(keg_buf) plain = { 0 };

	keg_json_print(value, &plain);
	escape(&plain, out);
}

void go_json_print_indented(struct json_object *value, int indent, struct keg_buf *out)
{
	auto(keg_buf) plain = { 0 };

	keg_json_print_indented(value, indent, &plain);
	escape(&plain, out);
}
