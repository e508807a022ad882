/* SPDX-License-Identifier: Apache-2.0 */
#include "store/config.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/driver.h"
#include "tests/unit/cmocka_keg.h"

struct place {
	char dir[32];
	struct keg_err err;
};

static int setup(void **state)
{
	static struct place place;

	place = (struct place){ .dir = "/tmp/keg-conf-XXXXXX" };
	if (!mkdtemp(place.dir))
		return -1;
	*state = &place;
	unsetenv("STORAGE_DRIVER");
	unsetenv("STORAGE_OPTS");
	unsetenv("XDG_DATA_HOME");
	setenv("HOME", place.dir, 1);
	setenv("XDG_RUNTIME_DIR", place.dir, 1);
	setenv("XDG_CONFIG_HOME", place.dir, 1);
	setenv("CONTAINERS_STORAGE_CONF", "/nonexistent/storage.conf", 1);
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	return keg_remove_tree(AT_FDCWD, place->dir, &place->err);
}

#define CONFIG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Write the file that $CONTAINERS_STORAGE_CONF names. */
static void write_named(struct place *place, const char *text)
{
	autofree char *path = keg_path_join(place->dir, "named.conf");

	assert_int_equal(keg_file_write(AT_FDCWD, path, text, strlen(text), 0600, 0, &place->err),
			 0);
	setenv("CONTAINERS_STORAGE_CONF", path, 1);
}

static void without_a_file_the_places_are_the_peers(void **state)
{
	struct place *place = *state;
	auto(store_config) root = { 0 };
	auto(store_config) user = { 0 };
	struct store_config_request want = { 0 };

	assert_int_equal(store_config_load(&want, &root, &place->err), 0);
	assert_string_equal(root.graphroot, "/var/lib/containers/storage");
	assert_string_equal(root.runroot, "/run/containers/storage");
	assert_string_equal(root.driver, "overlay");
	assert_null(root.file);

	want.rootless = true;
	assert_int_equal(store_config_load(&want, &user, &place->err), 0);
	assert_true(keg_str_starts(user.graphroot, place->dir));
	assert_true(keg_str_ends(user.graphroot, "/.local/share/containers/storage"));
	assert_true(keg_str_ends(user.runroot, "/containers"));
}

static void a_file_sets_places_and_driver_options(void **state)
{
	struct place *place = *state;
	auto(store_config) config = { 0 };
	const struct store_config_request want = { .uid = 42 };

	write_named(place, "[storage]\n"
			   "driver = \"overlay\"\n"
			   "graphroot = \"$HOME/graph/${UID}\"\n"
			   "runroot = \"/run/x/\"\n"
			   "imagestore = \"/images\"\n"
			   "[storage.options]\n"
			   "additionalimagestores = [\"/one\", \"/two\"]\n"
			   "mountopt = \"noexec\"\n"
			   "disable-volatile = true\n"
			   "[storage.options.overlay]\n"
			   "mountopt = \"nodev,metacopy=on\"\n"
			   "ignore_chown_errors = \"true\"\n"
			   "sync = \"filesystem\"\n"
			   "[storage.options.thinpool]\n"
			   "size = 3\n");
	assert_int_equal(store_config_load(&want, &config, &place->err), 0);
	autofree char *graph = keg_path_join(place->dir, "graph/42");
	assert_string_equal(config.graphroot, graph);
	assert_string_equal(config.runroot, "/run/x");
	assert_string_equal(config.imagestore, "/images");
	assert_string_equal(config.mountopt, "nodev,metacopy=on");
	assert_true(config.ignore_chown_errors);
	assert_true(config.disable_volatile);
	assert_true(config.sync);
	assert_int_equal(config.image_stores.n, 2);
	assert_string_equal(config.image_stores.v[1], "/two");
	assert_non_null(config.file);
}

