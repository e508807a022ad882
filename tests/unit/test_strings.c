/* SPDX-License-Identifier: Apache-2.0 */
/* mem, buf, strv and err: what everything else holds its text in. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "tests/unit/cmocka_keg.h"

static void a_buffer_grows_and_stays_terminated(void **state)
{
	auto(keg_buf) buf = { 0 };

	(void)state;
	assert_string_equal(keg_buf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		keg_buf_printf(&buf, "%d,", i);
	assert_int_equal(strlen(buf.data), buf.len);
	assert_true(keg_str_ends(buf.data, ",998,999,"));
	keg_buf_cut(&buf, 3);
	assert_string_equal(keg_buf_text(&buf), "0,1");
	autofree char *taken = keg_buf_take(&buf);
	assert_string_equal(taken, "0,1");
	assert_int_equal(buf.len, 0);
}

static void an_empty_buffer_gives_an_empty_text(void **state)
{
	struct keg_buf buf = { 0 };

	(void)state;
	autofree char *taken = keg_buf_take(&buf);
	assert_string_equal(taken, "");
}

static void lists_split_and_join(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} table[] = {
		{ "", 0 }, { "a", 1 }, { "a:b", 2 }, { ":", 2 }, { "a:", 2 }, { ":a::b", 4 }
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_strv) list = { 0 };

		keg_strv_split(&list, table[i].text, ':');
		assert_int_equal(list.n, table[i].n);
		autofree char *joined = keg_strv_join(&list, ":");
		assert_string_equal(joined, table[i].text);
	}
}

static void lists_stay_terminated_through_changes(void **state)
{
	auto(keg_strv) list = { 0 };

	(void)state;
	for (int i = 0; i < 40; i++)
		keg_strv_addf(&list, "%02d", 39 - i);
	keg_strv_sort(&list);
	assert_string_equal(list.v[0], "00");
	keg_strv_remove(&list, 0);
	assert_string_equal(list.v[0], "01");
	assert_null(list.v[list.n]);
	assert_true(keg_strv_has(&list, "39"));
	assert_false(keg_strv_has(&list, "00"));
}

static void an_environment_holds_each_name_once(void **state)
{
	auto(keg_strv) env = { 0 };

	(void)state;
	keg_env_set(&env, "A", "1");
	keg_env_set(&env, "AB", "2");
	keg_env_put(&env, "A=3=4");
	assert_int_equal(env.n, 2);
	assert_string_equal(keg_env_get(&env, "A"), "3=4");
	assert_string_equal(keg_env_get(&env, "AB"), "2");
	assert_null(keg_env_get(&env, "B"));
}

static void count(void *slot)
{
	(*(int *)slot)++;
}

static void an_arena_frees_all_as_one(void **state)
{
	struct keg_arena arena = { 0 };
	int released = 0;

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		unsigned char *bytes = keg_arena_alloc(&arena, i, 7);

		for (size_t k = 0; k < i * 7; k++)
			assert_int_equal(bytes[k], 0);
		memset(bytes, 0xff, i * 7);
	}
	keg_arena_defer(&arena, count, &released);
	assert_string_equal(keg_arena_printf(&arena, "%s-%d", "x", 5), "x-5");
	assert_null(keg_arena_strdup(&arena, NULL));
	keg_arena_done(&arena);
	assert_int_equal(released, 1);
}

static void errors_chain_outward_and_keep_their_code(void **state)
{
	struct keg_err err;

	(void)state;
	assert_int_equal(keg_fail_sys(&err, 2, "open %s", "x"), -KEG_ENOTFOUND);
	assert_int_equal(keg_wrap(&err, "container %s", "c"), -KEG_ENOTFOUND);
	assert_int_equal(keg_hint(&err, "look"), -KEG_ENOTFOUND);
	assert_string_equal(err.msg, "container c: open x: no such file or directory");
	assert_string_equal(err.hint, "look");
	assert_int_equal(err.sys, 2);
}

static void a_message_too_long_is_cut_and_terminated(void **state)
{
	char text[3000];
	struct keg_err err;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	keg_fail(&err, KEG_EUSAGE, "%s", text);
	keg_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
}

static void a_word_is_in_a_list_when_it_is_one_of_it(void **state)
{
	(void)state;
	assert_true(keg_str_lists("a,bc,d", ',', "a"));
	assert_true(keg_str_lists("a,bc,d", ',', "bc"));
	assert_true(keg_str_lists("a,bc,d", ',', "d"));
	assert_false(keg_str_lists("a,bc,d", ',', "b"));
	assert_false(keg_str_lists("a,bc,d", ',', "bcd"));
	assert_false(keg_str_lists("", ',', "a"));
}

static void a_list_grows_and_keeps_what_it_has(void **state)
{
	int *list = NULL;
	size_t room = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		list = keg_grow(list, (size_t)i, &room, sizeof *list);
		assert_true(room > (size_t)i);
		list[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(an_empty_buffer_gives_an_empty_text),
		cmocka_unit_test(lists_split_and_join),
		cmocka_unit_test(lists_stay_terminated_through_changes),
		cmocka_unit_test(a_word_is_in_a_list_when_it_is_one_of_it),
		cmocka_unit_test(a_list_grows_and_keeps_what_it_has),
		cmocka_unit_test(an_environment_holds_each_name_once),
		cmocka_unit_test(an_arena_frees_all_as_one),
		cmocka_unit_test(errors_chain_outward_and_keep_their_code),
		cmocka_unit_test(a_message_too_long_is_cut_and_terminated),
	};

	return cmocka_run_group_tests_name("strings", tests, NULL, NULL);
}
