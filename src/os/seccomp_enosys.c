/* SPDX-License-Identifier: Apache-2.0 */
#include "os/seccomp_enosys.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { PROLOGUE = 6, X32_BIT = 0x40000000 };

/* The highest native number that a rule names; -1 when none names any. */
static int last_named(const struct seccomp_profile *profile)
{
	int last = -1;

	for (size_t i = 0; i < profile->n_rules; i++) {
		for (size_t j = 0; j < profile->rules[i].n_names; j++) {
			int number = seccomp_syscall_resolve_name(profile->rules[i].names[j]);

			last = number > last ? number : last;
		}
	}
	return last;
}

static bool denies(uint32_t action)
{
	uint32_t kind = action & SECCOMP_RET_ACTION_FULL;

	return kind == SECCOMP_RET_ERRNO || kind == SECCOMP_RET_TRAP ||
	       kind == SECCOMP_RET_KILL_THREAD || kind == SECCOMP_RET_KILL_PROCESS;
}

void seccomp_enosys_prepend(const struct seccomp_profile *profile, uint32_t default_action,
			    struct seccomp_filter *filter)
{
	int last = last_named(profile);

	if (last < 0 || !denies(default_action) || filter->n_insns + PROLOGUE > BPF_MAXINSNS)
		return;

	/* Numbers with the x32 bit are another ABI's, which the filter itself judges. */
	const struct sock_filter prologue[PROLOGUE] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)last, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_filter *all = keg_alloc(filter->n_insns + PROLOGUE, sizeof *all);

	/* Jumps are relative and forward, so the filter may move as a whole. */
	memcpy(all, prologue, sizeof prologue);
	memcpy(all + PROLOGUE, filter->insns, filter->n_insns * sizeof *all);
	free(filter->memory);
	filter->memory = filter->insns = all;
	filter->n_insns += PROLOGUE;
}