static void what_is_asked_for_wins_over_environment_and_file(void **state)
{
	struct place *place = *state;
	auto(store_config) config = { 0 };
	auto(store_config) none = { 0 };
	const char *options[] = { "overlay.mountopt=nodev" }, *nothing[] = { "" };
	struct store_config_request want = { .graphroot = "/g" };

	write_named(place, "[storage]\n[storage.options]\nmountopt = \"noexec\"\n");
	assert_int_equal(store_config_load(&want, &none, &place->err), 0);
	assert_null(none.mountopt); /* --root drops the file's options */
	store_config_done(&none);

	setenv("STORAGE_OPTS", "overlay.mountopt=nosuid,.ignore_chown_errors=true", 1);
	want.graphroot = NULL;
	assert_int_equal(store_config_load(&want, &config, &place->err), 0);
	assert_string_equal(config.mountopt, "nosuid");
	assert_true(config.ignore_chown_errors);
	store_config_done(&config);

	want.options = options;
	want.n_options = 1;
	assert_int_equal(store_config_load(&want, &config, &place->err), 0);
	assert_string_equal(config.mountopt, "nodev");
	assert_false(config.ignore_chown_errors);

	want.options = nothing;
	assert_int_equal(store_config_load(&want, &none, &place->err), 0);
	assert_int_equal(none.driver_options.n, 0);
}

static void an_ordinary_user_has_a_file_of_his_own(void **state)
{
	struct place *place = *state;
	auto(store_config) config = { 0 };
	const struct store_config_request want = { .rootless = true, .uid = 1000 };
	static const char text[] = "[storage]\ngraphroot = \"/mine/$UID\"\n";
	autofree char *path = keg_path_join(place->dir, "containers/storage.conf");
	autofree char *dir = keg_path_join(place->dir, "containers");

	unsetenv("CONTAINERS_STORAGE_CONF");
	assert_int_equal(keg_mkdirs(AT_FDCWD, dir, 0700, &place->err), 0);
	assert_int_equal(keg_file_write(AT_FDCWD, path, text, strlen(text), 0600, 0, &place->err),
			 0);
	assert_int_equal(store_config_load(&want, &config, &place->err), 0);
	assert_string_equal(config.graphroot, "/mine/1000");
	assert_string_equal(config.file, path);
}

static void what_is_not_built_or_not_known_is_refused(void **state)
{
	static const struct {
		const char *option;
		int code;
	} table[] = {
		{ "overlay.use_composefs=true", -KEG_EUNSUPPORTED },
		{ "overlay.size=1G", -KEG_EUNSUPPORTED },
		{ "overlay.force_mask=shared", -KEG_EUNSUPPORTED },
		{ "overlay.nonsense=1", -KEG_EUSAGE },
		{ "nonsense", -KEG_EUSAGE },
		{ "overlay.use_composefs=false", 0 },
		{ "vfs.ignore_chown_errors=true", 0 },
		{ "overlay2.mountopt=nodev", 0 },
	};
	struct place *place = *state;

	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(store_config) config = { 0 };
		const struct store_config_request want = { .options = &table[i].option,
							   .n_options = 1 };

		assert_int_equal(store_config_load(&want, &config, &place->err), table[i].code);
	}
}

/* Leave in the graph root what using it with the driver leaves. */
static void use_with(struct place *place, const char *driver)
{
	autofree char *path = keg_printf("%s/%s-images", place->dir, driver);

	assert_int_equal(keg_mkdirs(AT_FDCWD, path, 0700, &place->err), 0);
}

static void the_driver_is_named_or_prior_or_the_first_that_works(void **state)
{
	static const struct {
		const char *named, *priority, *used[2];
		bool rootless;
		const char *driver; /* NULL: refused */
	} table[] = {
		{ .driver = "overlay" },
		{ .named = "overlay2", .driver = "overlay" },
		{ .named = "vfs", .priority = "overlay", .used = { "overlay" }, .driver = "vfs" },
		{ .priority = "vfs", .driver = "vfs" },
		{ .priority = "btrfs,vfs", .driver = "vfs" },
		{ .priority = "btrfs,zfs" },
		{ .priority = "vfs,overlay", .used = { "overlay" }, .driver = "overlay" },
		{ .priority = "overlay,vfs", .used = { "vfs" }, .driver = "vfs" },
		{ .used = { "vfs" }, .driver = "overlay" }, /* vfs must be asked for */
		{ .used = { "vfs" }, .rootless = true, .driver = "vfs" },
		{ .used = { "vfs", "overlay" } },
		{ .used = { "vfs", "overlay" }, .rootless = true, .driver = "overlay" },
		{ .named = "overlay", .used = { "vfs", "overlay" }, .driver = "overlay" },
	};
	struct place *place = *state;

	keg_log_set_level(KEG_LOG_ERROR);
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_strv) priority = { 0 };
		autofree char *driver = NULL;
		const struct driver_request want = { .named = table[i].named,
						     .priority = &priority,
						     .graphroot = place->dir,
						     .rootless = table[i].rootless };

		if (table[i].priority)
			keg_strv_split(&priority, table[i].priority, ',');
		for (size_t k = 0; k < 2 && table[i].used[k]; k++)
			use_with(place, table[i].used[k]);
		int r = driver_choose(&want, &driver, &place->err);
		assert_int_equal(r < 0, !table[i].driver);
		if (r >= 0)
			assert_string_equal(driver, table[i].driver);
		assert_int_equal(teardown(state), 0);
		assert_int_equal(mkdir(place->dir, 0700), 0);
	}
	keg_log_set_level(KEG_LOG_WARN);
}

