/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/detach_keys.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

static struct detach_keys parsed(const char *text)
{
	struct detach_keys keys;
	struct keg_err err;

	assert_int_equal(detach_keys_parse(text, &keys, &err), 0);
	return keys;
}

/* What comes out of `typed`; true when the sequence was complete. */
static bool feed(struct detach_keys *keys, const char *typed, char *out)
{
	unsigned char bytes[64 + DETACH_KEYS_MAX];
	size_t n;
	bool done =
		detach_keys_filter(keys, (const unsigned char *)typed, strlen(typed), bytes, &n);

	memcpy(out, bytes, n);
	out[n] = '\0';
	return done;
}

static void keys_are_characters_and_control_characters(void **state)
{
	struct detach_keys keys = parsed("ctrl-p,q,ctrl-[");
	struct keg_err err;

	(void)state;
	assert_int_equal(keys.n, 3);
	assert_memory_equal(keys.keys, "\x10q\x1b", 3);
	assert_int_equal(parsed("").n, 0);
	for (const char *const *bad =
		     (const char *const[]){ "xx", "ctrl-", "ctrl-pp", "a,,b", "ctrl-1", NULL };
	     *bad; bad++)
		assert_int_equal(detach_keys_parse(*bad, &keys, &err), -KEG_EUSAGE);
}

static void a_sequence_is_seen_across_reads(void **state)
{
	struct detach_keys keys = parsed("ctrl-p,ctrl-q");
	char out[96];

	(void)state;
	assert_false(feed(&keys, "ab\x10", out));
	assert_string_equal(out, "ab");
	assert_true(feed(&keys, "\x11zz", out));
	assert_string_equal(out, "");
}

static void what_was_held_back_is_given_out_when_it_was_none(void **state)
{
	struct detach_keys keys = parsed("ctrl-p,ctrl-q");
	char out[96];

	(void)state;
	assert_false(feed(&keys, "\x10x", out));
	assert_string_equal(out, "\x10x");
	assert_false(feed(&keys, "\x10\x10", out));
	assert_string_equal(out, "\x10");
	assert_true(feed(&keys, "\x11", out));
}

static void without_keys_everything_passes(void **state)
{
	struct detach_keys keys = parsed("");
	char out[96];

	(void)state;
	assert_false(feed(&keys, "\x10\x11", out));
	assert_string_equal(out, "\x10\x11");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_characters_and_control_characters),
		cmocka_unit_test(a_sequence_is_seen_across_reads),
		cmocka_unit_test(what_was_held_back_is_given_out_when_it_was_none),
		cmocka_unit_test(without_keys_everything_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
