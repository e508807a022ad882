/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include <string.h>

#include "registry/answer.h"
#include "registry/http_headers.h"
#include "registry/url.h"

static void assert_message(int status, const char *body, int code, const char *want)
{
	auto(http_response) answer = { .status = status };
	struct keg_err err;

	keg_buf_puts(&answer.body, body);
	assert_int_equal(answer_fail(&answer, &err), -code);
	assert_string_equal(err.msg, want);
}

static void errors_of_the_registry_are_told_as_the_peers_tell_them(void **state)
{
	(void)state;
	assert_message(404, "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":\"gone\"}]}",
		       KEG_ENOTFOUND, "manifest unknown: gone");
	assert_message(403, "{\"errors\":[{\"code\":\"A\"},{\"code\":\"B\",\"message\":\"c\"}]}",
		       KEG_EAUTH, "a, b: c");
	assert_message(401, "", KEG_EAUTH, "unauthorized: authentication required");
	assert_message(500, "<html>", KEG_ENETWORK,
		       "invalid status code from registry 500 (Internal Server Error)");
	assert_message(418, "[]", KEG_ENETWORK, "invalid status code from registry 418");
}

static void take(struct http_response *out, const char *line)
{
	http_headers_take(out, line, strlen(line));
}

static void headers_are_found_in_any_case_and_trimmed(void **state)
{
	auto(http_response) answer = { 0 };

	(void)state;
	take(&answer, "HTTP/1.1 200 OK\r\n");
	take(&answer, "cOnTent-length:  42 \r\n");
	take(&answer, "Location:\thttp://x/y\r\n");
	take(&answer, "Retry-After: 7\r\n");
	take(&answer, "WWW-Authenticate: Basic a\r\n");
	take(&answer, "www-authenticate: Bearer b\r\n");
	assert_int_equal(answer.length, 42);
	assert_int_equal(answer.retry_after, 7);
	assert_string_equal(answer.location, "http://x/y");
	assert_int_equal(answer.challenges.n, 2);
}

static void a_new_status_line_forgets_what_came_before(void **state)
{
	auto(http_response) answer = { 0 };

	(void)state;
	take(&answer, "HTTP/1.1 100 Continue\r\n");
	take(&answer, "Location: http://x/y\r\n");
	take(&answer, "HTTP/1.1 200 OK\r\n");
	assert_null(answer.location);
	assert_int_equal(answer.length, -1);
}

static void malformed_numbers_count_as_absent(void **state)
{
	auto(http_response) answer = { 0 };

	(void)state;
	take(&answer, "HTTP/1.1 200 OK\r\n");
	take(&answer, "Content-Length: -1\r\n");
	take(&answer, "Retry-After: soon\r\n");
	assert_int_equal(answer.length, -1);
	assert_int_equal(answer.retry_after, -1);
	take(&answer, "Content-Length: 99999999999999999999\r\n");
	assert_int_equal(answer.length, -1);
	take(&answer, "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
	assert_int_equal(answer.retry_after, 0);
}

static void assert_resolves(const char *base, const char *reference, const char *want)
{
	autofree char *found = NULL;
	struct keg_err err;

	assert_int_equal(url_resolve(base, reference, &found, &err), 0);
	assert_string_equal(found, want);
}

static void references_are_resolved_and_odd_ones_refused(void **state)
{
	static const char *const bad[] = { "file:///etc/passwd", "http://user:pw@x/", "http://",
					   "gopher://x/y" };
	struct keg_err err;

	(void)state;
	assert_resolves("http://a:1/v2/x", "/y?z=1", "http://a:1/y?z=1");
	assert_resolves("http://a:1/v2/x", "y", "http://a:1/v2/y");
	assert_resolves("http://a:1/v2/x", "https://b/c", "https://b/c");
	for (size_t i = 0; i < KEG_COUNT(bad); i++) {
		char *found = NULL;

		assert_int_equal(url_resolve("http://a/b", bad[i], &found, &err), -KEG_ENETWORK);
		assert_null(found);
	}
}

static void an_origin_is_scheme_host_and_port(void **state)
{
	(void)state;
	assert_true(url_same_origin("https://a/x", "https://A:443/y"));
	assert_false(url_same_origin("https://a/x", "http://a/x"));
	assert_false(url_same_origin("https://a/x", "https://a:444/x"));
	assert_false(url_same_origin("https://a/x", "https://a.b/x"));
	assert_false(url_same_origin("nonsense", "nonsense"));
}

static void values_in_queries_are_escaped(void **state)
{
	autofree char *first = url_add_query("http://a/b", "scope", "repository:x/y:pull,push");
	autofree char *second = url_add_query(first, "n", "a&b=c d");

	(void)state;
	assert_string_equal(second, "http://a/b?scope=repository%3Ax%2Fy%3Apull%2Cpush"
				    "&n=a%26b%3Dc%20d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_the_registry_are_told_as_the_peers_tell_them),
		cmocka_unit_test(headers_are_found_in_any_case_and_trimmed),
		cmocka_unit_test(a_new_status_line_forgets_what_came_before),
		cmocka_unit_test(malformed_numbers_count_as_absent),
		cmocka_unit_test(references_are_resolved_and_odd_ones_refused),
		cmocka_unit_test(an_origin_is_scheme_host_and_port),
		cmocka_unit_test(values_in_queries_are_escaped),
	};

	return cmocka_run_group_tests_name("registry/answer", tests, NULL, NULL);
}
