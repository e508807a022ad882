/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_spec.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

typedef int parse_fn(const char *text, struct volume_list *list, struct keg_arena *arena,
		     struct keg_err *err);

/* "kind source dest option,option" of the only mount, or the error. */
static void assert_parses(parse_fn *parse, const char *text, enum volume_kind kind,
			  const char *source, const char *dest, const char *options)
{
	auto(keg_arena) arena = { 0 };
	struct volume_list list = { 0 };
	struct keg_err err = { 0 };
	auto(keg_strv) words = { 0 };

	if (parse(text, &list, &arena, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_int_equal(list.n, 1);
	assert_int_equal(list.v[0].kind, kind);
	if (source)
		assert_string_equal(list.v[0].source, source);
	else
		assert_null(list.v[0].source);
	assert_string_equal(list.v[0].dest, dest);
	keg_strv_extend(&words, list.v[0].options, list.v[0].n_options);
	autofree char *joined = keg_strv_join(&words, ",");
	assert_string_equal(joined, options);
}

static void assert_refused(parse_fn *parse, const char *text, const char *words)
{
	auto(keg_arena) arena = { 0 };
	struct volume_list list = { 0 };
	struct keg_err err = { 0 };

	assert_true(parse(text, &list, &arena, &err) < 0);
	if (!strstr(err.msg, words))
		fail_msg("%s: \"%s\" lacks \"%s\"", text, err.msg, words);
	assert_int_equal(list.n, 0);
}

static void defaults_are_the_peers(void **state)
{
	(void)state;
	assert_parses(volume_parse, "/tmp:/x", VOLUME_BIND, "/tmp", "/x", "rw,rprivate,rbind");
	assert_parses(volume_parse, "name:/x/../y/", VOLUME_NAMED, "name", "/y",
		      "rw,rprivate,nosuid,nodev,rbind");
	assert_parses(volume_parse, "/x", VOLUME_NAMED, NULL, "/x",
		      "rw,rprivate,nosuid,nodev,rbind");
	assert_parses(volume_parse_tmpfs, "/t", VOLUME_TMPFS, "tmpfs", "/t",
		      "rw,rprivate,nosuid,nodev,tmpcopyup");
}

static void words_replace_the_defaults_of_their_group(void **state)
{
	(void)state;
	assert_parses(volume_parse, "/tmp:/x:ro,Z,shared,bind", VOLUME_BIND, "/tmp", "/x",
		      "ro,shared,bind");
	assert_parses(volume_parse_tmpfs, "/t:size=1m,exec,suid,notmpcopyup", VOLUME_TMPFS, "tmpfs",
		      "/t", "size=1m,exec,suid,rw,rprivate,nodev");
	assert_parses(volume_parse_mount, "type=bind,src=/tmp,dst=/x,readonly", VOLUME_BIND, "/tmp",
		      "/x", "ro,rprivate,rbind");
	assert_parses(volume_parse_mount, "dst=/x,type=tmpfs,tmpfs-size=2k,tmpfs-mode=700",
		      VOLUME_TMPFS, "tmpfs", "/x",
		      "size=2k,mode=700,rw,rprivate,nosuid,nodev,tmpcopyup");
}

static void bad_ones_are_refused_by_name(void **state)
{
	(void)state;
	assert_refused(volume_parse, "", "incorrect volume format");
	assert_refused(volume_parse, "a:b:c:d", "incorrect volume format");
	assert_refused(volume_parse, ":/x", "incorrect volume format");
	assert_refused(volume_parse, "/tmp:x", "must be an absolute path");
	assert_refused(volume_parse, "/tmp:/", "it is the root");
	assert_refused(volume_parse, "/tmp:/x:ro,rw", "contradicts");
	assert_refused(volume_parse, "/tmp:/x:size=1", "invalid option type");
	assert_refused(volume_parse, "/tmp:/x:O", "not supported");
	assert_refused(volume_parse, "../x/y:/x", "statfs");
	assert_refused(volume_parse_mount, "type=image,src=x,dst=/x", "not supported");
	assert_refused(volume_parse_mount, "type=bind,src=/tmp,dst=/x,ro=maybe", "true or false");
	assert_refused(volume_parse_mount, "type=bind,src=/tmp,dst=/x,color=red", "color=red");
	assert_refused(volume_parse_mount, "dst=", "must supply a value");
}

static void two_mounts_onto_one_place_are_refused(void **state)
{
	auto(keg_arena) arena = { 0 };
	struct volume_list list = { 0 };
	struct keg_err err = { 0 };

	(void)state;
	assert_int_equal(volume_parse("/tmp:/x", &list, &arena, &err), 0);
	assert_true(volume_parse_tmpfs("/x/", &list, &arena, &err) < 0);
	assert_non_null(strstr(err.msg, "duplicate mount destination"));
	assert_int_equal(volume_add_image("/x", false, &list, &arena, &err), 0);
	assert_int_equal(list.n, 1);
	assert_int_equal(volume_add_image("/y", false, &list, &arena, &err), 0);
	assert_int_equal(list.n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_the_peers),
		cmocka_unit_test(words_replace_the_defaults_of_their_group),
		cmocka_unit_test(bad_ones_are_refused_by_name),
		cmocka_unit_test(two_mounts_onto_one_place_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
