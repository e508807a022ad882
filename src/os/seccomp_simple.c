/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libseccomp keeps a tree for each system call and copies whole filters to be able to undo: a
 * profile of 400 names takes it tens of milliseconds. Nearly all of them have one rule without
 * conditions, for which a table says the same. It is left to libseccomp what depends on
 * arguments, has several rules, or has to do with the many calls that an old architecture has in
 * one (socketcall, ipc), which its numbers below zero tell.
 */
#include "os/seccomp_simple.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "os/seccomp_words.h"

enum {
	ARCHS_MAX = 8,
	ERRNO_MAX = 4095,
	ABSENT = -10000, /* and below: a call that only others have */
};

struct named {
	int number; /* native */
	uint32_t action;
	bool simple;
	const char *name;
};

struct finding {
	uint32_t default_action;
	uint32_t archs[ARCHS_MAX];
	size_t n_archs;
	struct named *named;
	size_t n_named;
};

static bool add_arch(struct finding *f, uint32_t arch)
{
	for (size_t i = 0; i < f->n_archs; i++) {
		if (f->archs[i] == arch)
			return true;
	}
	if (f->n_archs == ARCHS_MAX)
		return false;
	f->archs[f->n_archs++] = arch;
	return true;
}

static bool find_archs(struct finding *f, const struct seccomp_profile *profile)
{
	struct keg_err ignored;
	bool ok = add_arch(f, seccomp_arch_native());

	for (size_t i = 0; i < profile->n_architectures && ok; i++) {
		uint32_t arch;

		ok = seccomp_word_arch(profile->architectures[i], &arch, &ignored) >= 0 &&
		     add_arch(f, arch);
	}
	return ok;
}

static bool is_plain(uint32_t action)
{
	return action == SCMP_ACT_ALLOW ||
	       (action >= SCMP_ACT_ERRNO(0) && action <= SCMP_ACT_ERRNO(ERRNO_MAX));
}

/* Numbers of its own, or none, everywhere. */
static bool is_single(const struct finding *f, const char *name)
{
	if (strcmp(name, "socketcall") == 0 || strcmp(name, "ipc") == 0)
		return false;
	for (size_t i = 0; i < f->n_archs; i++) {
		int number = seccomp_syscall_resolve_name_arch(f->archs[i], name);

		if (number < 0 && number > ABSENT && number != __NR_SCMP_ERROR)
			return false;
	}
	return true;
}

static int compare_named(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static bool find_names(struct finding *f, const struct seccomp_profile *profile)
{
	size_t total = 0;

	for (size_t i = 0; i < profile->n_rules; i++)
		total += profile->rules[i].n_names;
	f->named = keg_alloc(total + 1, sizeof *f->named);
	for (size_t i = 0; i < profile->n_rules; i++) {
		const struct seccomp_rule *rule = &profile->rules[i];
		struct keg_err ignored;
		uint32_t action;

		if (seccomp_word_action(rule->action, rule->errno_ret, &action, &ignored) < 0)
			return false;
		if (action == f->default_action)
			continue;
		for (size_t j = 0; j < rule->n_names; j++) {
			const char *name = rule->names[j];
			int number = seccomp_syscall_resolve_name(name);

			if (number == __NR_SCMP_ERROR)
				continue;
			f->named[f->n_named++] = (struct named){
				.number = number,
				.action = action,
				.simple =
					rule->n_args == 0 && is_plain(action) && is_single(f, name),
				.name = name,
			};
		}
	}
	qsort(f->named, f->n_named, sizeof *f->named, compare_named);
	for (size_t i = 1; i < f->n_named; i++) {
		if (f->named[i].number == f->named[i - 1].number)
			f->named[i].simple = f->named[i - 1].simple = false;
	}
	return true;
}

static int compare_answers(const void *a, const void *b)
{
	const struct seccomp_answer *x = a, *y = b;

	if (x->arch != y->arch)
		return x->arch > y->arch ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

/* The kernel knows x32 by a bit in the number, which libseccomp's numbers have. */
static uint32_t kernel_arch(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
}

static void add_answers(const struct finding *f, const struct named *named,
			struct seccomp_simple *out)
{
	out->names[out->n_names++] = named->number;
	for (size_t i = 0; i < f->n_archs; i++) {
		int number = seccomp_syscall_resolve_name_arch(f->archs[i], named->name);

		if (number >= 0)
			out->answers[out->n_answers++] =
				(struct seccomp_answer){ kernel_arch(f->archs[i]), (uint32_t)number,
							 named->action };
	}
}

/* Two names for one call, of which the profile says different things? */
static bool contradicts(const struct finding *f, const struct seccomp_simple *found)
{
	for (size_t i = 1; i < found->n_answers; i++) {
		if (compare_answers(&found->answers[i - 1], &found->answers[i]) == 0)
			return true;
	}
	for (size_t i = 0; i < f->n_named; i++) {
		for (size_t j = 0; j < f->n_archs && !f->named[i].simple; j++) {
			int number =
				seccomp_syscall_resolve_name_arch(f->archs[j], f->named[i].name);

			if (number >= 0 && seccomp_simple_answer(found, kernel_arch(f->archs[j]),
								 (uint32_t)number))
				return true;
		}
	}
	return false;
}

void seccomp_simple_find(const struct seccomp_profile *profile, struct seccomp_simple *out)
{
	struct finding f = { 0 };
	struct keg_err ignored;

	*out = (struct seccomp_simple){ 0 };
	if (seccomp_word_action(profile->default_action, profile->default_errno_ret,
				&f.default_action, &ignored) < 0 ||
	    !find_archs(&f, profile))
		return;
	if (find_names(&f, profile)) {
		out->names = keg_alloc(f.n_named + 1, sizeof *out->names);
		out->answers = keg_alloc(f.n_named * f.n_archs + 1, sizeof *out->answers);
		for (size_t i = 0; i < f.n_named; i++) {
			if (f.named[i].simple)
				add_answers(&f, &f.named[i], out);
		}
		qsort(out->answers, out->n_answers, sizeof *out->answers, compare_answers);
		if (contradicts(&f, out))
			seccomp_simple_done(out);
	}
	free(f.named);
}

static int compare_numbers(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

bool seccomp_simple_has(const struct seccomp_simple *simple, int number)
{
	return simple->n_names &&
	       bsearch(&number, simple->names, simple->n_names, sizeof number, compare_numbers);
}

const struct seccomp_answer *seccomp_simple_answer(const struct seccomp_simple *simple,
						   uint32_t arch, uint32_t number)
{
	const struct seccomp_answer wanted = { .arch = arch, .number = number };

	return simple->n_answers ? bsearch(&wanted, simple->answers, simple->n_answers,
					   sizeof wanted, compare_answers)
				 : NULL;
}

void seccomp_simple_done(struct seccomp_simple *simple)
{
	free(simple->names);
	free(simple->answers);
	*simple = (struct seccomp_simple){ 0 };
}
