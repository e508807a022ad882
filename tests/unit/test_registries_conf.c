/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "registry/config.h"
#include "registry/short_names.h"

enum { NOBODY = 65534 };

/* A folder with registries.conf and an empty folder of drop-ins; also HOME. */
struct place {
	char top[64];
	char *conf, *dir;
	struct registry_config *config;
	struct keg_err err;
};

static int setup(void **state)
{
	struct place *p = keg_alloc(1, sizeof *p);

	snprintf(p->top, sizeof p->top, "/tmp/keg-registries-XXXXXX");
	if (!mkdtemp(p->top))
		return -1;
	p->conf = keg_path_join(p->top, "registries.conf");
	p->dir = keg_path_join(p->top, "registries.conf.d");
	setenv("HOME", p->top, 1);
	setenv("XDG_CACHE_HOME", p->top, 1);
	*state = p;
	/* The root user's recorded aliases are the machine's, so nobody is root here. */
	if (geteuid() == 0 && (chown(p->top, NOBODY, NOBODY) < 0 || seteuid(NOBODY) < 0))
		return -1;
	return mkdir(p->dir, 0700);
}

static int teardown(void **state)
{
	struct place *p = *state;
	struct keg_err err;

	if (p->config)
		registry_config_free(p->config);
	int r = getuid() == 0 ? seteuid(0) : 0;
	if (r == 0)
		r = keg_remove_tree(AT_FDCWD, p->top, &err);
	free(p->conf);
	free(p->dir);
	free(p);
	return r;
}

static void write_file(const char *path, const char *text)
{
	struct keg_err err;

	assert_int_equal(keg_file_write(AT_FDCWD, path, text, strlen(text), 0600, 0, &err), 0);
}

static void drop_in(struct place *p, const char *name, const char *text)
{
	autofree char *path = keg_path_join(p->dir, name);

	write_file(path, text);
}

static int load(struct place *p, const char *text)
{
	write_file(p->conf, text);
	if (p->config)
		registry_config_free(p->config);
	p->config = NULL;
	return registry_config_load(p->conf, p->dir, &p->config, &p->err);
}

static void assert_loads(struct place *p, const char *text)
{
	if (load(p, text) < 0)
		fail_msg("%s", p->err.msg);
}

/* The places of host/path as "host/path host/path!": with '!' where it is insecure. */
static char *places(struct place *p, const char *host, const char *path, bool by_digest)
{
	auto(registry_places) found = { 0 };
	auto(keg_buf) text = { 0 };

	if (registry_config_pull_places(p->config, host, path, by_digest, &found, &p->err) < 0)
		return keg_strdup(p->err.msg);
	for (size_t i = 0; i < found.n; i++)
		keg_buf_printf(&text, "%s%s/%s%s", i ? " " : "", found.v[i].host, found.v[i].path,
			       found.v[i].insecure ? "!" : "");
	return keg_buf_take(&text);
}

static void assert_places(struct place *p, const char *host, const char *path, const char *want)
{
	autofree char *found = places(p, host, path, false);

	assert_string_equal(found, want);
}

static void without_a_file_a_name_means_itself(void **state)
{
	struct place *p = *state;

	assert_loads(p, "");
	assert_places(p, "quay.io", "a/b", "quay.io/a/b");
}

static void a_file_that_is_named_must_exist(void **state)
{
	struct place *p = *state;

	assert_int_equal(registry_config_load("/nonexistent/x.conf", p->dir, &p->config, &p->err),
			 -KEG_ENOTFOUND);
	assert_non_null(
		strstr(p->err.msg, "loading registries configuration \"/nonexistent/x.conf\""));
}

static void the_longest_prefix_at_a_component_wins(void **state)
{
	struct place *p = *state;

	assert_loads(p, "[[registry]]\nlocation='example.com'\ninsecure=true\n"
			"[[registry]]\nprefix='example.com/foo'\nlocation='other.net/bar'\n");
	assert_places(p, "example.com", "foo/app", "other.net/bar/app");
	assert_places(p, "example.com", "foo", "other.net/bar");
	assert_places(p, "example.com", "foobar/app", "example.com/foobar/app!");
	assert_places(p, "example.com.org", "x", "example.com.org/x");
}

