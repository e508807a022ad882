/* SPDX-License-Identifier: Apache-2.0 */
/* The device program, run by an interpreter of the few instructions that it uses. */
#include "os/cgroup_bpf.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

enum { READ = CGROUP_ACCESS_READ, WRITE = CGROUP_ACCESS_WRITE, MKNOD = CGROUP_ACCESS_MKNOD };
enum { ALL = READ | WRITE | MKNOD, STEPS_MAX = 10000 };

struct question {
	char type;
	unsigned major, minor, access;
};

static uint64_t operand(const struct bpf_insn *at, const uint64_t *regs)
{
	return BPF_SRC(at->code) == BPF_X ? regs[at->src_reg] : (uint64_t)(int64_t)at->imm;
}

static uint64_t compute(const struct bpf_insn *at, const uint64_t *regs)
{
	uint64_t left = regs[at->dst_reg], right = operand(at, regs);

	switch (BPF_OP(at->code)) {
	case BPF_MOV:
		return right;
	case BPF_AND:
		return left & right;
	case BPF_RSH:
		return left >> right;
	default:
		fail_msg("operation %x", at->code);
		return 0;
	}
}

static bool jumps(const struct bpf_insn *at, const uint64_t *regs)
{
	uint64_t left = regs[at->dst_reg], right = operand(at, regs);

	switch (BPF_OP(at->code)) {
	case BPF_JA:
		return true;
	case BPF_JNE:
		return left != right;
	case BPF_JSET:
		return (left & right) != 0;
	default:
		fail_msg("jump %x", at->code);
		return false;
	}
}

