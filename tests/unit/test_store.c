/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <sys/stat.h>

#include "store/image.h"
#include "store/names.h"
#include "tests/unit/store_fixture.h"

static const char *const two[] = { "lower", "upper" };

static void a_committed_image_is_found_by_name_and_id(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "config", "localhost/a:1", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "localhost/a:1", &arena, &image, &f->err), 0);
	assert_string_equal(image.id, id);
	assert_int_equal(image.n_names, 1);
	assert_int_equal(image.size, 200 + (int64_t)strlen("config") + 84);
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	assert_string_equal(image.names[0], "localhost/a:1");
	assert_int_equal(store_image_find(f->store, "localhost/a", &arena, &image, &f->err),
			 -KEG_ENOTFOUND);
}

static void an_id_is_found_by_its_beginning_unless_two_begin_so(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1], other[STORE_ID_LEN + 1], beginning[4] = "";

	assert_int_equal(fixture_commit(f, "config", NULL, two, 2, id), 0);
	memcpy(beginning, id, 3);
	assert_int_equal(store_image_find_prefix(f->store, beginning, &arena, &image, &f->err), 0);
	assert_string_equal(image.id, id);
	for (int i = 0; i < 17; i++) { /* two of eighteen hex digits are equal */
		autofree char *config = keg_printf("%d", i);

		assert_int_equal(fixture_commit(f, config, NULL, two, 2, other), 0);
	}
	int ambiguous = 0;
	for (const char *c = "0123456789abcdef"; *c; c++) {
		char digit[] = { *c, '\0' };

		ambiguous += store_image_find_prefix(f->store, digit, &arena, &image, &f->err) ==
			     -KEG_EUSAGE;
	}
	assert_true(ambiguous > 0);
}

static void documents_are_kept_under_the_peers_file_names(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1];
	autofree char *digest = fixture_digest("config");
	autofree char *file = store_data_file("sha256:ab");

	assert_string_equal(file, "=c2hhMjU2OmFi");
	assert_int_equal(fixture_commit(f, "config", "a", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_int_equal(store_image_data(f->store, &image, digest, 100, &text, &f->err), 0);
	assert_string_equal(keg_buf_text(&text), "config");
	assert_int_equal(store_image_data(f->store, &image, "nothing", 100, &text, &f->err),
			 -KEG_ENOTFOUND);
}

static void images_are_found_by_the_digest_of_a_manifest(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_image image, *list;
	char id[STORE_ID_LEN + 1];
	size_t n;

	assert_int_equal(fixture_commit(f, "config", "a", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_int_equal(
		store_image_find_digest(f->store, image.digest, &arena, &list, &n, &f->err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].id, id);
	assert_int_equal(store_image_find_digest(f->store, "sha256:0", &arena, &list, &n, &f->err),
			 0);
	assert_int_equal(n, 0);
}

static void images_with_common_layers_store_them_once(void **state)
{
	struct fixture *f = *state;
	static const char *const three[] = { "lower", "upper", "top" };
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(fixture_commit(f, "two", "two", three, 3, id), 0);
	assert_int_equal(fixture_count(f, "overlay/l"), 3);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 0);
}

static void a_layer_lists_all_below_it_with_short_links(void **state)
{
	struct fixture *f = *state;
	static const char *const three[] = { "lower", "upper", "top" };
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) lower = { 0 };
	struct store_layer *chain;
	struct store_image image;
	char id[STORE_ID_LEN + 1];
	size_t n;

	assert_int_equal(fixture_commit(f, "config", "a", three, 3, id), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_int_equal(store_layer_chain(f->store, image.layer, &arena, &chain, &n, &f->err), 0);
	assert_int_equal(n, 3);
	assert_string_equal(chain[0].parent, "");
	assert_string_equal(chain[2].id, image.layer);

	autofree char *path = keg_printf("%s/g/overlay/%s/lower", f->dir, image.layer);
	assert_int_equal(keg_file_read(AT_FDCWD, path, 4096, &lower, &f->err), 0);
	assert_int_equal(lower.len, 2 * strlen("l/ABCDEFGHIJKLMNOPQRSTUVWXYZ") + 1);
	autofree char *first = keg_printf("%s/g/overlay/%.28s/upper", f->dir, lower.data);
	assert_true(keg_exists(AT_FDCWD, first));
}

static void a_layer_without_an_entry_for_its_root_takes_the_lower_ones_mode(void **state)
{
	struct fixture *f = *state;
	struct store_staging *base = fixture_stage(f, "a"), *top = fixture_stage(f, "b");
	char ids[2][STORE_ID_LEN + 1];
	struct store_new_layer layers[2] = { { .id = ids[0], .staging = base },
					     { .id = ids[1], .staging = top } };
	struct stat st;

	memset(ids, 'a', sizeof ids);
	ids[0][STORE_ID_LEN] = ids[1][STORE_ID_LEN] = '\0';
	ids[1][0] = 'b';
	assert_int_equal(fchmod(store_staging_diff(base), 0751), 0);
	assert_int_equal(store_commit(f->store, layers, 2, NULL, NULL, &f->err), 0);
	autofree char *path = keg_printf("%s/g/overlay/%s/diff", f->dir, ids[1]);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0751);
	store_staging_free(base);
	store_staging_free(top);
}

static void a_layer_that_went_meanwhile_is_named_and_nothing_is_committed(void **state)
{
	struct fixture *f = *state;
	struct store_staging *staging = fixture_stage(f, "a");
	char ids[2][STORE_ID_LEN + 1];
	struct store_new_layer layers[2] = { { .id = ids[0], .staging = staging },
					     { .id = ids[1] } };
	size_t missing = 0;

	memset(ids, 'c', sizeof ids);
	ids[0][STORE_ID_LEN] = ids[1][STORE_ID_LEN] = '\0';
	ids[1][0] = 'd';
	assert_int_equal(store_commit(f->store, layers, 2, NULL, &missing, &f->err),
			 -KEG_ENOTFOUND);
	assert_int_equal(missing, 1);
	assert_true(keg_exists(store_staging_diff(staging), "a"));
	assert_int_equal(fixture_count(f, "overlay/l"), 0);
	store_staging_free(staging);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 0);
	assert_int_equal(fixture_count(f, "keg/staging"), 0);
}

