/* SPDX-License-Identifier: Apache-2.0 */
/* mount_opts.h - mount options as the OCI specification and the command line write them. */
#ifndef KEG_RUNTIME_MOUNT_OPTS_H
#define KEG_RUNTIME_MOUNT_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/* The outcome of a list of options. All zero: nothing was asked for. */
struct mount_opts {
	uint64_t flags, cleared;     /* MS_* asked for, and asked not to be */
	uint64_t deep_clr, deep_set; /* MOUNT_ATTR_* for the whole tree: "rro" and its kin */
	uint64_t propagation;	     /* MS_SHARED and its kin, perhaps with MS_REC; or 0 */
	bool bind, recursive;
	bool remount;		/* change what is mounted there already */
	bool copy_up;		/* "tmpcopyup" */
	bool idmap, deep_idmap; /* "idmap", "ridmap" */
	const char *ids;	/* the maps of crun's "idmap=uids=0-1-10;gids=0-1-10", or NULL */
	bool copy_symlink;	/* a source that is a link is made anew, not followed */
	bool src_nofollow, dest_nofollow;
	const char **data; /* words only the file system knows; the words are not copied */
	size_t n_data;
	const char *foreign; /* the first of `data` that is no option of every file system */
};

/*
 * Read `words` in order into *opts; of contradicting words the later wins. The list `data`
 * lives in the arena.
 */
void mount_opts_parse(struct mount_opts *opts, const char *const *words, size_t n_words,
		      struct keg_arena *arena);

/* The value of "name=value" among the data words, or NULL. */
const char *mount_opts_data(const struct mount_opts *opts, const char *name);
/* Add a word to them; it is not copied. */
void mount_opts_add_data(struct mount_opts *opts, const char *word, struct keg_arena *arena);

/* MS_* of a propagation word ("rslave"), or 0. */
uint64_t mount_opts_propagation(const char *word);

/* The n-th of all words that are known, in order of the alphabet, or NULL. */
const char *mount_opts_word(size_t n);

#endif
