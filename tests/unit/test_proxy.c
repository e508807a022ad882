/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_keg.h"

#include "base/mem.h"
#include "base/strv.h"
#include "registry/proxy.h"

/* Is the host reached without the proxy, when no_proxy is `none`? */
static bool is_direct(const char *none, const char *host)
{
	const struct proxy_words words = { "http://p:1", "http://p:1", none };
	autofree char *url = keg_printf("https://%s/v2/", host);
	autofree char *proxy = proxy_for(&words, url);

	return !proxy;
}

static void each_kind_of_url_has_its_proxy(void **state)
{
	const struct proxy_words words = { "plain:3128", "https://user:pw@tls.example:8443", NULL };
	autofree char *plain = proxy_for(&words, "http://r.example/");
	autofree char *tls = proxy_for(&words, "https://r.example/");
	const struct proxy_words socks = { NULL, "socks5://s:1080", NULL };
	autofree char *none = proxy_for(&socks, "http://r.example/");
	autofree char *remote = proxy_for(&socks, "https://r.example/");

	(void)state;
	assert_string_equal(plain, "http://plain:3128");
	assert_string_equal(tls, "https://user:pw@tls.example:8443");
	assert_null(none);
	assert_string_equal(remote, "socks5h://s:1080");
}

static void this_machine_needs_no_proxy(void **state)
{
	(void)state;
	assert_true(is_direct("", "localhost:5000"));
	assert_true(is_direct(NULL, "127.8.0.1"));
	assert_true(is_direct("", "[::1]:5000"));
	assert_false(is_direct("", "localhost.example"));
	assert_false(is_direct("", "128.0.0.1"));
}

static void names_are_excepted_with_what_is_below_them(void **state)
{
	(void)state;
	assert_true(is_direct("example.com", "example.com"));
	assert_true(is_direct(" a.b ,\tExample.COM", "r.EXAMPLE.com:5000"));
	assert_false(is_direct("example.com", "badexample.com"));
	assert_true(is_direct(".example.com", "r.example.com"));
	assert_false(is_direct(".example.com", "example.com"));
	assert_true(is_direct("*.example.com", "r.example.com"));
	assert_false(is_direct("*.example.com", "example.com"));
	assert_true(is_direct("x,*", "anything"));
	assert_false(is_direct(",,.,*.", "anything"));
}

static void a_port_limits_an_exception(void **state)
{
	(void)state;
	assert_true(is_direct("example.com:5000", "example.com:5000"));
	assert_false(is_direct("example.com:5000", "example.com:5001"));
	assert_true(is_direct("example.com:443", "example.com"));
	assert_true(is_direct("[fd00::1]:5000", "[fd00::1]:5000"));
	assert_false(is_direct("10.0.0.1:80", "10.0.0.1"));
}

static void addresses_and_networks_are_excepted(void **state)
{
	(void)state;
	assert_true(is_direct("10.0.0.1", "10.0.0.1"));
	assert_true(is_direct("10.0.0.0/8", "10.200.3.4:5000"));
	assert_false(is_direct("10.0.0.0/8", "11.0.0.1"));
	assert_true(is_direct("192.168.4.0/22", "192.168.7.9"));
	assert_false(is_direct("192.168.4.0/22", "192.168.8.1"));
	assert_true(is_direct("fd00::/9", "[fd7f::1]"));
	assert_false(is_direct("fd00::/9", "[fd80::1]"));
	assert_true(is_direct("fd00::1", "[fd00:0::1]:5000"));
	assert_false(is_direct("10.0.0.0/33", "10.0.0.0"));
	assert_false(is_direct("10.0.0.0/8", "ten.example"));
	assert_true(is_direct("0.0.0.0/0", "10.0.0.1"));
	assert_false(is_direct("0.0.0.0/0", "[fd00::1]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_url_has_its_proxy),
		cmocka_unit_test(this_machine_needs_no_proxy),
		cmocka_unit_test(names_are_excepted_with_what_is_below_them),
		cmocka_unit_test(a_port_limits_an_exception),
		cmocka_unit_test(addresses_and_networks_are_excepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
