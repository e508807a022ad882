/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template.h"

#include <string.h>

#include "base/json.h"
#include "cli/table.h"
#include "tests/unit/cmocka_keg.h"

static const char data[] =
	"{\"Id\":\"abc\",\"Names\":[\"one\",\"two\"],\"Labels\":{\"b\":\"2\",\"a\":\"1\"},"
	"\"State\":{\"Running\":true,\"Pid\":42,\"Ratio\":1.5},\"Empty\":[],\"Nothing\":null}";

static int format(const char *text, struct keg_buf *out, struct keg_err *err)
{
	autoptr(cli_template) t = NULL;
	autojson value = NULL;

	if (keg_json_parse(data, sizeof data - 1, &value, err) < 0)
		return -1;
	int r = cli_template_parse("test", text, &t, err);
	return r < 0 ? r : cli_template_run(t, value, out, err);
}

static void templates_give_what_go_gives(void **state)
{
	static const char *const table[][2] = {
		{ "plain\\tx", "plain\tx" },
		{ "{{.Id}}", "abc" },
		{ "{{.ID}}", "abc" },
		{ "{{ .State.Pid }}/{{.State.Running}}", "42/true" },
		{ "{{.Names}} {{.Labels}}", "[one two] map[a:1 b:2]" },
		{ "{{json .Names}}", "[\"one\",\"two\"]" },
		{ "{{.State.Ratio}}", "1.5" },
		{ "{{range .Names}}<{{.}}>{{end}}", "<one><two>" },
		{ "{{range $i, $n := .Names}}{{$i}}={{$n}} {{end}}", "0=one 1=two " },
		{ "{{range $k, $v := .Labels}}{{$k}}{{$v}}{{end}}", "a1b2" },
		{ "{{range .Empty}}x{{else}}none{{end}}", "none" },
		{ "{{if .State.Running}}up{{else}}down{{end}}", "up" },
		{ "{{if .Empty}}a{{else if eq .Id \"abc\"}}b{{else}}c{{end}}", "b" },
		{ "{{with .State}}{{.Pid}}{{end}}", "42" },
		{ "{{with $x := .Id}}{{$x}}{{end}}", "abc" },
		{ "{{$n := .Names}}{{len $n}}", "2" },
		{ "{{index .Names 1}} {{index .Labels \"a\"}}", "two 1" },
		{ "{{index .Labels \"zz\"}}|", "|" },
		{ "{{.Labels.zz}}", "<no value>" },
		{ "{{.Nothing}}", "<no value>" },
		{ "{{join .Names \",\"}} {{.Id | upper}}", "one,two ABC" },
		{ "{{printf \"%-5s|%3d|%q\" .Id .State.Pid .Id}}", "abc  | 42|\"abc\"" },
		{ "{{slice .Id 0 2}} {{truncate .Id 1}}", "ab a" },
		{ "a {{- /* comment */ -}} b", "ab" },
		{ "a {{- .Id -}} b", "aabcb" },
		{ "{{and .Id .Empty}} {{or .Empty .Id}} {{not .Id}}", "[] abc false" },
		{ "{{(index .Names 0) | printf \"%s!\"}}", "one!" },
		{ "{{range .Names}}{{if eq . \"two\"}}{{break}}{{end}}{{.}}{{end}}", "one" },
		{ "{{range .Names}}{{if eq . \"one\"}}{{continue}}{{end}}{{.}}{{end}}", "two" },
		{ "{{range .Names}}{{$.Id}}{{end}}", "abcabc" },
		{ "{{println .Id}}", "abc\n" },
		{ "{{split \"a,b\" \",\" | len}}", "2" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_buf) out = { 0 };
		struct keg_err err = { 0 };

		if (format(table[i][0], &out, &err) < 0)
			fail_msg("%s: %s", table[i][0], err.msg);
		assert_string_equal(keg_buf_text(&out), table[i][1]);
	}
}

static void mistakes_are_named(void **state)
{
	static const char *const table[][2] = {
		{ "{{.Nope}}", "template: test:1: can't evaluate field Nope" },
		{ "{{.Id.x}}", "template: test:1: can't evaluate field x" },
		{ "{{.Id", "template: test:1: unclosed action" },
		{ "{{if .Id}}x", "template: test:1: unexpected EOF" },
		{ "x{{end}}", "template: test:1: unexpected {{end}}" },
		{ "{{nope .Id}}", "template: test:1: function \"nope\" not defined" },
		{ "{{\"abc}}", "template: test:1: unterminated quoted string" },
		{ "{{index .Names 9}}", "template: error calling index: index out of range" },
		{ "{{$x}}", "template: test:1: undefined variable \"$x\"" },
		{ "{{template \"x\"}}",
		  "template: test:1: define, template and block are not supported" },
		{ "{{}}", "template: test:1: missing value for command" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_buf) out = { 0 };
		struct keg_err err = { 0 };

		assert_int_equal(format(table[i][0], &out, &err), -KEG_EUSAGE);
		assert_string_equal(err.msg, table[i][1]);
	}
}

static void tables_align_and_head_any_choice_of_columns(void **state)
{
	static const struct cli_column columns[] = { { "ID", "IMAGE ID" },
						     { "Name", "NAMES" },
						     { 0 } };
	static const struct cli_table table = { "test", columns, "{{.ID}}\t{{.Name}}", false };
	static const char text[] = "[{\"ID\":\"0123456789ab\",\"Name\":\"x\"},"
				   "{\"ID\":\"1\",\"Name\":\"\xc3\xa4\"}]";
	struct keg_err err = { 0 };
	autojson rows = NULL;
	autofree char *printed = NULL;
	size_t len;

	(void)state;
	assert_int_equal(keg_json_parse(text, sizeof text - 1, &rows, &err), 0);
	FILE *to = open_memstream(&printed, &len);
	assert_int_equal(cli_table_print(&table, NULL, rows, NULL, to, &err), 0);
	assert_int_equal(cli_table_print(&table, "table {{.Name}} {{.ID}}", rows, NULL, to, &err),
			 0);
	assert_int_equal(cli_table_print(&table, "{{.Name}}:{{.ID}}", rows, NULL, to, &err), 0);
	fclose(to);
	assert_string_equal(printed, "IMAGE ID      NAMES\n"
				     "0123456789ab  x\n"
				     "1             \xc3\xa4\n"
				     "NAMES       IMAGE ID\n"
				     "x           0123456789ab\n"
				     "\xc3\xa4           1\n"
				     "x:0123456789ab\n"
				     "\xc3\xa4:1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(templates_give_what_go_gives),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(tables_align_and_head_any_choice_of_columns),
	};

	return cmocka_run_group_tests_name("template", tests, NULL, NULL);
}
