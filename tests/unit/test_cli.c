/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/cmocka_keg.h"

struct shared_args {
	const char *net;
};

struct args {
	bool rm, tty;
	int init;
	const char *name, *pull;
	struct keg_strv env, caps;
	int64_t pids;
	uint64_t memory;
	struct shared_args shared;
};

static const struct cli_opt shared_rows[] = {
	OPT_STRING(0, "network", struct shared_args, net, "MODE", "connect to a network"),
	OPT_END,
};

static const struct cli_opt rows[] = {
	OPT_LIST(0, "cap-add", struct args, caps, "LIST", "add capabilities"),
	OPT_STRINGS('e', "env", struct args, env, "NAME=VALUE", "set a variable"),
	OPT_TRISTATE(0, "init", struct args, init, "run an init"),
	OPT_BYTES('m', "memory", struct args, memory, "SIZE", "limit memory"),
	OPT_STRING('n', "name", struct args, name, "NAME", "name it"),
	OPT_INT(0, "pids-limit", struct args, pids, "N", "limit processes"),
	OPT_STRING(0, "pull", struct args, pull, "POLICY", "pull", .flags = CLI_OPTIONAL,
		   .fallback = "always"),
	OPT_FLAG(0, "rm", struct args, rm, "remove it at its end"),
	OPT_FLAG('t', "tty", struct args, tty, "give it a terminal"),
	OPT_GROUP(struct args, shared, shared_args, shared_rows),
	OPT_REFUSED(0, "pod", "POD"),
	OPT_END,
};

/* Parses the words after "run"; returns the index of the first operand. */
static int parse(struct args *args, bool stop, struct keg_err *err, int argc, char **argv)
{
	struct cli_parse p = { "keg run", rows, args, .stop_at_operand = stop };
	int r = cli_parse(&p, argc, argv, err);

	return p.help ? 1000 : r;
}

#define WORDS(...) ((char *[]){ (char[]){ "run" }, __VA_ARGS__, NULL })
#define W(text) ((char[]){ text })

static void values_are_read_in_every_spelling(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { .init = -1 };
	char **argv = WORDS(W("--name=x"), W("-e"), W("A=1"), W("-eB=2"), W("--env"), W("C=a,b"),
			    W("-tm64m"), W("--cap-add=a,b"), W("--cap-add"), W("c"), W("--init"),
			    W("--pids-limit"), W("-1"), W("--network"), W("none"), W("img"));

	assert_int_equal(parse(&a, true, &err, 17, argv), 16);
	assert_string_equal(a.name, "x");
	assert_int_equal(a.env.n, 3);
	assert_string_equal(a.env.v[2], "C=a,b");
	assert_int_equal(a.caps.n, 3);
	assert_true(a.tty && a.init == 1);
	assert_int_equal(a.memory, 64 << 20);
	assert_int_equal(a.pids, -1);
	assert_string_equal(a.shared.net, "none");
	cli_args_done(rows, &a);
}

static void flags_can_be_taken_back(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { .init = -1 };

	assert_int_equal(parse(&a, true, &err, 4, WORDS(W("--rm"), W("--rm=false"), W("--init=0"))),
			 4);
	assert_false(a.rm);
	assert_int_equal(a.init, 0);
	assert_int_equal(parse(&a, true, &err, 2, WORDS(W("--rm=maybe"))), -KEG_EUSAGE);
	assert_string_equal(err.msg,
			    "invalid argument \"maybe\" for \"--rm\" flag: not true or false");
}

static void an_optional_value_needs_the_equals_sign(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { 0 };

	assert_int_equal(parse(&a, true, &err, 3, WORDS(W("--pull"), W("never"))), 2);
	assert_string_equal(a.pull, "always");
	assert_int_equal(parse(&a, true, &err, 2, WORDS(W("--pull=never"))), 2);
	assert_string_equal(a.pull, "never");
}

static void words_after_the_first_operand_belong_to_it(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { 0 };
	char **argv = WORDS(W("img"), W("--rm"));

	assert_int_equal(parse(&a, true, &err, 3, argv), 1);
	assert_false(a.rm);
	assert_int_equal(parse(&a, false, &err, 3, argv), 2);
	assert_true(a.rm);
	assert_string_equal(argv[2], "img");
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { 0 };
	char **argv = WORDS(W("x"), W("--"), W("--rm"));

	assert_int_equal(parse(&a, false, &err, 4, argv), 2);
	assert_string_equal(argv[2], "x");
	assert_string_equal(argv[3], "--rm");
	assert_false(a.rm);
}

static void mistakes_are_named_as_the_peers_do(void **state)
{
	static const struct {
		const char *word, *message;
	} table[] = {
		{ "--nosuch=1", "unknown flag: --nosuch" },
		{ "--na", "unknown flag: --na" },
		{ "-tz", "unknown shorthand flag: 'z' in -tz" },
		{ "--name", "flag needs an argument: --name" },
		{ "-te", "flag needs an argument: 'e' in -te" },
		{ "--pids-limit=x",
		  "invalid argument \"x\" for \"--pids-limit\" flag: \"x\" is not a number" },
		{ "--memory=1z",
		  "invalid argument \"1z\" for \"-m, --memory\" flag: \"1z\" is not a size" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct args a = { 0 };
		autofree char *word = keg_strdup(table[i].word);

		assert_int_equal(parse(&a, true, &err, 2, WORDS(word)), -KEG_EUSAGE);
		assert_string_equal(err.msg, table[i].message);
		assert_string_equal(err.hint, "See 'keg run --help'");
		cli_args_done(rows, &a);
	}
}

static void what_is_not_built_is_refused(void **state)
{
	(void)state;
	struct keg_err err = { 0 };
	struct args a = { 0 };

	assert_int_equal(parse(&a, true, &err, 2, WORDS(W("--pod=x"))), -KEG_EUNSUPPORTED);
	assert_string_equal(err.msg, "option --pod is not supported");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_in_every_spelling),
		cmocka_unit_test(flags_can_be_taken_back),
		cmocka_unit_test(an_optional_value_needs_the_equals_sign),
		cmocka_unit_test(words_after_the_first_operand_belong_to_it),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(mistakes_are_named_as_the_peers_do),
		cmocka_unit_test(what_is_not_built_is_refused),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
