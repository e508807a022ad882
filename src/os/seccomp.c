/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling a profile with libseccomp, and loading what came out. */
#include "os/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "os/seccomp_enosys.h"
#include "os/seccomp_ranges.h"
#include "os/seccomp_simple.h"
#include "os/seccomp_words.h"

enum { ARGS_MAX = 6, OPTIMIZE_TREE = 2 };

static void release_ctx(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}
#define autoctx __attribute__((cleanup(release_ctx))) scmp_filter_ctx

static int failed(int r, const char *what, const char *name, struct keg_err *err)
{
	return keg_fail_sys(err, -r, "seccomp: %s %s", what, name);
}

static int add_archs(scmp_filter_ctx ctx, const struct seccomp_profile *profile,
		     struct keg_err *err)
{
	for (size_t i = 0; i < profile->n_architectures; i++) {
		uint32_t arch;
		int r = seccomp_word_arch(profile->architectures[i], &arch, err);

		if (r < 0)
			return r;
		r = seccomp_arch_add(ctx, arch);
		if (r < 0 && r != -EEXIST)
			return failed(r, "add architecture", profile->architectures[i], err);
	}
	return 0;
}

/* libseccomp has conditions on one argument joined by "and" only once each. */
static bool has_twice(const struct scmp_arg_cmp *args, unsigned n)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < n; i++) {
		if (seen & (1u << args[i].arg))
			return true;
		seen |= 1u << args[i].arg;
	}
	return false;
}

static int read_args(const struct seccomp_rule *rule, struct scmp_arg_cmp out[ARGS_MAX],
		     struct keg_err *err)
{
	if (rule->n_args > ARGS_MAX)
		return keg_fail(err, KEG_EUSAGE, "seccomp: more than %d conditions in a rule",
				ARGS_MAX);
	for (size_t i = 0; i < rule->n_args; i++) {
		const struct seccomp_arg *arg = &rule->args[i];
		enum scmp_compare op;
		int r = seccomp_word_operator(arg->op, &op, err);

		if (r < 0)
			return r;
		if (arg->index >= ARGS_MAX)
			return keg_fail(err, KEG_EUSAGE, "seccomp: no argument %u", arg->index);
		out[i] = (struct scmp_arg_cmp){ arg->index, op, arg->value, arg->value_two };
	}
	return 0;
}

/* Conditions on the same argument are alternatives, as in the runtimes before us. */
static int add_name(scmp_filter_ctx ctx, const struct seccomp_simple *told, const char *name,
		    uint32_t action, const struct scmp_arg_cmp *args, unsigned n,
		    struct keg_err *err)
{
	int nr = seccomp_syscall_resolve_name(name), r = 0;
	bool alternatives = has_twice(args, n);

