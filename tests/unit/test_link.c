/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include "base/mem.h"
#include "base/strv.h"
#include "registry/link.h"

static bool gives(const char *header, const char *target)
{
	autofree char *found = link_next(header);

	return target ? found && keg_str_eq(found, target) : !found;
}

static void the_link_that_is_next_is_found(void **state)
{
	(void)state;
	assert_true(gives("</v2/a/tags/list?last=b>; rel=\"next\"", "/v2/a/tags/list?last=b"));
	assert_true(gives("<https://x.example/l?a=1,2>;rel=next", "https://x.example/l?a=1,2"));
	assert_true(gives("< /l >; title=\"a; b, c\" ; REL = \"Last NEXT\"", " /l "));
	assert_true(gives("</p>; rel=\"prev\", </n>; rel=\"next\", </l>; rel=\"last\"", "/n"));
	assert_true(gives("</p>; x=\"rel=next\"; rel=prev,</n>;rel=next", "/n"));
}

static void what_is_no_such_link_gives_none(void **state)
{
	static const char *const headers[] = {
		"",
		"next",
		"<",
		"</a",
		"</a>",
		"</a>; rel",
		"</a>; rel=",
		"</a>; rel=\"next2\"",
		"</a>; xrel=next",
		"</a>; rel=\"",
		"; rel=next",
		"</a>; =next; ;;",
		"</a> next",
	};

	(void)state;
	assert_true(gives(NULL, NULL));
	for (size_t i = 0; i < KEG_COUNT(headers); i++)
		assert_true(gives(headers[i], NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_link_that_is_next_is_found),
		cmocka_unit_test(what_is_no_such_link_gives_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
