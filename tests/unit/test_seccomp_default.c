/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in profile, compiled and asked about every system call. */
#include "engine/seccomp_default.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "engine/seccomp_profile.h"
#include "os/seccomp.h"
#include "os/seccomp_ranges.h"
#include "tests/unit/cmocka_keg.h"

static const char installed[] = "/usr/share/containers/seccomp.json";
static const char *const usual_caps[] = { "CAP_CHOWN", "CAP_SYS_CHROOT", "CAP_KILL",
					  "CAP_NET_BIND_SERVICE", "CAP_SETUID" };
static const char *const admin_caps[] = { "CAP_SYS_ADMIN", "CAP_AUDIT_WRITE", "CAP_SYS_PTRACE" };

/* The instructions that libseccomp emits. */
static uint32_t run(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < filter->n_insns; pc++) {
		const struct sock_filter *at = &filter->insns[pc];
		bool yes = false;

		switch (at->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + at->k, sizeof a);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= at->k;
			continue;
		case BPF_JMP | BPF_JA:
			pc += at->k;
			continue;
		case BPF_RET | BPF_K:
			return at->k;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == at->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > at->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= at->k;
			break;
		default:
			fail_msg("instruction %x", at->code);
		}
		pc += yes ? at->jt : at->jf;
	}
	fail_msg("the filter does not end");
	return 0;
}

static void compile(const struct seccomp_document *document, const char *const *caps, size_t n,
		    struct seccomp_filter *out)
{
	auto(keg_arena) arena = { 0 };
	struct seccomp_host host = seccomp_host_here();
	struct seccomp_profile profile;
	struct oci_seccomp rules;
	struct keg_err err = { 0 };

	host.caps = caps;
	host.n_caps = n;
	seccomp_document_resolve(document, &host, &rules, &arena);
	seccomp_profile_from_config(&rules, &profile, &arena);
	if (seccomp_filter_compile(&profile, out, &err) < 0)
		fail_msg("%s", err.msg);
}

static void built_in(const char *const *caps, size_t n, struct seccomp_filter *out)
{
	auto(keg_arena) arena = { 0 };
	struct seccomp_document document;

	seccomp_default_document(&document, &arena);
	compile(&document, caps, n, out);
}

#if defined(__x86_64__)
enum { NATIVE = AUDIT_ARCH_X86_64 };
#elif defined(__aarch64__)
enum { NATIVE = (int)AUDIT_ARCH_AARCH64 };
#endif

static uint32_t ask(const struct seccomp_filter *filter, long nr, uint64_t first, uint64_t third)
{
	const struct seccomp_data data = { .nr = (int)nr,
					   .arch = (uint32_t)NATIVE,
					   .args = { first, 0, third } };

	return run(filter, &data);
}