static bool run(const struct bpf_insn *insns, int n, struct question q)
{
	unsigned access = (q.access & READ ? BPF_DEVCG_ACC_READ : 0u) |
			  (q.access & WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
			  (q.access & MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u);
	struct bpf_cgroup_dev_ctx ctx = {
		.access_type =
			access << 16 | (q.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR),
		.major = q.major,
		.minor = q.minor,
	};
	uint64_t regs[11] = { 0 };

	for (int pc = 0, steps = 0; steps < STEPS_MAX; pc++, steps++) {
		assert_in_range(pc, 0, n - 1);
		const struct bpf_insn *at = &insns[pc];

		if (BPF_CLASS(at->code) == BPF_LDX) {
			uint32_t word;

			memcpy(&word, (const char *)&ctx + at->off, sizeof word);
			regs[at->dst_reg] = word;
		} else if (BPF_CLASS(at->code) == BPF_ALU64) {
			regs[at->dst_reg] = compute(at, regs);
		} else if (BPF_OP(at->code) == BPF_EXIT) {
			return regs[0] != 0;
		} else if (jumps(at, regs)) {
			pc += at->off;
		}
	}
	fail_msg("the program does not end");
	return false;
}

static bool allowed(const struct cgroup_device_rule *rules, size_t n, struct question q)
{
	static struct bpf_insn insns[CGROUP_BPF_INSNS_MAX];
	struct keg_err err = { 0 };
	int length = cgroup_bpf_compile(rules, n, insns, &err);

	assert_true(length > 0);
	return run(insns, length, q);
}

static void no_rules_allow_everything(void **state)
{
	(void)state;
	assert_true(allowed(NULL, 0, (struct question){ 'c', 1, 3, ALL }));
}

static void what_follows_a_general_no_is_allowed_and_nothing_else(void **state)
{
	static const struct cgroup_device_rule rules[] = {
		{ false, 'a', CGROUP_ANY, CGROUP_ANY, ALL },
		{ true, 'c', 1, 3, ALL },
		{ true, 'c', 136, CGROUP_ANY, READ | WRITE },
		{ true, 'b', CGROUP_ANY, CGROUP_ANY, MKNOD },
	};
	static const struct {
		struct question q;
		bool yes;
	} table[] = {
		{ { 'c', 1, 3, ALL }, true },
		{ { 'c', 1, 3, READ }, true },
		{ { 'b', 1, 3, READ }, false },
		{ { 'c', 1, 4, READ }, false },
		{ { 'c', 136, 7, READ | WRITE }, true },
		{ { 'c', 136, 7, MKNOD }, false },
		{ { 'c', 136, 7, ALL }, false },
		{ { 'b', 8, 0, MKNOD }, true },
		{ { 'b', 8, 0, MKNOD | READ }, false },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++)
		assert_int_equal(allowed(rules, KEG_COUNT(rules), table[i].q), table[i].yes);
}

static void a_later_rule_wins_for_its_own_kinds_of_access(void **state)
{
	static const struct cgroup_device_rule rules[] = {
		{ false, 'a', CGROUP_ANY, CGROUP_ANY, ALL },
		{ true, 'c', 10, 200, ALL },
		{ false, 'c', 10, CGROUP_ANY, WRITE },
	};

	(void)state;
	assert_true(allowed(rules, 3, (struct question){ 'c', 10, 200, READ }));
	assert_true(allowed(rules, 3, (struct question){ 'c', 10, 200, MKNOD }));
	assert_false(allowed(rules, 3, (struct question){ 'c', 10, 200, WRITE }));
	assert_false(allowed(rules, 3, (struct question){ 'c', 10, 200, READ | WRITE }));
}

static void accesses_allowed_by_two_rules_are_allowed_together(void **state)
{
	static const struct cgroup_device_rule rules[] = {
		{ false, 'a', CGROUP_ANY, CGROUP_ANY, ALL },
		{ true, 'c', 5, 0, READ },
		{ true, 'c', 5, 0, WRITE },
	};

	(void)state;
	assert_true(allowed(rules, 3, (struct question){ 'c', 5, 0, READ | WRITE }));
	assert_false(allowed(rules, 3, (struct question){ 'c', 5, 0, ALL }));
}

static void rules_that_no_question_reaches_are_left_out(void **state)
{
	static const struct cgroup_device_rule rules[] = {
		{ true, 'c', 1, 3, ALL },
		{ false, 'a', CGROUP_ANY, CGROUP_ANY, ALL },
	};
	struct bpf_insn insns[CGROUP_BPF_INSNS_MAX];
	struct keg_err err = { 0 };

	(void)state;
	int with = cgroup_bpf_compile(rules, 2, insns, &err);
	assert_int_equal(with, cgroup_bpf_compile(rules + 1, 1, insns, &err));
	assert_false(allowed(rules, 2, (struct question){ 'c', 1, 3, READ }));
}

static void impossible_rules_are_refused(void **state)
{
	static const struct cgroup_device_rule bad[] = {
		{ true, 'x', 1, 3, ALL },
		{ true, 'c', 4096, 3, ALL },
		{ true, 'c', 1, 1 << 20, ALL },
		{ true, 'c', -2, 3, ALL },
	};
	static struct cgroup_device_rule many[CGROUP_BPF_RULES_MAX + 1];
	struct bpf_insn insns[CGROUP_BPF_INSNS_MAX];
	struct keg_err err = { 0 };

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(bad); i++)
		assert_int_equal(cgroup_bpf_compile(&bad[i], 1, insns, &err), -KEG_EUSAGE);
	for (size_t i = 0; i < KEG_COUNT(many); i++)
		many[i] = (struct cgroup_device_rule){ true, 'c', 1, (int64_t)i, READ };
	assert_int_equal(cgroup_bpf_compile(many, KEG_COUNT(many), insns, &err), -KEG_EUSAGE);
	assert_true(cgroup_bpf_compile(many, KEG_COUNT(many) - 1, insns, &err) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rules_allow_everything),
		cmocka_unit_test(what_follows_a_general_no_is_allowed_and_nothing_else),
		cmocka_unit_test(a_later_rule_wins_for_its_own_kinds_of_access),
		cmocka_unit_test(accesses_allowed_by_two_rules_are_allowed_together),
		cmocka_unit_test(rules_that_no_question_reaches_are_left_out),
		cmocka_unit_test(impossible_rules_are_refused),
	};

	return cmocka_run_group_tests_name("cgroup_bpf", tests, NULL, NULL);
}