static void a_wildcard_covers_all_subdomains(void **state)
{
	struct place *p = *state;

	assert_loads(p, "[[registry]]\nprefix='*.example.com'\ninsecure=true\n"
			"[[registry]]\nprefix='*.moved.com'\nlocation='new.org/old'\n");
	assert_places(p, "a.b.example.com", "x", "a.b.example.com/x!");
	assert_places(p, "example.com", "x", "example.com/x");
	assert_places(p, "badexample.com", "x", "badexample.com/x");
	assert_places(p, "a.moved.com", "x/y", "new.org/old/x/y");
}

static void mirrors_come_first_and_only_for_what_they_serve(void **state)
{
	struct place *p = *state;

	assert_loads(p, "[[registry]]\nlocation='a.io/n'\n"
			"[[registry.mirror]]\nlocation='m1.io/'\ninsecure=true\n"
			"[[registry.mirror]]\nlocation='m2.io/d'\npull-from-mirror='digest-only'\n"
			"[[registry.mirror]]\nlocation='m3.io'\npull-from-mirror='tag-only'\n");
	assert_places(p, "a.io", "n/x", "m1.io/x! m3.io/x a.io/n/x");
	autofree char *by_digest = places(p, "a.io", "n/x", true);
	assert_string_equal(by_digest, "m1.io/x! m2.io/d/x a.io/n/x");
}

static void mirrors_by_digest_only_are_skipped_for_tags(void **state)
{
	struct place *p = *state;

	assert_loads(p, "[[registry]]\nlocation='a.io'\nmirror-by-digest-only=true\n"
			"[[registry.mirror]]\nlocation='m.io'\n");
	assert_places(p, "a.io", "x", "a.io/x");
	autofree char *by_digest = places(p, "a.io", "x", true);
	assert_string_equal(by_digest, "m.io/x a.io/x");
}

static void a_blocked_registry_is_denied_for_reading_and_writing(void **state)
{
	struct place *p = *state;
	auto(registry_places) found = { 0 };
	autofree char *message =
		keg_printf("registry a.io is blocked in %s or %s", p->conf, p->dir);

	assert_loads(p, "[[registry]]\nlocation='a.io'\nblocked=true\n");
	assert_places(p, "a.io", "x", message);
	assert_int_equal(registry_config_push_place(p->config, "a.io", "x", &found, &p->err),
			 -KEG_EDENIED);
}

static void writing_ignores_mirrors_and_locations(void **state)
{
	struct place *p = *state;
	auto(registry_places) found = { 0 };

	assert_loads(p, "[[registry]]\nprefix='a.io'\nlocation='b.io'\ninsecure=true\n"
			"[[registry.mirror]]\nlocation='m.io'\n");
	assert_int_equal(registry_config_push_place(p->config, "a.io", "x", &found, &p->err), 0);
	assert_int_equal(found.n, 1);
	assert_string_equal(found.v[0].host, "a.io");
	assert_true(found.v[0].insecure);
}

static void the_later_drop_in_wins(void **state)
{
	struct place *p = *state;

	drop_in(p, "10-a.conf",
		"unqualified-search-registries=['b.io']\n[[registry]]\n"
		"location='x.io'\ninsecure=true\n[aliases]\n'al'='a.io/al'\n");
	drop_in(p, "20-b.conf",
		"short-name-mode='enforcing'\n[[registry]]\nlocation='x.io'\n"
		"[aliases]\n'al'='b.io/al'\n'gone'=''\n");
	drop_in(p, "30-c.txt", "not toml at all");
	assert_loads(p, "unqualified-search-registries=['a.io']\n[aliases]\n'gone'='a.io/gone'\n");
	assert_int_equal(registry_config_search(p->config)->n, 1);
	assert_string_equal(registry_config_search(p->config)->v[0], "b.io");
	assert_int_equal(registry_config_short_mode(p->config), REGISTRY_SHORT_ENFORCING);
	assert_string_equal(registry_config_alias(p->config, "al", NULL), "b.io/al");
	assert_null(registry_config_alias(p->config, "gone", NULL));
	assert_places(p, "x.io", "y", "x.io/y");
}

