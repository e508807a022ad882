/* SPDX-License-Identifier: Apache-2.0 */
#include "os/seccomp_words.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/seccomp.h"
#include "os/words.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* Linux 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { DATA_MAX = 0xffff };

static const struct words_entry actions[] = {
	{ "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
	{ "SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
	{ "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
	{ "SCMP_ACT_LOG", SCMP_ACT_LOG },
	{ "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
	{ "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
	{ "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
};

static const struct words_entry operators[] = {
	{ "SCMP_CMP_NE", SCMP_CMP_NE },
	{ "SCMP_CMP_LT", SCMP_CMP_LT },
	{ "SCMP_CMP_LE", SCMP_CMP_LE },
	{ "SCMP_CMP_EQ", SCMP_CMP_EQ },
	{ "SCMP_CMP_GE", SCMP_CMP_GE },
	{ "SCMP_CMP_GT", SCMP_CMP_GT },
	{ "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
};

static const struct words_entry archs[] = {
	{ "SCMP_ARCH_X86", SCMP_ARCH_X86 },
	{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
	{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
	{ "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	{ "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
	{ "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
	{ "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
	{ "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
	{ "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
	{ "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390", SCMP_ARCH_S390 },
	{ "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
	{ "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
	{ "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
};

static const struct words_entry flags[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
};

int seccomp_word_action(const char *word, const uint32_t *data, uint32_t *out, struct keg_err *err)
{
	int r = words_find(actions, KEG_COUNT(actions), "unknown seccomp action", word, out, err);

	if (r < 0 || (*out != SCMP_ACT_ERRNO(0) && *out != SCMP_ACT_TRACE(0)))
		return r;
	if (data && *data > DATA_MAX)
		return keg_fail(err, KEG_EUSAGE, "seccomp errnoRet %u is above %d", *data,
				DATA_MAX);
	*out |= data ? *data : EPERM;
	return 0;
}

int seccomp_word_operator(const char *word, enum scmp_compare *out, struct keg_err *err)
{
	uint32_t value = 0;
	int r = words_find(operators, KEG_COUNT(operators), "unknown seccomp operator", word,
			   &value, err);

	*out = (enum scmp_compare)value;
	return r;
}

int seccomp_word_arch(const char *word, uint32_t *out, struct keg_err *err)
{
	return words_find(archs, KEG_COUNT(archs), "unknown seccomp architecture", word, out, err);
}

int seccomp_word_flag(const char *word, unsigned *out, struct keg_err *err)
{
	return words_find(flags, KEG_COUNT(flags), "unknown seccomp flag", word, out, err);
}

const char *seccomp_action_name(size_t n)
{
	return n < KEG_COUNT(actions) ? actions[n].name : NULL;
}

const char *seccomp_operator_name(size_t n)
{
	return n < KEG_COUNT(operators) ? operators[n].name : NULL;
}

const char *seccomp_arch_name(size_t n)
{
	return n < KEG_COUNT(archs) ? archs[n].name : NULL;
}

const char *seccomp_flag_name(size_t n)
{
	return n < KEG_COUNT(flags) ? flags[n].name : NULL;
}

bool seccomp_flag_known(const char *name)
{
	struct keg_err ignored;
	unsigned flag;

	/* EFAULT: the flag was accepted before the missing filter was noticed. */
	return seccomp_word_flag(name, &flag, &ignored) >= 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		       flag & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
			       ? flag | SECCOMP_FILTER_FLAG_NEW_LISTENER
			       : flag,
		       NULL) < 0 &&
	       errno == EFAULT;
}
