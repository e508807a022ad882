/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include "registry/challenge.h"

struct parsed {
	struct keg_arena arena;
	struct challenges c;
};

static void parse(struct parsed *p, const char *line)
{
	*p = (struct parsed){ 0 };
	challenge_parse(line, &p->arena, &p->c);
}

static void a_bearer_challenge_gives_realm_service_and_scope(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "Bearer realm=\"https://auth.example/token\",service=\"registry\","
		  "scope=\"repository:a/b:pull,push\"");
	assert_int_equal(p.c.n, 1);
	assert_int_equal(p.c.v[0].scheme, CHALLENGE_BEARER);
	assert_string_equal(p.c.v[0].realm, "https://auth.example/token");
	assert_string_equal(p.c.v[0].service, "registry");
	assert_string_equal(p.c.v[0].scope, "repository:a/b:pull,push");
	keg_arena_done(&p.arena);
}

static void a_comma_separates_challenges_and_parameters(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "basic Realm = \"a, b\" , Negotiate, BEARER realm=x,error=\"invalid_token\"");
	assert_int_equal(p.c.n, 3);
	assert_int_equal(p.c.v[0].scheme, CHALLENGE_BASIC);
	assert_string_equal(p.c.v[0].realm, "a, b");
	assert_int_equal(p.c.v[1].scheme, CHALLENGE_OTHER);
	assert_int_equal(p.c.v[2].scheme, CHALLENGE_BEARER);
	assert_string_equal(p.c.v[2].realm, "x");
	assert_string_equal(p.c.v[2].error, "invalid_token");
	keg_arena_done(&p.arena);
}

static void escapes_in_quoted_text_are_undone(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "Basic realm=\"say \\\"hi\\\" \\\\\"");
	assert_string_equal(p.c.v[0].realm, "say \"hi\" \\");
	keg_arena_done(&p.arena);
}

static void what_is_malformed_ends_the_line(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "Basic realm=\"ok\", Bearer realm=\"unterminated");
	assert_int_equal(p.c.n, 2);
	assert_string_equal(p.c.v[0].realm, "ok");
	assert_null(p.c.v[1].realm);
	keg_arena_done(&p.arena);
	parse(&p, "=\"x\"");
	assert_int_equal(p.c.n, 0);
	keg_arena_done(&p.arena);
}

static void more_challenges_than_anybody_needs_are_dropped(void **state)
{
	struct parsed p;

	(void)state;
	parse(&p, "a,b,c,d,e,f,g,h,i,j,k");
	assert_int_equal(p.c.n, CHALLENGES_MAX);
	keg_arena_done(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bearer_challenge_gives_realm_service_and_scope),
		cmocka_unit_test(a_comma_separates_challenges_and_parameters),
		cmocka_unit_test(escapes_in_quoted_text_are_undone),
		cmocka_unit_test(what_is_malformed_ends_the_line),
		cmocka_unit_test(more_challenges_than_anybody_needs_are_dropped),
	};

	return cmocka_run_group_tests_name("registry/challenge", tests, NULL, NULL);
}
