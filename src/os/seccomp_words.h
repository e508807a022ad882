/* SPDX-License-Identifier: Apache-2.0 */
/* seccomp_words.h - the specification's words for actions, operators, architectures, flags. */
#ifndef KEG_OS_SECCOMP_WORDS_H
#define KEG_OS_SECCOMP_WORDS_H

#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Each: the value of the word, or KEG_EUSAGE naming it. `data` is what errnoRet says, or NULL. */
int seccomp_word_action(const char *word, const uint32_t *data, uint32_t *out,
			struct keg_err *err) KEG_MUST_CHECK;
int seccomp_word_operator(const char *word, enum scmp_compare *out,
			  struct keg_err *err) KEG_MUST_CHECK;
int seccomp_word_arch(const char *word, uint32_t *out, struct keg_err *err) KEG_MUST_CHECK;
int seccomp_word_flag(const char *word, unsigned *out, struct keg_err *err) KEG_MUST_CHECK;

/* The n-th word of a kind, or NULL. (for `features`) */
const char *seccomp_action_name(size_t n);
const char *seccomp_operator_name(size_t n);
const char *seccomp_arch_name(size_t n);
const char *seccomp_flag_name(size_t n);

#endif