	if (nr == __NR_SCMP_ERROR || seccomp_simple_has(told, nr))
		return 0;
	for (unsigned i = 0; alternatives && r >= 0 && i < n; i++)
		r = seccomp_rule_add_array(ctx, action, nr, 1, &args[i]);
	if (!alternatives)
		r = seccomp_rule_add_array(ctx, action, nr, n, args);
	return r < 0 && r != -EEXIST ? failed(r, "add a rule for", name, err) : 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct seccomp_profile *profile,
		     const struct seccomp_simple *told, uint32_t default_action, bool *notify,
		     struct keg_err *err)
{
	for (size_t i = 0; i < profile->n_rules; i++) {
		const struct seccomp_rule *rule = &profile->rules[i];
		struct scmp_arg_cmp args[ARGS_MAX];
		uint32_t action;
		int r = seccomp_word_action(rule->action, rule->errno_ret, &action, err);

		if (r >= 0)
			r = read_args(rule, args, err);
		if (r < 0)
			return r;
		if (action == default_action)
			continue;
		*notify = *notify || action == SCMP_ACT_NOTIFY;
		for (size_t j = 0; r >= 0 && j < rule->n_names; j++) {
			/* The listener's process could not even hand its descriptor over. */
			if (action == SCMP_ACT_NOTIFY && strcmp(rule->names[j], "write") == 0)
				return keg_fail(
					err, KEG_EUSAGE,
					"SCMP_ACT_NOTIFY cannot be used for the write syscall");
			r = add_name(ctx, told, rule->names[j], action, args,
				     (unsigned)rule->n_args, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* libseccomp before 2.6 writes filters to descriptors only. */
static int export(scmp_filter_ctx ctx, struct seccomp_filter *out, struct keg_err *err)
{
	autofd int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0)
		return keg_fail_sys(err, errno, "memfd_create");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return failed(r, "compile", "the filter", err);
	if (fstat(fd, &st) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "read the compiled filter");

	size_t n = (size_t)st.st_size / sizeof(struct sock_filter);
	if (n == 0 || n > BPF_MAXINSNS)
		return keg_fail(err, KEG_EUSAGE,
				"seccomp: the profile makes %zu instructions, the kernel takes %d",
				n, BPF_MAXINSNS);

	autofree struct sock_filter *insns = keg_alloc(n, sizeof *insns);
	r = keg_read_exact(fd, insns, n * sizeof *insns, err);
	if (r < 0)
		return r;
	out->memory = out->insns = take_ptr(&insns);
	out->n_insns = n;
	return 0;
}

static int read_flags(const struct seccomp_profile *profile, unsigned *out, struct keg_err *err)
{
	for (size_t i = 0; i < profile->n_flags; i++) {
		unsigned flag;
		int r = seccomp_word_flag(profile->flags[i], &flag, err);

		if (r < 0)
			return r;
		*out |= flag;
	}
	return 0;
}

/* All but what is `told` already. */
static int compile(const struct seccomp_profile *profile, const struct seccomp_simple *told,
		   struct seccomp_filter *out, struct keg_err *err)
{
	struct seccomp_filter made = { 0 };
	uint32_t action;
	int r = seccomp_word_action(profile->default_action, profile->default_errno_ret, &action,
				    err);

	if (r >= 0)
		r = read_flags(profile, &made.flags, err);
	if (r < 0)
		return r;
	if (action == SCMP_ACT_NOTIFY)
		return keg_fail(err, KEG_EUSAGE,
				"SCMP_ACT_NOTIFY cannot be the default seccomp action");

	autoctx ctx = seccomp_init(action);
	if (!ctx)
		return keg_fail(err, KEG_EUNSUPPORTED, "seccomp: cannot make a filter");
	r = add_archs(ctx, profile, err);
	/*
	 * A search tree instead of a list: the kernel runs the filter once for every system
	 * call when it is loaded, to find those that are always allowed (Linux 5.11).
	 */
	if (r >= 0 && seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE) < 0)
		r = keg_fail(err, KEG_EUNSUPPORTED, "seccomp: libseccomp older than 2.5");
	if (r >= 0)
		r = add_rules(ctx, profile, told, action, &made.notify, err);
	if (r >= 0)
		r = export(ctx, &made, err);
	if (r >= 0)
		*out = made;
	return r;
}

int seccomp_filter_compile_plain(const struct seccomp_profile *profile, struct seccomp_filter *out,
				 struct keg_err *err)
{
	const struct seccomp_simple nothing = { 0 };

	return compile(profile, &nothing, out, err);
}

/* libseccomp is asked for everything only where its answer to the rest cannot be completed. */
int seccomp_filter_compile_short(const struct seccomp_profile *profile, struct seccomp_filter *out,
				 struct keg_err *err)
{
	const struct seccomp_simple nothing = { 0 };
	auto(seccomp_simple) told = { 0 };
	int r;

	seccomp_simple_find(profile, &told);
	r = compile(profile, &told, out, err);
	if ((r >= 0 && seccomp_ranges_rewrite(out, &told)) || told.n_names == 0)
		return r;
	if (r >= 0)
		seccomp_filter_done(out);
	r = seccomp_filter_compile_plain(profile, out, err);
	if (r >= 0)
		(void)seccomp_ranges_rewrite(out, &nothing); /* either way it answers the same */
	return r;
}

int seccomp_filter_compile(const struct seccomp_profile *profile, struct seccomp_filter *out,
			   struct keg_err *err)
{
	int r = seccomp_filter_compile_short(profile, out, err);
	uint32_t action;

	if (r < 0)
		return r;
	if (seccomp_word_action(profile->default_action, profile->default_errno_ret, &action,
				err) >= 0)
		seccomp_enosys_prepend(profile, action, out);
	return 0;
}

void seccomp_filter_done(struct seccomp_filter *filter)
{
	free(filter->memory);
	*filter = (struct seccomp_filter){ 0 };
}

int seccomp_profile_check_names(const struct seccomp_profile *profile, struct keg_err *err)
{
	for (size_t i = 0; i < profile->n_rules; i++) {
		for (size_t j = 0; j < profile->rules[i].n_names; j++) {
			const char *name = profile->rules[i].names[j];

			if (seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
				return keg_fail(err, KEG_EUSAGE, "unknown system call %s", name);
		}
	}
	return 0;
}

unsigned seccomp_filter_load_flags(const struct seccomp_filter *filter)
{
	/* There is one thread to synchronize; the kernel refuses this beside a listener. */
	unsigned flags = filter->flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;

	return filter->notify ? flags | SECCOMP_FILTER_FLAG_NEW_LISTENER : flags;
}

int seccomp_filter_load(const struct seccomp_filter *filter, struct keg_err *err)
{
	const struct sock_fprog program = { (unsigned short)filter->n_insns, filter->insns };
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, seccomp_filter_load_flags(filter),
			 &program);
	if (r < 0)
		return keg_fail_sys(err, errno, "load the seccomp filter");
	return filter->notify ? (int)r : 0;
}