static void the_old_format_is_read_but_not_mixed(void **state)
{
	struct place *p = *state;

	assert_loads(p, "[registries.search]\nregistries=['s.io']\n"
			"[registries.insecure]\nregistries=['i.io']\n"
			"[registries.block]\nregistries=['b.io']\n");
	assert_string_equal(registry_config_search(p->config)->v[0], "s.io");
	assert_places(p, "i.io", "x", "i.io/x!");
	autofree char *blocked = places(p, "b.io", "x", false);
	assert_non_null(strstr(blocked, "registry b.io is blocked"));
	assert_true(load(p, "unqualified-search-registries=['a.io']\n[registries.search]\n"
			    "registries=['s.io']\n") < 0);
	assert_non_null(strstr(p->err.msg, "mixing sysregistry v1/v2 is not supported"));
}

static void what_is_wrong_is_said_as_the_peers_say_it(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "short-name-mode='foo'", "invalid short-name mode: \"foo\"" },
		{ "unqualified-search-registries=['']",
		  "Invalid unqualified-search-registries entry \"\"" },
		{ "unqualified-search-registries=['docker.io/x']",
		  "Invalid unqualified-search-registries entry \"docker.io/x\"" },
		{ "[[registry]]\nlocation='http://x'",
		  "invalid location 'http://x': URI schemes are not supported" },
		{ "[[registry]]\nprefix='foo'",
		  "location is unset and prefix is not in the format" },
		{ "[[registry]]\ninsecure=true", "both location and prefix are unset" },
		{ "[[registry]]\nlocation='a'\n[[registry.mirror]]\ninsecure=true",
		  "mirror location is unset" },
		{ "[[registry]]\nlocation='a'\n[[registry.mirror]]\nlocation='b'\n"
		  "pull-from-mirror='c'",
		  "unsupported pull-from-mirror value \"c\" for mirror \"b\"" },
		{ "[[registry]]\nlocation='a'\n[[registry]]\nlocation='a'\nblocked=true",
		  "registry 'a' is defined multiple times with conflicting 'blocked' setting" },
		{ "[aliases]\n'foo:1'='a.io/b'",
		  "invalid short name \"foo:1\": must not contain tag" },
		{ "[aliases]\n'foo'='a.io/b:1'",
		  "invalid alias \"a.io/b:1\": must not contain tag" },
		{ "[aliases]\n'localhost/foo'='a.io/b'",
		  "invalid short name \"localhost/foo\": must not contain registry" },
		{ "[aliases]\n'foo'='a/b'",
		  "invalid alias \"a/b\": must contain registry and repository" },
		{ "unqualified-search-registries=[", "toml: " },
	};
	struct place *p = *state;

	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		assert_true(load(p, bad[i].text) < 0);
		if (!strstr(p->err.msg, bad[i].message))
			fail_msg("%s: \"%s\" is not in \"%s\"", bad[i].text, bad[i].message,
				 p->err.msg);
	}
}

static void an_alias_keeps_the_tag_that_the_user_gave(void **state)
{
	struct place *p = *state;
	auto(registry_candidates) found = { 0 };

	assert_loads(p, "unqualified-search-registries=['a.io']\n[aliases]\n'foo'='b.io/x/foo'\n");
	assert_int_equal(
		registry_short_name_resolve(p->config, "foo:3", NULL, NULL, &found, &p->err), 0);
	assert_int_equal(found.names.n, 1);
	assert_string_equal(found.names.v[0], "b.io/x/foo:3");
	autofree char *note = keg_printf("Resolved \"foo\" as an alias (%s)", p->conf);
	assert_string_equal(found.note, note);
}