static void a_file_has_drivers_in_their_order(void **state)
{
	struct place *place = *state;
	auto(store_config) first = { 0 };
	auto(store_config) second = { 0 };
	const struct store_config_request want = { 0 };

	write_named(place, "[storage]\ndriver_priority = [\"vfs\", \"overlay\"]\n"
			   "graphroot = \"/nonexistent/root\"\n");
	assert_int_equal(store_config_load(&want, &first, &place->err), 0);
	assert_string_equal(first.driver, "vfs");
	setenv("STORAGE_DRIVER", "overlay", 1);
	assert_int_equal(store_config_load(&want, &second, &place->err), 0);
	assert_string_equal(second.driver, "overlay");
}

static void a_file_that_wants_what_is_not_built_is_refused(void **state)
{
	static const struct {
		const char *text, *named; /* NULL: fine */
	} table[] = {
		{ "transient_store = true\n", "transient_store" },
		{ "transient_store = false\n", NULL },
		{ "[storage.options]\nremap-uids = \"0:1000:10\"\n", "remapped ids" },
		{ "[storage.options.overlay]\nsize = \"1G\"\n", "overlay.size" },
		{ "[storage.options.overlay]\ninodes = \"10\"\n", "overlay.inodes" },
		{ "[storage.options.overlay]\nforce_mask = \"shared\"\n", "overlay.force_mask" },
		{ "[storage.options]\nadditionallayerstores = [\"/x:ref\"]\n",
		  "additionallayerstore" },
	};
	struct place *place = *state;
	const struct store_config_request want = { 0 };

	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(store_config) config = { 0 };
		autofree char *text = keg_printf("[storage]\n%s", table[i].text);

		write_named(place, text);
		assert_int_equal(store_config_load(&want, &config, &place->err),
				 table[i].named ? -KEG_EUNSUPPORTED : 0);
		if (table[i].named)
			assert_non_null(strstr(place->err.msg, table[i].named));
	}
}

static void a_malformed_file_is_named(void **state)
{
	struct place *place = *state;
	auto(store_config) config = { 0 };
	const struct store_config_request want = { 0 };

	write_named(place, "[storage]\ngraphroot = \"x\n");
	assert_int_equal(store_config_load(&want, &config, &place->err), -KEG_ECORRUPT);
	assert_non_null(strstr(place->err.msg, "named.conf"));
	assert_non_null(strstr(place->err.msg, "line 2"));
	write_named(place, "[storage]\ngraphroot = 3\n");
	assert_int_equal(store_config_load(&want, &config, &place->err), -KEG_ECORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(without_a_file_the_places_are_the_peers),
		CONFIG_TEST(a_file_sets_places_and_driver_options),
		CONFIG_TEST(what_is_asked_for_wins_over_environment_and_file),
		CONFIG_TEST(an_ordinary_user_has_a_file_of_his_own),
		CONFIG_TEST(what_is_not_built_or_not_known_is_refused),
		CONFIG_TEST(the_driver_is_named_or_prior_or_the_first_that_works),
		CONFIG_TEST(a_file_has_drivers_in_their_order),
		CONFIG_TEST(a_file_that_wants_what_is_not_built_is_refused),
		CONFIG_TEST(a_malformed_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