static void the_kernels_doors_are_shut(void **state)
{
	static const struct {
		long nr;
		uint32_t answer;
	} table[] = {
		{ SYS_read, SECCOMP_RET_ALLOW },
		{ SYS_openat2, SECCOMP_RET_ALLOW },
		{ SYS_chroot, SECCOMP_RET_ALLOW }, /* CAP_SYS_CHROOT is there */
		{ SYS_bpf, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_kexec_load, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_finit_module, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_userfaultfd, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_open_by_handle_at, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_clock_settime, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS },
		{ SYS_add_key, SECCOMP_RET_ERRNO | ENOSYS },
		{ 9999, SECCOMP_RET_ERRNO | ENOSYS },
	};
	auto(seccomp_filter) filter = { 0 };

	(void)state;
	built_in(usual_caps, KEG_COUNT(usual_caps), &filter);
	for (size_t i = 0; i < KEG_COUNT(table); i++)
		assert_int_equal(ask(&filter, table[i].nr, 0, 0), table[i].answer);
	assert_int_equal(ask(&filter, SYS_personality, UINT32_MAX, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&filter, SYS_personality, 0x0040000 /* no random addresses */, 0),
			 SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(ask(&filter, SYS_socket, 16, 9), SECCOMP_RET_ERRNO | EINVAL);
	assert_int_equal(ask(&filter, SYS_socket, 16, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&filter, SYS_socket, 2, 9), SECCOMP_RET_ALLOW);
}

static void capabilities_open_their_doors(void **state)
{
	auto(seccomp_filter) filter = { 0 };

	(void)state;
	built_in(admin_caps, KEG_COUNT(admin_caps), &filter);
	assert_int_equal(ask(&filter, SYS_bpf, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&filter, SYS_kcmp, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&filter, SYS_socket, 16, 9), SECCOMP_RET_ALLOW);
	assert_int_equal(ask(&filter, SYS_chroot, 0, 0), SECCOMP_RET_ERRNO | EPERM);
}

/* Newer system calls are known to one of the two only. */
static bool is_newer(long nr)
{
	return nr >= SYS_quotactl_fd;
}

static void it_answers_as_the_installed_profile_does(void **state)
{
	const struct {
		const char *const *caps;
		size_t n;
	} sets[] = { { usual_caps, KEG_COUNT(usual_caps) },
		     { admin_caps, KEG_COUNT(admin_caps) },
		     { NULL, 0 } };
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct seccomp_document document;
	struct keg_err err = { 0 };

	(void)state;
	if (keg_file_read(AT_FDCWD, installed, SECCOMP_PROFILE_MAX, &text, &err) < 0)
		skip(); /* golang-github-containers-common is not installed */
	if (seccomp_document_parse(text.data, text.len, &document, &arena, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < KEG_COUNT(sets); i++) {
		auto(seccomp_filter) theirs = { 0 };
		auto(seccomp_filter) ours = { 0 };

		compile(&document, sets[i].caps, sets[i].n, &theirs);
		built_in(sets[i].caps, sets[i].n, &ours);
		for (long nr = 0; nr < 600; nr++) {
			if (!is_newer(nr) && ask(&ours, nr, 0, 0) != ask(&theirs, nr, 0, 0))
				fail_msg("system call %ld: %x, not %x", nr, ask(&ours, nr, 0, 0),
					 ask(&theirs, nr, 0, 0));
		}
	}
}

/* Everything that the two could disagree on: numbers, architectures, arguments. */
static void compare(const struct seccomp_filter *plain, const struct seccomp_filter *shorter)
{
	static const uint32_t archs[] = {
		AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 0,
		UINT32_MAX
	};
	static const uint32_t bases[] = { 0, 0x40000000, 0x7fffff00, 0xfffffe00, 0x0f0000 };
	static const uint64_t args[] = { 0, 9, 16, 8, 0x20000, 0x20008, UINT32_MAX, UINT64_MAX };

	for (size_t a = 0; a < KEG_COUNT(archs); a++) {
		for (size_t i = 0; i < KEG_COUNT(bases) * 600; i++) {
			struct seccomp_data data = { .nr = (int)(bases[i / 600] + i % 600),
						     .arch = archs[a] };

			for (size_t k = 0; k < KEG_COUNT(args) * KEG_COUNT(args); k++) {
				data.args[0] = args[k / KEG_COUNT(args)];
				data.args[2] = args[k % KEG_COUNT(args)];
				if (run(plain, &data) != run(shorter, &data))
					fail_msg("arch %x call %x args %llx %llx: %x, not %x",
						 data.arch, (unsigned)data.nr,
						 (long long)data.args[0], (long long)data.args[2],
						 run(shorter, &data), run(plain, &data));
			}
		}
	}
}

static void rewriting_changes_no_answer(void **state)
{
	const struct seccomp_simple nothing = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(seccomp_filter) plain = { 0 };
	auto(seccomp_filter) shorter = { 0 };
	auto(seccomp_filter) told = { 0 };
	struct seccomp_document document;
	struct seccomp_host host = seccomp_host_here();
	struct seccomp_profile profile;
	struct oci_seccomp rules;
	struct keg_err err = { 0 };

	(void)state;
	seccomp_default_document(&document, &arena);
	seccomp_document_resolve(&document, &host, &rules, &arena);
	seccomp_profile_from_config(&rules, &profile, &arena);
	assert_int_equal(seccomp_filter_compile_plain(&profile, &plain, &err), 0);
	assert_int_equal(seccomp_filter_compile_plain(&profile, &shorter, &err), 0);
	assert_true(seccomp_ranges_rewrite(&shorter, &nothing));
	assert_true(shorter.n_insns * 2 < plain.n_insns);
	compare(&plain, &shorter);
	assert_int_equal(seccomp_filter_compile_short(&profile, &told, &err), 0);
	assert_true(told.n_insns <= shorter.n_insns);
	compare(&plain, &told);
}

/* What is decided without libseccomp is decided as by it, whatever else the profile says. */
static void the_table_says_what_libseccomp_does(void **state)
{
	static const char *many[] = { "read",	"write",  "_llseek", "bind", "socketcall",
				      "semop",	"ipc",	  "getuid",  "time", "openat",
				      "nosuch", "select", "recv" };
	static const char *one[] = { "read" };
	static const char *again[] = { "write", "openat", "write" };
	static const char *archs[] = { "SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
				       "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM" };
	static const char *const defaults[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO",
						"SCMP_ACT_KILL" };
	static const char *const actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_TRAP",
					       "SCMP_ACT_LOG" };
	const uint32_t number = 38;
	static const char *domain[] = { "socket" };
	struct seccomp_arg arg = { .index = 0, .value = 9, .op = "SCMP_CMP_EQ" };
	struct seccomp_arg other = { .index = 0, .value = 16, .op = "SCMP_CMP_NE" };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(defaults) * KEG_COUNT(actions) * 4; i++) {
		const char *action = actions[i / 4 % KEG_COUNT(actions)];
		struct seccomp_rule rules[] = {
			{ many, KEG_COUNT(many), action, &number, NULL, 0 },
			{ one, 1, i & 1 ? "SCMP_ACT_ERRNO" : action, NULL, &arg, 1 },
			{ again, KEG_COUNT(again), "SCMP_ACT_ERRNO", NULL, NULL, 0 },
			{ domain, 1, action, NULL, &other, 1 },
		};
		struct seccomp_profile profile = {
			.default_action = defaults[i / 4 / KEG_COUNT(actions)],
			.architectures = archs,
			.n_architectures = i & 2 ? KEG_COUNT(archs) : 0,
			.rules = rules,
			.n_rules = 1 + i % KEG_COUNT(rules),
		};
		auto(seccomp_filter) plain = { 0 };
		auto(seccomp_filter) told = { 0 };
		struct keg_err err = { 0 };

		assert_int_equal(seccomp_filter_compile_plain(&profile, &plain, &err), 0);
		assert_int_equal(seccomp_filter_compile_short(&profile, &told, &err), 0);
		compare(&plain, &told);
	}
}