static void a_full_name_stays_what_it_is(void **state)
{
	struct place *p = *state;
	auto(registry_candidates) found = { 0 };

	assert_loads(p, "");
	assert_int_equal(registry_short_name_resolve(p->config, "docker.io/debian", NULL, NULL,
						     &found, &p->err),
			 0);
	assert_string_equal(found.names.v[0], "docker.io/library/debian");
	assert_null(found.note);
}

static void search_tries_all_registries_unless_that_is_forbidden(void **state)
{
	struct place *p = *state;
	auto(registry_candidates) found = { 0 };
	auto(registry_candidates) none = { 0 };

	assert_loads(p, "unqualified-search-registries=['a.io','docker.io']\n");
	assert_int_equal(registry_short_name_resolve(p->config, "foo", NULL, NULL, &found, &p->err),
			 0);
	assert_int_equal(found.names.n, 2);
	assert_string_equal(found.names.v[0], "a.io/foo");
	assert_string_equal(found.names.v[1], "docker.io/library/foo");

	assert_loads(p, "unqualified-search-registries=['a.io','b.io']\n"
			"short-name-mode='enforcing'\n");
	assert_true(registry_short_name_resolve(p->config, "foo", NULL, NULL, &none, &p->err) < 0);
	assert_string_equal(p->err.msg,
			    "short-name resolution enforced but cannot prompt without a TTY");
}

static int choose_second(void *ctx, const char *name, const char *const *choices, size_t n,
			 struct keg_err *err)
{
	(void)ctx;
	(void)err;
	assert_string_equal(name, "foo");
	assert_string_equal(choices[1], "b.io/foo:1");
	return n == 2 ? 1 : -1;
}

static void what_the_user_chose_is_remembered(void **state)
{
	struct place *p = *state;
	auto(registry_candidates) found = { 0 };
	auto(registry_candidates) again = { 0 };

	assert_loads(p, "unqualified-search-registries=['a.io','b.io']\n");
	assert_int_equal(registry_short_name_resolve(p->config, "foo:1", choose_second, NULL,
						     &found, &p->err),
			 0);
	assert_int_equal(found.names.n, 1);
	assert_int_equal(registry_short_name_record(found.record, found.names.v[0], &p->err), 0);
	assert_int_equal(
		registry_short_name_resolve(p->config, "foo:2", NULL, NULL, &again, &p->err), 0);
	assert_string_equal(again.names.v[0], "b.io/foo:2");
}

static void a_name_nobody_explains_is_an_error(void **state)
{
	struct place *p = *state;
	auto(registry_candidates) found = { 0 };
	autofree char *message = keg_printf("short-name \"foo\" did not resolve to an alias and no "
					    "unqualified-search registries are defined in \"%s\"",
					    p->conf);

	assert_loads(p, "");
	assert_true(registry_short_name_resolve(p->config, "foo", NULL, NULL, &found, &p->err) < 0);
	assert_string_equal(p->err.msg, message);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_file_a_name_means_itself),
		TEST(a_file_that_is_named_must_exist),
		TEST(the_longest_prefix_at_a_component_wins),
		TEST(a_wildcard_covers_all_subdomains),
		TEST(mirrors_come_first_and_only_for_what_they_serve),
		TEST(mirrors_by_digest_only_are_skipped_for_tags),
		TEST(a_blocked_registry_is_denied_for_reading_and_writing),
		TEST(writing_ignores_mirrors_and_locations),
		TEST(the_later_drop_in_wins),
		TEST(the_old_format_is_read_but_not_mixed),
		TEST(what_is_wrong_is_said_as_the_peers_say_it),
		TEST(an_alias_keeps_the_tag_that_the_user_gave),
		TEST(a_full_name_stays_what_it_is),
		TEST(search_tries_all_registries_unless_that_is_forbidden),
		TEST(what_the_user_chose_is_remembered),
		TEST(a_name_nobody_explains_is_an_error),
	};

	return cmocka_run_group_tests_name("registry/config", tests, NULL, NULL);
}
