/* SPDX-License-Identifier: Apache-2.0 */
/* Removing images, what keeps them, and what a crash leaves. */
#include <sys/file.h>
#include <sys/wait.h>

#include "base/json.h"
#include "store/check.h"
#include "store/image.h"
#include "store/container.h"
#include "store/pin.h"
#include "store/remove.h"
#include "tests/unit/store_fixture.h"

static const char *const two[] = { "lower", "upper" };
static const char *const three[] = { "lower", "upper", "top" };

static size_t count_records(struct fixture *f, const char *list)
{
	autofree char *path = keg_printf("%s/g/%s", f->dir, list);
	autojson records = NULL;

	if (keg_json_read(AT_FDCWD, path, 1 << 20, &records, &f->err) < 0)
		return 0;
	return json_object_array_length(records);
}

static void a_removed_image_takes_only_the_layers_nobody_else_needs(void **state)
{
	struct fixture *f = *state;
	auto(keg_strv) layers = { 0 };
	char one[STORE_ID_LEN + 1], other[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, one), 0);
	assert_int_equal(fixture_commit(f, "two", "two", three, 3, other), 0);
	assert_int_equal(store_image_remove(f->store, other, &layers, &f->err), 0);
	assert_int_equal(layers.n, 1);
	assert_int_equal(fixture_count(f, "overlay/l"), 2);
	assert_int_equal(store_image_remove(f->store, one, &layers, &f->err), 0);
	assert_int_equal(layers.n, 3);
	assert_int_equal(fixture_count(f, "overlay/l"), 0);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 0);
	assert_int_equal(count_records(f, "overlay-layers/layers.json"), 0);
	assert_false(fixture_exists(f, "overlay-images/manifest"));
	assert_int_equal(store_image_remove(f->store, one, &layers, &f->err), -KEG_ENOTFOUND);
}

static void a_peers_container_keeps_its_image(void **state)
{
	struct fixture *f = *state;
	auto(keg_arena) arena = { 0 };
	struct store_container *users;
	char id[STORE_ID_LEN + 1];
	size_t n;

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	autofree char *path = keg_printf("%s/g/overlay-containers/containers.json", f->dir);
	autofree char *list =
		keg_printf("[{\"id\":\"c\",\"names\":[\"box\"],\"image\":\"%s\"}]", id);
	assert_int_equal(keg_file_write(AT_FDCWD, path, list, strlen(list), 0600, 0, &f->err), 0);
	assert_int_equal(store_image_remove(f->store, id, NULL, &f->err), -KEG_EBUSY);
	assert_non_null(strstr(f->err.msg, "image used by c"));
	assert_int_equal(store_container_list(f->store, id, &arena, &users, &n, &f->err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(users[0].name, "box");
	assert_false(users[0].pin);
}

static void an_image_is_pinned_once_however_many_containers_it_has(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(store_pin(f->store, id, "c1", &f->err), 0);
	assert_int_equal(store_pin(f->store, id, "c2", &f->err), 0);
	assert_int_equal(store_pin(f->store, id, "c2", &f->err), 0);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 1);
	assert_int_equal(count_records(f, "overlay-layers/layers.json"), 3);
	assert_int_equal(store_image_remove(f->store, id, NULL, &f->err), -KEG_EBUSY);
	assert_non_null(strstr(f->err.msg, "image used by c"));

	assert_int_equal(store_unpin(f->store, id, "c1", &f->err), 0);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 1);
	assert_int_equal(store_unpin(f->store, id, "c2", &f->err), 0);
	assert_int_equal(store_unpin(f->store, id, "c2", &f->err), 0);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 0);
	assert_int_equal(count_records(f, "overlay-layers/layers.json"), 2);
	assert_int_equal(fixture_count(f, "keg/pins"), 0);
	assert_int_equal(fixture_count(f, "overlay/l"), 2);
	assert_int_equal(store_image_remove(f->store, id, NULL, &f->err), 0);
	assert_int_equal(store_pin(f->store, id, "c1", &f->err), -KEG_ENOTFOUND);
	assert_int_equal(fixture_count(f, "keg/pins"), 0);
}