static void a_commit_that_fails_late_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	autofree char *digest = fixture_digest("config");
	autofree char *in_the_way =
		keg_printf("%s/g/overlay-images/%s", f->dir, digest + strlen("sha256:"));
	auto(keg_arena) arena = { 0 };
	struct store_layer layer;
	char id[STORE_ID_LEN + 1];

	/* Where the documents belong there is a file: the layers are recorded by then. */
	assert_int_equal(keg_file_write(AT_FDCWD, in_the_way, "x", 1, 0600, 0, &f->err), 0);
	assert_true(fixture_commit(f, "config", "a", two, 2, id) < 0);
	assert_int_equal(fixture_count(f, "overlay/l"), 0);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 0);
	assert_int_equal(fixture_count(f, "keg/staging"), 0);
	autofree char *lower = fixture_digest("lower");
	assert_int_equal(
		store_layer_find(f->store, lower + strlen("sha256:"), &arena, &layer, &f->err),
		-KEG_ENOTFOUND);
	assert_int_equal(fixture_commit(f, "config", "a", two, 2, id), 0);
}

static void a_name_moves_to_the_image_that_got_it_last(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	char one[STORE_ID_LEN + 1], other[STORE_ID_LEN + 1];
	const char *extra[] = { "extra", "a" };

	assert_int_equal(fixture_commit(f, "one", "a", two, 2, one), 0);
	assert_int_equal(fixture_commit(f, "two", "a", two, 2, other), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_string_equal(image.id, other);
	assert_int_equal(store_image_find(f->store, one, &arena, &image, &f->err), 0);
	assert_int_equal(image.n_names, 0);
	assert_string_equal(image.history[0], "a");

	assert_int_equal(store_image_add_names(f->store, one, extra, 2, &f->err), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_string_equal(image.id, one);
	assert_int_equal(image.n_names, 2);
	assert_int_equal(store_image_remove_names(f->store, one, extra, 2, &f->err), 0);
	assert_int_equal(store_image_find(f->store, "extra", &arena, &image, &f->err),
			 -KEG_ENOTFOUND);
}

static void a_change_by_another_process_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "a", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	struct fixture other = fixture_again(f);
	assert_int_equal(store_image_find(other.store, "a", &arena, &image, &f->err), 0);
	assert_int_equal(fixture_commit(&other, "two", "b", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "b", &arena, &image, &f->err), 0);
	store_close(other.store);
}

static void a_torn_index_is_made_anew(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) index = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1];
	autofree char *path = keg_printf("%s/g/keg/index", f->dir);

	assert_int_equal(fixture_commit(f, "one", "a", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, "a", &arena, &image, &f->err), 0);
	assert_int_equal(keg_file_read(AT_FDCWD, path, 1 << 20, &index, &f->err), 0);
	for (size_t at = 0; at < index.len; at += 7) {
		index.data[at] ^= 0x55;
		assert_int_equal(
			keg_file_write(AT_FDCWD, path, index.data, index.len, 0600, 0, &f->err), 0);
		struct fixture other = fixture_again(f);
		assert_int_equal(store_image_find(other.store, "a", &arena, &image, &f->err), 0);
		assert_string_equal(image.id, id);
		store_close(other.store);
		index.data[at] ^= 0x55;
	}
}

