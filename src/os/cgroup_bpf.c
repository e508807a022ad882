/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel asks the program for each open or mknod of a device: may this group have this
 * access to this device? Rules are ordered and the later one wins, for each kind of access
 * apart: "deny c 1:3 w" after "allow c 1:3 rw" leaves reading. So the program goes from the
 * last rule to the first with the set of accesses not yet decided: an allow rule takes its own
 * out of the set and says yes when none is left; a deny rule says no when one of its own is
 * still in. What no rule decides is allowed, as it is in a new v1 group.
 */
#include "os/cgroup_bpf.h"

#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAJOR_MAX = 4095, MINOR_MAX = 1048575 }; /* 12 and 20 bits since Linux 2.6 */
enum { ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };
enum { ACCESS_SHIFT = 16, TYPE_MASK = 0xffff, ATTACHED_MAX = 64 };

/* Registers: the context comes in R1. */
enum { RESULT = BPF_REG_0, CTX = BPF_REG_1, TYPE, PENDING, MAJOR, MINOR };

#define INSN(code_, dst, src, off_, imm_)     \
	((struct bpf_insn){ .code = (code_),  \
			    .dst_reg = (dst), \
			    .src_reg = (src), \
			    .off = (off_),    \
			    .imm = (imm_) })
#define LOAD(dst, field) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, CTX, offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define MOVE(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define COPY(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define AND(dst, imm) INSN(BPF_ALU64 | BPF_AND | BPF_K, dst, 0, 0, imm)
#define SHIFT_RIGHT(dst, imm) INSN(BPF_ALU64 | BPF_RSH | BPF_K, dst, 0, 0, imm)
#define UNLESS_EQUAL(dst, imm) INSN(BPF_JMP | BPF_JNE | BPF_K, dst, 0, 0, imm)
#define IF_ANY(dst, imm, over) INSN(BPF_JMP | BPF_JSET | BPF_K, dst, 0, over, imm)
#define SKIP() INSN(BPF_JMP | BPF_JA, 0, 0, 0, 0)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static unsigned kernel_access(unsigned access)
{
	return (access & CGROUP_ACCESS_READ ? BPF_DEVCG_ACC_READ : 0u) |
	       (access & CGROUP_ACCESS_WRITE ? BPF_DEVCG_ACC_WRITE : 0u) |
	       (access & CGROUP_ACCESS_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0u);
}

static int check_rule(const struct cgroup_device_rule *rule, struct keg_err *err)
{
	if (rule->type != 'a' && rule->type != 'b' && rule->type != 'c')
		return keg_fail(err, KEG_EUSAGE, "device rule of type '%c'", rule->type);
	if (rule->major < CGROUP_ANY || rule->major > MAJOR_MAX || rule->minor < CGROUP_ANY ||
	    rule->minor > MINOR_MAX)
		return keg_fail(err, KEG_EUSAGE, "device rule for %lld:%lld, which no device has",
				(long long)rule->major, (long long)rule->minor);
	return 0;
}

/* The instructions of one rule; *last: nothing is undecided after it. Returns the new end. */
static size_t add_rule(const struct cgroup_device_rule *rule, struct bpf_insn *out, size_t n,
		       bool *last)
{
	unsigned access = kernel_access(rule->access);
	size_t start = n, skips;

	if (rule->type != 'a')
		out[n++] = UNLESS_EQUAL(TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK
								: BPF_DEVCG_DEV_CHAR);
	if (rule->major != CGROUP_ANY)
		out[n++] = UNLESS_EQUAL(MAJOR, (int)rule->major);
	if (rule->minor != CGROUP_ANY)
		out[n++] = UNLESS_EQUAL(MINOR, (int)rule->minor);
	skips = n;
	*last = access == ACCESS_ALL && skips == start;
	if (access != ACCESS_ALL && rule->allow) {
		out[n++] = AND(PENDING, (int)(ACCESS_ALL & ~access));
		out[n++] = UNLESS_EQUAL(PENDING, 0);
		skips = n;
	} else if (access != ACCESS_ALL) {
		out[n++] = IF_ANY(PENDING, (int)access, 1);
		out[n++] = SKIP();
		skips = n;
	}
	out[n++] = MOVE(RESULT, rule->allow);
	out[n++] = EXIT();

	/* Everything that jumps but IF_ANY goes to the next rule. */
	for (size_t i = start; i < skips; i++) {
		if (BPF_CLASS(out[i].code) == BPF_JMP && out[i].off == 0)
			out[i].off = (short)(n - i - 1);
	}
	return n;
}

