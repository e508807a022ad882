/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "registry/blob_cache.h"

#define DIGEST(c) "sha256:" c c c c c c c c c c c c c c c c
#define ONE DIGEST("1111")
#define TWO DIGEST("2222")
#define THREE DIGEST("3333")

static struct blob_cache *of(const char *text)
{
	return blob_cache_of_text(text, strlen(text));
}

static void the_repositories_of_a_host_come_latest_first(void **state)
{
	autoptr(blob_cache) cache = of("at " ONE " a.com/old\nat " ONE " a.com.org/no\n"
				       "at " TWO " a.com/other\nat " ONE " a.com/new/er\n");
	auto(keg_strv) found = { 0 };

	(void)state;
	blob_cache_saw(cache, "a.com/newest", ONE);
	blob_cache_find_repos(cache, "a.com", ONE, 2, &found);
	assert_int_equal(found.n, 2);
	assert_string_equal(found.v[0], "newest");
	assert_string_equal(found.v[1], "new/er");
}

static void a_plain_layer_is_found_by_how_it_was_packed(void **state)
{
	autoptr(blob_cache) cache = of("as " ONE " " TWO " gzip\nas " ONE " " THREE " zstd\n");
	auto(keg_strv) found = { 0 };

	(void)state;
	blob_cache_find_packed(cache, ONE, "zstd", 9, &found);
	blob_cache_find_packed(cache, TWO, "gzip", 9, &found);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0], THREE);
}

static void what_is_no_fact_is_passed_over(void **state)
{
	autoptr(blob_cache) cache =
		of("at " ONE " noslash\nat " ONE " a.com/x y\nat sha256:1 a.com/x\n"
		   "as " ONE " " TWO "\nas " ONE " x gzip\nat " ONE " a.com/cut-off");
	auto(keg_strv) found = { 0 };

	(void)state;
	blob_cache_find_repos(cache, "a.com", ONE, 9, &found);
	blob_cache_find_packed(cache, ONE, "gzip", 9, &found);
	blob_cache_find_packed(cache, ONE, "", 9, &found);
	assert_int_equal(found.n, 0);
}

/* A file of its own, named to the cache by the environment. */
static char *make_place(void)
{
	char folder[] = "/tmp/keg-blob-cache-XXXXXX";

	assert_non_null(mkdtemp(folder));
	char *path = keg_printf("%s/deep/blobs", folder);
	assert_int_equal(setenv("KEG_BLOB_CACHE", path, 1), 0);
	return path;
}

static void remove_place(const char *path)
{
	struct keg_err err;
	autofree char *deep = keg_path_dir(path);
	autofree char *folder = keg_path_dir(deep);

	unsetenv("KEG_BLOB_CACHE");
	assert_int_equal(keg_remove_tree(AT_FDCWD, folder, &err), 0);
}

static void what_one_command_learned_the_next_one_knows(void **state)
{
	autofree char *path = make_place();
	auto(keg_strv) found = { 0 };
	auto(keg_buf) text = { 0 };
	struct keg_err err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct blob_cache *cache = blob_cache_open();

		blob_cache_saw(cache, "a.com/x", ONE);
		blob_cache_packed(cache, ONE, TWO, "gzip");
		blob_cache_close(cache);
	}
	assert_int_equal(keg_file_read(AT_FDCWD, path, 4096, &text, &err), 0);
	assert_string_equal(text.data, "at " ONE " a.com/x\nas " ONE " " TWO " gzip\n");
	autoptr(blob_cache) cache = blob_cache_open();
	blob_cache_find_repos(cache, "a.com", ONE, 9, &found);
	assert_int_equal(found.n, 1);
	remove_place(path);
}

static void a_full_file_loses_its_older_half(void **state)
{
	autofree char *path = make_place();
	struct blob_cache *cache = blob_cache_open();
	auto(keg_buf) text = { 0 };
	struct keg_err err;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		autofree char *digest = keg_printf("sha256:%064d", i);

		blob_cache_saw(cache, "a.com/x", digest);
	}
	blob_cache_close(cache);
	cache = blob_cache_open();
	for (int i = 3000; i < 7000; i++) {
		autofree char *digest = keg_printf("sha256:%064d", i);

		blob_cache_saw(cache, "a.com/x", digest);
	}
	blob_cache_close(cache);
	assert_int_equal(keg_file_read(AT_FDCWD, path, 1 << 20, &text, &err), 0);
	assert_in_range(text.len, 1000, BLOB_CACHE_BYTES_MOST);
	assert_true(keg_str_starts(text.data, "at sha256:"));
	assert_null(strstr(text.data, "0000000000000001 "));
	assert_non_null(strstr(text.data, "0000000000006999 "));
	remove_place(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_repositories_of_a_host_come_latest_first),
		cmocka_unit_test(a_plain_layer_is_found_by_how_it_was_packed),
		cmocka_unit_test(what_is_no_fact_is_passed_over),
		cmocka_unit_test(what_one_command_learned_the_next_one_knows),
		cmocka_unit_test(a_full_file_loses_its_older_half),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