static void many_processes_pin_and_unpin_without_losing_a_claim(void **state)
{
	enum { CHILDREN = 8, ROUNDS = 25 };
	struct fixture *f = *state;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	for (int i = 0; i < CHILDREN; i++) {
		if (fork() > 0)
			continue;
		struct fixture own = fixture_again(f);
		int bad = 0;

		for (int round = 0; round < ROUNDS; round++) {
			autofree char *name = keg_printf("c%d-%d", i, round);
			int hold = store_hold(own.store, &own.err);

			bad |= hold < 0 || store_pin(own.store, id, name, &own.err) < 0;
			store_hold_release(&hold);
			bad |= store_image_remove(own.store, id, NULL, &own.err) != -KEG_EBUSY;
			bad |= store_unpin(own.store, id, name, &own.err) < 0;
		}
		/* Only now: a removal between two rounds must not take the image away. */
		_exit(bad);
	}
	int status, failed = 0;
	assert_int_equal(store_pin(f->store, id, "parent", &f->err), 0);
	while (wait(&status) > 0)
		failed += status != 0;
	assert_int_equal(failed, 0);
	assert_int_equal(store_unpin(f->store, id, "parent", &f->err), 0);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 0);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 0);
}

static void a_hold_stops_removals_but_not_pins(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID_LEN + 1];
	int ready[2], status;

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(pipe(ready), 0);
	int hold = store_hold(f->store, &f->err);
	assert_true(hold >= 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct fixture own = fixture_again(f);

		close(hold); /* a copy would keep the hold */
		int r = store_image_remove(own.store, id, NULL, &own.err);
		_exit(write(ready[1], "x", 1) == 1 && r == 0 ? 0 : 1);
	}
	assert_int_equal(store_pin(f->store, id, "c", &f->err), 0);
	assert_int_equal(store_unpin(f->store, id, "c", &f->err), 0);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	store_hold_release(&hold);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
}

/* --- after a crash ----------------------------------------------------------------------- */

struct findings {
	int count[STORE_PIN_LOST + 1];
};

static void note(void *ctx, enum store_damage what, const char *name, bool repaired)
{
	struct findings *found = ctx;

	(void)name;
	(void)repaired;
	found->count[what]++;
}

static int check(struct fixture *f, bool repair, struct findings *found)
{
	const struct store_check how = {
		.repair = repair, .max_age = -1, .report = note, .ctx = found
	};

	*found = (struct findings){ 0 };
	return store_check(f->store, &how, &f->err);
}

static void a_sound_store_has_no_findings(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", three, 3, id), 0);
	assert_int_equal(check(f, false, &found), 0);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(fixture_count(f, "overlay/l"), 3);
}

static void a_dead_owners_staging_is_collected_and_a_living_ones_is_not(void **state)
{
	struct fixture *f = *state;
	struct store_staging *alive = fixture_stage(f, "alive");
	struct findings found;
	int status;

	if (fork() == 0) {
		fixture_stage(f, "dead");
		_exit(0);
	}
	wait(&status);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 2);
	assert_int_equal(check(f, false, &found), 1);
	assert_int_equal(found.count[STORE_STAGING_LEFT], 1);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(fixture_count(f, "overlay/tempdirs"), 1);
	assert_int_equal(fixture_count(f, "keg/staging"), 1);
	assert_true(keg_exists(store_staging_diff(alive), "alive"));
	store_staging_free(alive);
}