int cgroup_bpf_compile(const struct cgroup_device_rule *rules, size_t n_rules,
		       struct bpf_insn out[CGROUP_BPF_INSNS_MAX], struct keg_err *err)
{
	size_t n = 0;
	bool last = false;

	if (n_rules > CGROUP_BPF_RULES_MAX)
		return keg_fail(err, KEG_EUSAGE, "more than %d device rules", CGROUP_BPF_RULES_MAX);
	out[n++] = LOAD(TYPE, access_type);
	out[n++] = COPY(PENDING, TYPE);
	out[n++] = AND(TYPE, TYPE_MASK);
	out[n++] = SHIFT_RIGHT(PENDING, ACCESS_SHIFT);
	out[n++] = LOAD(MAJOR, major);
	out[n++] = LOAD(MINOR, minor);
	/* What no rule can reach is not emitted: the verifier refuses dead code. */
	for (size_t i = n_rules; i > 0 && !last; i--) {
		int r = check_rule(&rules[i - 1], err);

		if (r < 0)
			return r;
		if (rules[i - 1].access)
			n = add_rule(&rules[i - 1], out, n, &last);
	}
	if (!last) {
		out[n++] = MOVE(RESULT, 1);
		out[n++] = EXIT();
	}
	return (int)n;
}

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int load_program(const struct bpf_insn *insns, size_t n, struct keg_err *err)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)insns,
		.insn_cnt = (uint32_t)n,
		.license = (uintptr_t) "Apache-2.0",
	};
	long fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		return keg_fail_sys(err, errno, "load the device program");
	return (int)fd;
}

/* The programs that are attached, as descriptors' numbers in the kernel; how many, 0 on error. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel fills ids */
static uint32_t list_attached(int fd, uint32_t ids[ATTACHED_MAX])
{
	union bpf_attr attr = {
		.query = {
			.target_fd = (uint32_t)fd,
			.attach_type = BPF_CGROUP_DEVICE,
			.prog_ids = (uintptr_t)ids,
			.prog_cnt = ATTACHED_MAX,
		},
	};

	return bpf(BPF_PROG_QUERY, &attr) < 0 ? 0 : attr.query.prog_cnt;
}

/* Every program must say yes, so an old one would go on to forbid what is allowed now. */
static int detach(int fd, uint32_t id, struct keg_err *err)
{
	union bpf_attr by_id = { .prog_id = id };
	autofd int program = (int)bpf(BPF_PROG_GET_FD_BY_ID, &by_id);

	if (program < 0)
		return errno == ENOENT ? 0
				       : keg_fail_sys(err, errno, "open the old device program");

	union bpf_attr attr = {
		.target_fd = (uint32_t)fd,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
	};
	if (bpf(BPF_PROG_DETACH, &attr) < 0 && errno != ENOENT)
		return keg_fail_sys(err, errno, "detach the old device program");
	return 0;
}

int cgroup_bpf_attach(int fd, const struct bpf_insn *insns, size_t n, struct keg_err *err)
{
	uint32_t old[ATTACHED_MAX] = { 0 };
	uint32_t n_old = list_attached(fd, old);
	autofd int program = load_program(insns, n, err);
	int r = 0;

	if (program < 0)
		return program;

	union bpf_attr attr = {
		.target_fd = (uint32_t)fd,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return keg_fail_sys(err, errno, "attach the device program");
	for (uint32_t i = 0; r >= 0 && i < n_old; i++)
		r = detach(fd, old[i], err);
	return r;
}