static void unknown_members_of_a_record_survive_a_change(void **state)
{
	struct fixture *f = *state;
	static const char list[] =
		"[{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\","
		"\"newer\":{\"deep\":[1,18446744073709551615]}}]";
	const char *names[] = { "n" };
	autofree char *path = keg_printf("%s/g/overlay-images/images.json", f->dir);
	auto(keg_buf) text = { 0 };
	char id[STORE_ID_LEN + 1];

	memset(id, 'a', STORE_ID_LEN);
	id[STORE_ID_LEN] = '\0';
	assert_int_equal(keg_file_write(AT_FDCWD, path, list, strlen(list), 0600, 0, &f->err), 0);
	assert_int_equal(store_image_add_names(f->store, id, names, 1, &f->err), 0);
	assert_int_equal(keg_file_read(AT_FDCWD, path, 4096, &text, &f->err), 0);
	assert_non_null(strstr(keg_buf_text(&text), "\"deep\":[1,18446744073709551615]"));
	assert_non_null(strstr(keg_buf_text(&text), "\"names\":[\"n\"]"));
}

static void ids_that_are_no_file_names_are_not_believed(void **state)
{
	struct fixture *f = *state;
	static const char list[] = "[{\"id\":\"../../etc\",\"names\":[\"evil\"]}]";
	autofree char *path = keg_printf("%s/g/overlay-images/images.json", f->dir);
	auto(keg_arena) arena = { 0 };
	struct store_image image;

	assert_int_equal(keg_file_write(AT_FDCWD, path, list, strlen(list), 0600, 0, &f->err), 0);
	assert_int_equal(store_image_find(f->store, "evil", &arena, &image, &f->err),
			 -KEG_ENOTFOUND);
}

static void an_additional_store_is_read_after_our_own(void **state)
{
	struct fixture *f = *state;
	struct fixture front = { .store = NULL };
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	char id[STORE_ID_LEN + 1];
	autofree char *option = keg_printf("overlay.imagestore=%s/g", f->dir);
	autofree char *graph = keg_printf("%s/front", f->dir);
	const char *options[] = { option };
	const struct store_config_request want = { .graphroot = graph,
						   .options = options,
						   .n_options = 1 };
	auto(store_config) config = { 0 };

	assert_int_equal(fixture_commit(f, "one", "a", two, 2, id), 0);
	assert_int_equal(store_config_load(&want, &config, &f->err), 0);
	assert_int_equal(store_open(&config, &front.store, &f->err), 0);
	assert_int_equal(store_image_find(front.store, "a", &arena, &image, &f->err), 0);
	assert_true(image.read_only);
	auto(keg_buf) text = { 0 };
	assert_int_equal(store_image_data(front.store, &image, "manifest", 4096, &text, &f->err),
			 0);
	store_close(front.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_committed_image_is_found_by_name_and_id),
		FIXTURE_TEST(an_id_is_found_by_its_beginning_unless_two_begin_so),
		FIXTURE_TEST(documents_are_kept_under_the_peers_file_names),
		FIXTURE_TEST(images_are_found_by_the_digest_of_a_manifest),
		FIXTURE_TEST(images_with_common_layers_store_them_once),
		FIXTURE_TEST(a_layer_lists_all_below_it_with_short_links),
		FIXTURE_TEST(a_layer_without_an_entry_for_its_root_takes_the_lower_ones_mode),
		FIXTURE_TEST(a_layer_that_went_meanwhile_is_named_and_nothing_is_committed),
		FIXTURE_TEST(a_commit_that_fails_late_leaves_nothing),
		FIXTURE_TEST(a_name_moves_to_the_image_that_got_it_last),
		FIXTURE_TEST(a_change_by_another_process_is_seen_at_once),
		FIXTURE_TEST(a_torn_index_is_made_anew),
		FIXTURE_TEST(unknown_members_of_a_record_survive_a_change),
		FIXTURE_TEST(ids_that_are_no_file_names_are_not_believed),
		FIXTURE_TEST(an_additional_store_is_read_after_our_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