static void what_is_on_disk_without_a_record_is_collected(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	autofree char *layer = keg_printf("%s/g/overlay/%064d/diff", f->dir, 7);
	autofree char *image = keg_printf("%s/g/overlay-images/%064d", f->dir, 7);
	autofree char *link = keg_printf("%s/g/overlay/l/AAAA", f->dir);
	autofree char *links = keg_path_dir(link);

	assert_int_equal(keg_mkdirs(AT_FDCWD, layer, 0700, &f->err), 0);
	assert_int_equal(keg_mkdirs(AT_FDCWD, image, 0700, &f->err), 0);
	assert_int_equal(keg_mkdirs(AT_FDCWD, links, 0700, &f->err), 0);
	assert_int_equal(symlink("../gone/diff", link), 0);
	assert_int_equal(check(f, false, &found), 3);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_LAYER_UNRECORDED], 1);
	assert_int_equal(found.count[STORE_IMAGE_UNRECORDED], 1);
	assert_int_equal(found.count[STORE_LINK_DANGLING], 1);
	assert_int_equal(check(f, false, &found), 0);
}

static void whole_layers_of_a_commit_killed_before_its_image_are_collected(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	struct store_layer *chain;
	size_t n;

	assert_int_equal(fixture_commit(f, "one", "one", three, 3, id), 0);
	assert_int_equal(fixture_count(f, "keg/staging"), 0);
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	assert_int_equal(store_layer_chain(f->store, image.layer, &arena, &chain, &n, &f->err), 0);
	autofree char *images = keg_printf("%s/g/overlay-images/images.json", f->dir);
	autofree char *note = keg_printf("%s/g/keg/staging/commit-1", f->dir);
	autofree char *text = keg_printf("%s\n%s", chain[1].id, chain[2].id);
	assert_int_equal(keg_file_write(AT_FDCWD, images, "[]", 2, 0600, 0, &f->err), 0);

	/* Without a note they may be a peer's, who is about to record the image. */
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_LAYER_UNUSED], 0);
	assert_int_equal(keg_file_write(AT_FDCWD, note, text, strlen(text), 0600, 0, &f->err), 0);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_LAYER_UNUSED], 2);
	assert_int_equal(fixture_count(f, "overlay/l"), 1);
	assert_int_equal(fixture_count(f, "keg/staging"), 0);
	assert_int_equal(check(f, false, &found), 0);
}

static void an_image_that_lost_a_layer_is_reported_and_kept(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];
	auto(keg_arena) arena = { 0 };
	struct store_image image;

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	autofree char *tree = keg_printf("%s/g/overlay/%s", f->dir, image.layer);
	assert_int_equal(keg_remove_tree(AT_FDCWD, tree, &f->err), 0);
	assert_true(check(f, true, &found) > 0);
	assert_int_equal(found.count[STORE_IMAGE_DAMAGED], 1);
	assert_int_equal(found.count[STORE_LAYER_LOST], 1);
	assert_int_equal(store_image_remove(f->store, id, NULL, &f->err), 0);
	assert_int_equal(check(f, false, &found), 0);
}

/* What a power cut may leave: names on disk, contents not. */
static void a_layer_that_lost_files_is_reported_and_replaced(void **state)
{
	static const char *const files[] = { "link", "lower" };
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	struct store_layer layer;

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	assert_int_equal(store_layer_find(f->store, image.layer, &arena, &layer, &f->err), 0);
	for (size_t i = 0; i < KEG_COUNT(files); i++) {
		autofree char *file =
			keg_printf("%s/g/overlay/%s/%s", f->dir, image.layer, files[i]);

		assert_true(store_layer_is_whole(f->store, &layer));
		assert_int_equal(truncate(file, 0), 0);
		assert_false(store_layer_is_whole(f->store, &layer));
		assert_true(check(f, true, &found) > 0);
		assert_int_equal(found.count[STORE_LAYER_DAMAGED], 1);
		assert_int_equal(found.count[STORE_IMAGE_DAMAGED], 1);
		assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
		check(f, true, &found);
		assert_int_equal(check(f, false, &found), 0);
	}
}

