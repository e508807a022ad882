/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_opts.h"

#include <string.h>
#include <sys/mount.h>

#include "base/strv.h"

/* One row per word; the kernel clears before it sets, so a row may do both. */
static const struct word {
	const char *name;
	uint64_t clr, set, propagation;
	bool bind, recursive, deep, sb_flag, refused;
} words_known[] = {
	{ "async" },
	{ "atime", .clr = MOUNT_ATTR__ATIME },
	{ "bind", .bind = true },
	{ .name = "defaults" },
	{ "dev", .clr = MOUNT_ATTR_NODEV },
	{ "diratime", .clr = MOUNT_ATTR_NODIRATIME },
	{ "dirsync", .sb_flag = true },
	{ "exec", .clr = MOUNT_ATTR_NOEXEC },
	{ "iversion", .sb_flag = true },
	{ "lazytime", .sb_flag = true },
	{ "loud" },
	{ "mand", .sb_flag = true },
	{ "noatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_NOATIME },
	{ "nodev", .set = MOUNT_ATTR_NODEV },
	{ "nodiratime", .set = MOUNT_ATTR_NODIRATIME },
	{ "noexec", .set = MOUNT_ATTR_NOEXEC },
	{ "noiversion" },
	{ "nolazytime" },
	{ "nomand" },
	{ "norelatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_STRICTATIME },
	{ "nostrictatime", .clr = MOUNT_ATTR__ATIME },
	{ "nosuid", .set = MOUNT_ATTR_NOSUID },
	{ "nosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", .propagation = MS_PRIVATE },
	{ "ratime", .clr = MOUNT_ATTR__ATIME, .deep = true },
	{ "rbind", .bind = true, .recursive = true },
	{ "rdev", .clr = MOUNT_ATTR_NODEV, .deep = true },
	{ "rdiratime", .clr = MOUNT_ATTR_NODIRATIME, .deep = true },
	{ "relatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_RELATIME },
	{ "remount", .refused = true },
	{ "rexec", .clr = MOUNT_ATTR_NOEXEC, .deep = true },
	{ "rnoatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_NOATIME, .deep = true },
	{ "rnodev", .set = MOUNT_ATTR_NODEV, .deep = true },
	{ "rnodiratime", .set = MOUNT_ATTR_NODIRATIME, .deep = true },
	{ "rnoexec", .set = MOUNT_ATTR_NOEXEC, .deep = true },
	{ "rnorelatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_STRICTATIME, .deep = true },
	{ "rnostrictatime", .clr = MOUNT_ATTR__ATIME, .deep = true },
	{ "rnosuid", .set = MOUNT_ATTR_NOSUID, .deep = true },
	{ "rnosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW, .deep = true },
	{ "ro", .set = MOUNT_ATTR_RDONLY },
	{ "rprivate", .propagation = MS_PRIVATE | MS_REC },
	{ "rrelatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_RELATIME, .deep = true },
	{ "rro", .set = MOUNT_ATTR_RDONLY, .deep = true },
	{ "rrw", .clr = MOUNT_ATTR_RDONLY, .deep = true },
	{ "rshared", .propagation = MS_SHARED | MS_REC },
	{ "rslave", .propagation = MS_SLAVE | MS_REC },
	{ "rstrictatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_STRICTATIME, .deep = true },
	{ "rsuid", .clr = MOUNT_ATTR_NOSUID, .deep = true },
	{ "rsymfollow", .clr = MOUNT_ATTR_NOSYMFOLLOW, .deep = true },
	{ "runbindable", .propagation = MS_UNBINDABLE | MS_REC },
	{ "rw", .clr = MOUNT_ATTR_RDONLY },
	{ "shared", .propagation = MS_SHARED },
	{ "silent" },
	{ "slave", .propagation = MS_SLAVE },
	{ "strictatime", .clr = MOUNT_ATTR__ATIME, .set = MOUNT_ATTR_STRICTATIME },
	{ "suid", .clr = MOUNT_ATTR_NOSUID },
	{ "symfollow", .clr = MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync", .sb_flag = true },
	{ "unbindable", .propagation = MS_UNBINDABLE },
};

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(words_known); i++) {
		if (strcmp(words_known[i].name, name) == 0)
			return &words_known[i];
	}
	return NULL;
}

uint64_t mount_opts_propagation(const char *word)
{
	const struct word *w = find_word(word);

	return w ? w->propagation : 0;
}

const char *mount_opts_word(size_t n)
{
	return n < KEG_COUNT(words_known) ? words_known[n].name : NULL;
}

/* Words that are neither an attribute of the mount nor for the file system. */
static bool parse_own(struct mount_opts *opts, const char *word)
{
	const struct {
		const char *name;
		bool *field;
	} own[] = {
		{ "tmpcopyup", &opts->copy_up },
		{ "idmap", &opts->idmap },
		{ "ridmap", &opts->deep_idmap },
	};

	for (size_t i = 0; i < KEG_COUNT(own); i++) {
		if (strcmp(own[i].name, word) == 0) {
			*own[i].field = true;
			return true;
		}
	}
	return false;
}

static void apply_word(struct mount_opts *opts, const struct word *w)
{
	uint64_t *clr = w->deep ? &opts->deep_clr : &opts->attr_clr;
	uint64_t *set = w->deep ? &opts->deep_set : &opts->attr_set;

	*clr |= w->clr;
	*set = (*set & ~w->clr) | w->set;
	opts->propagation = w->propagation ? w->propagation : opts->propagation;
	opts->bind |= w->bind;
	opts->recursive |= w->recursive;
}

int mount_opts_parse(struct mount_opts *opts, const char *const *words, size_t n_words,
		     struct keg_arena *arena, struct keg_err *err)
{
	*opts = (struct mount_opts){ .data = keg_arena_alloc(arena, n_words + 1, sizeof(char *)) };

	for (size_t i = 0; i < n_words; i++) {
		const struct word *w = find_word(words[i]);

		if (w && w->refused)
			return keg_fail(err, KEG_EUNSUPPORTED, "mount option %s is not supported",
					words[i]);
		if (w && !w->sb_flag)
			apply_word(opts, w);
		else if (w || !parse_own(opts, words[i]))
			opts->data[opts->n_data++] = words[i];
	}
	return 0;
}

const char *mount_opts_data(const struct mount_opts *opts, const char *name)
{
	for (size_t i = 0; i < opts->n_data; i++) {
		const char *rest = keg_str_after(opts->data[i], name);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}
