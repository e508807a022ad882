/* SPDX-License-Identifier: Apache-2.0 */
/* mount_opts.h - mount options as the OCI specification and the command line write them. */
#ifndef KEG_RUNTIME_MOUNT_OPTS_H
#define KEG_RUNTIME_MOUNT_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* The outcome of a list of options. All zero: change nothing. */
struct mount_opts {
	uint64_t attr_clr, attr_set; /* MOUNT_ATTR_* taken away first, then given */
	uint64_t deep_clr, deep_set; /* the same for the whole tree: "rro" and its kin */
	uint64_t propagation;	     /* MS_SHARED and its kin, perhaps with MS_REC; or 0 */
	bool bind, recursive;
	bool copy_up;		/* "tmpcopyup" */
	bool idmap, deep_idmap; /* "idmap", "ridmap" */
	const char **data;	/* words only the file system knows; the words are not copied */
	size_t n_data;
};

/*
 * Read `words` in order into *opts; of contradicting words the later wins. The list `data`
 * lives in the arena. "remount" is refused: there is nothing yet to mount again.
 */
int mount_opts_parse(struct mount_opts *opts, const char *const *words, size_t n_words,
		     struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* The value of "name=value" among the data words, or NULL. */
const char *mount_opts_data(const struct mount_opts *opts, const char *name);

/* MS_* of a propagation word ("rslave"), or 0. */
uint64_t mount_opts_propagation(const char *word);

/* The n-th of all words that are known, in order of the alphabet, or NULL. */
const char *mount_opts_word(size_t n);

#endif