static void a_layer_whose_tree_is_empty_lost_it(void **state)
{
	struct fixture *f = *state;
	char id[STORE_ID_LEN + 1];
	auto(keg_arena) arena = { 0 };
	struct store_image image;
	struct store_layer layer;

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(store_image_find(f->store, id, &arena, &image, &f->err), 0);
	assert_int_equal(store_layer_find(f->store, image.layer, &arena, &layer, &f->err), 0);
	autofree char *diff = keg_printf("%s/g/overlay/%s/diff", f->dir, image.layer);
	assert_int_equal(keg_remove_tree(AT_FDCWD, diff, &f->err), 0);
	assert_false(store_layer_is_whole(f->store, &layer));
	assert_int_equal(mkdir(diff, 0755), 0);
	assert_true(store_layer_is_whole(f->store, &layer)); /* so small a tar may be empty */
	layer.diff_size = 1 << 20;
	assert_false(store_layer_is_whole(f->store, &layer));
}

static void a_lost_short_link_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];
	autofree char *links = keg_printf("%s/g/overlay/l", f->dir);

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(keg_remove_tree(AT_FDCWD, links, &f->err), 0);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_LINK_MISSING], 2);
	assert_int_equal(fixture_count(f, "overlay/l"), 2);
}

static void pins_of_containers_that_are_gone_are_removed(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(store_pin(f->store, id, "c1", &f->err), 0);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_PIN_LEFT], 1);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 0);

	/* The claim is gone, the pin is not: killed in between. */
	assert_int_equal(store_pin(f->store, id, "c1", &f->err), 0);
	autofree char *pins = keg_printf("%s/g/keg/pins", f->dir);
	assert_int_equal(keg_remove_tree(AT_FDCWD, pins, &f->err), 0);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(found.count[STORE_PIN_LEFT], 1);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 0);
	assert_int_equal(count_records(f, "overlay-layers/layers.json"), 2);
}

static void a_pin_that_a_peer_removed_is_made_again(void **state)
{
	struct fixture *f = *state;
	struct findings found;
	char id[STORE_ID_LEN + 1];
	autofree char *container = keg_printf("%s/g/keg/containers/c1", f->dir);
	autofree char *list = keg_printf("%s/g/overlay-containers/containers.json", f->dir);

	assert_int_equal(fixture_commit(f, "one", "one", two, 2, id), 0);
	assert_int_equal(keg_mkdirs(AT_FDCWD, container, 0700, &f->err), 0);
	assert_int_equal(store_pin(f->store, id, "c1", &f->err), 0);
	assert_int_equal(check(f, false, &found), 0);
	assert_int_equal(keg_file_write(AT_FDCWD, list, "[]", 2, 0600, 0, &f->err), 0);
	assert_true(check(f, false, &found) > 0);
	assert_int_equal(found.count[STORE_PIN_LOST], 1);
	assert_int_equal(check(f, true, &found), 0);
	assert_int_equal(count_records(f, "overlay-containers/containers.json"), 1);
	assert_int_equal(check(f, false, &found), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_removed_image_takes_only_the_layers_nobody_else_needs),
		FIXTURE_TEST(a_peers_container_keeps_its_image),
		FIXTURE_TEST(an_image_is_pinned_once_however_many_containers_it_has),
		FIXTURE_TEST(many_processes_pin_and_unpin_without_losing_a_claim),
		FIXTURE_TEST(a_hold_stops_removals_but_not_pins),
		FIXTURE_TEST(a_sound_store_has_no_findings),
		FIXTURE_TEST(a_dead_owners_staging_is_collected_and_a_living_ones_is_not),
		FIXTURE_TEST(what_is_on_disk_without_a_record_is_collected),
		FIXTURE_TEST(whole_layers_of_a_commit_killed_before_its_image_are_collected),
		FIXTURE_TEST(an_image_that_lost_a_layer_is_reported_and_kept),
		FIXTURE_TEST(a_layer_that_lost_files_is_reported_and_replaced),
		FIXTURE_TEST(a_layer_whose_tree_is_empty_lost_it),
		FIXTURE_TEST(a_lost_short_link_is_made_again),
		FIXTURE_TEST(pins_of_containers_that_are_gone_are_removed),
		FIXTURE_TEST(a_pin_that_a_peer_removed_is_made_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