static void the_compiled_file_is_made_once_and_anew_when_the_profile_changes(void **state)
{
	static const char first[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
	static const char second[] = "{\"defaultAction\":\"SCMP_ACT_LOG\"}";
	char dir[] = "/tmp/keg-test-XXXXXX";
	auto(keg_arena) arena = { 0 };
	struct keg_err err = { 0 };
	const char *a = NULL, *b = NULL, *c = NULL, *d = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	autofree char *cache = keg_path_join(dir, "cache");
	autofree char *path = keg_path_join(dir, "profile.json");
	assert_int_equal(keg_file_write(AT_FDCWD, path, first, strlen(first), 0600, 0, &err), 0);
	assert_int_equal(seccomp_profile_file(path, 1, cache, &a, &arena, &err), 1);
	assert_int_equal(seccomp_profile_file(path, 1, cache, &b, &arena, &err), 1);
	assert_string_equal(a, b);
	assert_int_equal(seccomp_profile_file(path, 3, cache, &c, &arena, &err), 1);
	assert_string_not_equal(a, c);
	assert_int_equal(keg_file_write(AT_FDCWD, path, second, strlen(second), 0600, 0, &err), 0);
	assert_int_equal(seccomp_profile_file(path, 1, cache, &d, &arena, &err), 1);
	assert_string_not_equal(a, d);

	auto(seccomp_filter) filter = { 0 };
	int fd = open(d, O_RDONLY | O_CLOEXEC);
	assert_int_equal(seccomp_filter_read(fd, &filter, &err), 0);
	close(fd);
	assert_int_equal(ask(&filter, SYS_read, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(keg_remove_tree(AT_FDCWD, dir, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernels_doors_are_shut),
		cmocka_unit_test(capabilities_open_their_doors),
		cmocka_unit_test(it_answers_as_the_installed_profile_does),
		cmocka_unit_test(rewriting_changes_no_answer),
		cmocka_unit_test(the_table_says_what_libseccomp_does),
		cmocka_unit_test(the_compiled_file_is_made_once_and_anew_when_the_profile_changes),
	};

	return cmocka_run_group_tests_name("seccomp_default", tests, NULL, NULL);
}
