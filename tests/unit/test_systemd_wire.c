/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "os/systemd_wire.h"
#include "tests/unit/cmocka_keg.h"

struct ends {
	int a, b;
};

static struct ends connect_both(void)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	return (struct ends){ fds[0], fds[1] };
}

static void close_both(const struct ends *ends)
{
	close(ends->a);
	close(ends->b);
}

static void a_request_arrives_as_it_was_sent(void **state)
{
	static const char *const texts[] = { "/dev/null", "rwm", "char-*", "r" };
	static const uint8_t bytes[] = { 0, 255, 3 };
	const struct systemd_property sent[] = {
		{ .name = "CPUWeight", .kind = SYSTEMD_NUMBER, .type = 't', .number = UINT64_MAX },
		{ .name = "Slice", .kind = SYSTEMD_TEXT, .text = "a.slice" },
		{ .name = "DeviceAllow", .kind = SYSTEMD_DEVICES, .texts = texts, .n = 4 },
		{ .name = "AllowedCPUs", .kind = SYSTEMD_BYTES, .bytes = bytes, .n = 3 },
		{ .name = "DeviceAllow", .kind = SYSTEMD_DEVICES },
	};
	const struct systemd_request request = {
		.op = SYSTEMD_START, .unit = "x.scope", .properties = sent, .n_properties = 5
	};
	struct ends ends = connect_both();
	auto(keg_arena) arena = { 0 };
	struct systemd_request got;
	struct keg_err err;

	(void)state;
	assert_int_equal(systemd_request_send(ends.a, &request, &err), 0);
	assert_int_equal(systemd_request_receive(ends.b, &got, &arena, &err), 0);
	assert_int_equal(got.op, SYSTEMD_START);
	assert_string_equal(got.unit, "x.scope");
	assert_int_equal(got.n_properties, 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(got.properties[i].name, sent[i].name);
		assert_int_equal(got.properties[i].kind, sent[i].kind);
		assert_int_equal(got.properties[i].n, sent[i].n);
	}
	assert_int_equal(got.properties[0].type, 't');
	assert_true(got.properties[0].number == UINT64_MAX);
	assert_string_equal(got.properties[1].text, "a.slice");
	assert_string_equal(got.properties[2].texts[2], "char-*");
	assert_memory_equal(got.properties[3].bytes, bytes, 3);
	close_both(&ends);
}

static void an_answer_brings_the_whole_error(void **state)
{
	const struct systemd_answer sent = {
		.code = KEG_EDENIED, .sys = 13, .message = "no", .hint = "ask", .version = 252
	};
	struct ends ends = connect_both();
	auto(keg_arena) arena = { 0 };
	struct systemd_answer got;
	struct keg_err err;

	(void)state;
	assert_int_equal(systemd_answer_send(ends.a, &sent, &err), 0);
	assert_int_equal(systemd_answer_receive(ends.b, &got, &arena, &err), 0);
	assert_int_equal(got.code, KEG_EDENIED);
	assert_int_equal(got.sys, 13);
	assert_string_equal(got.message, "no");
	assert_string_equal(got.hint, "ask");
	assert_int_equal(got.version, 252);
	assert_null(got.group);
	close_both(&ends);
}

static void refuse(const void *bytes, size_t len, const char *reason)
{
	struct ends ends = connect_both();
	auto(keg_arena) arena = { 0 };
	struct systemd_request got;
	struct keg_err err;

	assert_int_equal(keg_write_all(ends.a, bytes, len, &err), 0);
	shutdown(ends.a, SHUT_WR);
	assert_true(systemd_request_receive(ends.b, &got, &arena, &err) < 0);
	if (!strstr(err.msg, reason))
		fail_msg("%s", err.msg);
	close_both(&ends);
}

static void what_is_no_request_is_refused(void **state)
{
	static const char other[] = "\0\0\0\026{\"version\":\"0\",\"op\":1}";

	(void)state;
	refuse("", 0, "");
	refuse("\0\0\0\012{", 5, "");
	refuse("\377\377\377\377", 4, "a message of 4294967295 bytes");
	refuse("\0\0\0\002{}", 6, "version");
	refuse(other, sizeof other - 1, "different versions");
}

static void the_server_ends_with_its_client(void **state)
{
	struct ends ends = connect_both();
	const struct systemd_request early = { .op = SYSTEMD_STOP, .unit = "x.scope" };
	auto(keg_arena) arena = { 0 };
	struct systemd_answer got;
	struct keg_err err;

	(void)state;
	assert_int_equal(systemd_request_send(ends.a, &early, &err), 0);
	shutdown(ends.a, SHUT_WR);
	/* It answers what came, and then sees the end. */
	assert_int_equal(systemd_serve(ends.b, ends.b, &err), 0);
	assert_int_equal(systemd_answer_receive(ends.a, &got, &arena, &err), 0);
	assert_int_equal(got.code, KEG_EUSAGE);
	assert_string_equal(got.message, "the bus is not open");
	close_both(&ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_arrives_as_it_was_sent),
		cmocka_unit_test(an_answer_brings_the_whole_error),
		cmocka_unit_test(what_is_no_request_is_refused),
		cmocka_unit_test(the_server_ends_with_its_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
