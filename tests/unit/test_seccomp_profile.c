/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/seccomp_profile.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/cmocka_keg.h"

static const struct seccomp_host plain_host = { .arch = "amd64",
						.scmp = "SCMP_ARCH_X86_64",
						.kernel = { 5, 14 } };

static void parse(const char *text, struct seccomp_document *out, struct keg_arena *arena)
{
	struct keg_err err = { 0 };

	if (seccomp_document_parse(text, strlen(text), out, arena, &err) < 0)
		fail_msg("%s", err.msg);
}

static void a_rule_is_taken_when_all_its_conditions_hold(void **state)
{
	static const struct {
		const char *conditions;
		bool without, with; /* CAP_SYS_ADMIN */
	} table[] = {
		{ "", true, true },
		{ ",\"includes\":{},\"excludes\":{}", true, true },
		{ ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", false, true },
		{ ",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}", true, false },
		{ ",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\",\"CAP_CHOWN\"]}", false, false },
		{ ",\"includes\":{\"arches\":[\"arm64\",\"amd64\"]}", true, true },
		{ ",\"includes\":{\"arches\":[\"arm64\"]}", false, false },
		{ ",\"excludes\":{\"arches\":[\"amd64\"]}", false, false },
		{ ",\"includes\":{\"minKernel\":\"5.14\"}", true, true },
		{ ",\"includes\":{\"minKernel\":\"5.15\"}", false, false },
		{ ",\"includes\":{\"minKernel\":\"4.99\"}", true, true },
		{ ",\"excludes\":{\"minKernel\":\"5.0\"}", false, false },
	};
	static const char *const admin[] = { "CAP_SYS_ADMIN" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_arena) arena = { 0 };
		struct seccomp_document document;
		struct oci_seccomp out;
		struct seccomp_host host = plain_host;
		char text[512];

		snprintf(text, sizeof text,
			 "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"bpf\"],"
			 "\"action\":\"SCMP_ACT_ALLOW\"%s}]}",
			 table[i].conditions);
		parse(text, &document, &arena);
		seccomp_document_resolve(&document, &host, &out, &arena);
		assert_int_equal(out.n_syscalls, table[i].without);
		host.caps = admin;
		host.n_caps = 1;
		seccomp_document_resolve(&document, &host, &out, &arena);
		assert_int_equal(out.n_syscalls, table[i].with);
	}
}

static void the_map_gives_this_architecture_and_its_smaller_ones(void **state)
{
	auto(keg_arena) arena = { 0 };
	struct seccomp_document document;
	struct oci_seccomp out;

	(void)state;
	parse("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"archMap\":["
	      "{\"architecture\":\"SCMP_ARCH_AARCH64\",\"subArchitectures\":[\"SCMP_ARCH_ARM\"]},"
	      "{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}]}",
	      &document, &arena);
	seccomp_document_resolve(&document, &plain_host, &out, &arena);
	assert_int_equal(out.n_architectures, 2);
	assert_string_equal(out.architectures[0], "SCMP_ARCH_X86_64");
	assert_string_equal(out.architectures[1], "SCMP_ARCH_X86");
}

static void an_errno_by_name_goes_before_one_by_number(void **state)
{
	auto(keg_arena) arena = { 0 };
	struct seccomp_document document;

	(void)state;
	parse("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrno\":\"ENOSYS\",\"syscalls\":["
	      "{\"name\":\"bpf\",\"action\":\"SCMP_ACT_ERRNO\",\"errno\":\"EPERM\",\"errnoRet\":7}]"
	      "}",
	      &document, &arena);
	assert_int_equal(*document.default_errno_ret, ENOSYS);
	assert_int_equal(*document.rules[0].errno_ret, EPERM);
	assert_string_equal(document.rules[0].names[0], "bpf");
}

static void broken_files_are_refused(void **state)
{
	static const char *const table[] = {
		"",
		"[]",
		"{}",
		"{\"defaultAction\":7}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrno\":\"ENOTHING\"}",
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"bpf\"]}]}",
		("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"a\","
		 "\"name\":\"b\",\"names\":[\"c\"]}]}"),
		("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"action\":\"a\","
		 "\"name\":\"b\",\"includes\":{\"minKernel\":\"new\"}}]}"),
		("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86\"],"
		 "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86\"}]}"),
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		auto(keg_arena) arena = { 0 };
		struct seccomp_document document;
		struct keg_err err = { 0 };

		assert_int_equal(
			seccomp_document_parse(table[i], strlen(table[i]), &document, &arena, &err),
			-KEG_ECORRUPT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_is_taken_when_all_its_conditions_hold),
		cmocka_unit_test(the_map_gives_this_architecture_and_its_smaller_ones),
		cmocka_unit_test(an_errno_by_name_goes_before_one_by_number),
		cmocka_unit_test(broken_files_are_refused),
	};

	return cmocka_run_group_tests_name("seccomp_profile", tests, NULL, NULL);
}
