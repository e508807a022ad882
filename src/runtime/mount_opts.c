/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mount_opts.h"

#include <stddef.h>
#include <string.h>
#include <sys/mount.h>

#include "base/strv.h"

/* How a word changes what was asked so far. */
enum effect {
	IGNORED, /* what is so anyway */
	ASK,	 /* MS_* */
	ASK_NOT, /* the contrary */
	DEEP,	 /* MOUNT_ATTR_* of the whole tree */
	DEEP_NOT,
	PROPAGATION, /* MS_* */
	BIND,
	SUPERBLOCK, /* for the file system itself, which calls it by the same name */
	SWITCH,	    /* a field of struct mount_opts, by offset */
	SWITCH_IDS, /* the same, and id maps may follow behind "=" */
};

#define FIELD(name) offsetof(struct mount_opts, name)

static const struct word {
	const char *name;
	enum effect effect;
	uint64_t bits;
} words_known[] = {
	{ "async", IGNORED, 0 },
	{ "atime", ASK_NOT, MS_NOATIME },
	{ "bind", BIND, MS_BIND },
	{ "copy-symlink", SWITCH, FIELD(copy_symlink) },
	{ "defaults", IGNORED, 0 },
	{ "dest-nofollow", SWITCH, FIELD(dest_nofollow) },
	{ "dev", ASK_NOT, MS_NODEV },
	{ "diratime", ASK_NOT, MS_NODIRATIME },
	{ "dirsync", SUPERBLOCK, 0 },
	{ "exec", ASK_NOT, MS_NOEXEC },
	{ "idmap", SWITCH_IDS, FIELD(idmap) },
	{ "iversion", SUPERBLOCK, 0 },
	{ "lazytime", SUPERBLOCK, 0 },
	{ "loud", IGNORED, 0 },
	{ "mand", SUPERBLOCK, 0 },
	{ "noatime", ASK, MS_NOATIME },
	{ "nodev", ASK, MS_NODEV },
	{ "nodiratime", ASK, MS_NODIRATIME },
	{ "noexec", ASK, MS_NOEXEC },
	{ "noiversion", IGNORED, 0 },
	{ "nolazytime", IGNORED, 0 },
	{ "nomand", IGNORED, 0 },
	{ "norelatime", ASK_NOT, MS_RELATIME },
	{ "nostrictatime", ASK_NOT, MS_STRICTATIME },
	{ "nosuid", ASK, MS_NOSUID },
	{ "nosymfollow", ASK, MS_NOSYMFOLLOW },
	{ "private", PROPAGATION, MS_PRIVATE },
	{ "ratime", DEEP_NOT, MOUNT_ATTR__ATIME },
	{ "rbind", BIND, MS_BIND | MS_REC },
	{ "rdev", DEEP_NOT, MOUNT_ATTR_NODEV },
	{ "rdiratime", DEEP_NOT, MOUNT_ATTR_NODIRATIME },
	{ "relatime", ASK, MS_RELATIME },
	{ "remount", SWITCH, FIELD(remount) },
	{ "rexec", DEEP_NOT, MOUNT_ATTR_NOEXEC },
	{ "ridmap", SWITCH_IDS, FIELD(deep_idmap) },
	{ "rnoatime", DEEP, MOUNT_ATTR_NOATIME },
	{ "rnodev", DEEP, MOUNT_ATTR_NODEV },
	{ "rnodiratime", DEEP, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", DEEP, MOUNT_ATTR_NOEXEC },
	{ "rnorelatime", DEEP_NOT, MOUNT_ATTR__ATIME },
	{ "rnostrictatime", DEEP_NOT, MOUNT_ATTR__ATIME },
	{ "rnosuid", DEEP, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", DEEP, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", ASK, MS_RDONLY },
	{ "rprivate", PROPAGATION, MS_PRIVATE | MS_REC },
	{ "rrelatime", DEEP, MOUNT_ATTR_RELATIME },
	{ "rro", DEEP, MOUNT_ATTR_RDONLY },
	{ "rrw", DEEP_NOT, MOUNT_ATTR_RDONLY },
	{ "rshared", PROPAGATION, MS_SHARED | MS_REC },
	{ "rslave", PROPAGATION, MS_SLAVE | MS_REC },
	{ "rstrictatime", DEEP, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", DEEP_NOT, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", DEEP_NOT, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", PROPAGATION, MS_UNBINDABLE | MS_REC },
	{ "rw", ASK_NOT, MS_RDONLY },
	{ "shared", PROPAGATION, MS_SHARED },
	{ "silent", IGNORED, 0 },
	{ "slave", PROPAGATION, MS_SLAVE },
	{ "src-nofollow", SWITCH, FIELD(src_nofollow) },
	{ "strictatime", ASK, MS_STRICTATIME },
	{ "suid", ASK_NOT, MS_NOSUID },
	{ "symfollow", ASK_NOT, MS_NOSYMFOLLOW },
	{ "sync", SUPERBLOCK, 0 },
	{ "tmpcopyup", SWITCH, FIELD(copy_up) },
	{ "unbindable", PROPAGATION, MS_UNBINDABLE },
};

static const struct word *find_word(const char *name)
{
	for (size_t i = 0; i < KEG_COUNT(words_known); i++) {
		const char *rest = keg_str_after(name, words_known[i].name);

		if (rest && (!*rest || (*rest == '=' && words_known[i].effect == SWITCH_IDS)))
			return &words_known[i];
	}
	return NULL;
}

uint64_t mount_opts_propagation(const char *word)
{
	const struct word *w = find_word(word);

	return w && w->effect == PROPAGATION ? w->bits : 0;
}

const char *mount_opts_word(size_t n)
{
	return n < KEG_COUNT(words_known) ? words_known[n].name : NULL;
}

/* Of the access times one stands; the kernel wants the whole field replaced. */
static uint64_t whole_field(uint64_t attr)
{
	bool is_time = attr == MOUNT_ATTR_RELATIME || attr & MOUNT_ATTR__ATIME;

	return is_time ? MOUNT_ATTR__ATIME : attr;
}

static void ask(struct mount_opts *opts, uint64_t flag, bool wanted)
{
	uint64_t *to = wanted ? &opts->flags : &opts->cleared;
	uint64_t *from = wanted ? &opts->cleared : &opts->flags;

	*to |= flag;
	*from &= ~flag;
}

static void ask_deep(struct mount_opts *opts, uint64_t attr)
{
	uint64_t field = whole_field(attr);

	opts->deep_set = (opts->deep_set & ~field) | attr;
	if (field == MOUNT_ATTR__ATIME)
		opts->deep_clr |= field;
	else
		opts->deep_clr &= ~field;
}

static void apply_word(struct mount_opts *opts, const struct word *w, const char *text)
{
	switch (w->effect) {
	case ASK:
	case ASK_NOT:
		ask(opts, w->bits, w->effect == ASK);
		break;
	case DEEP:
		ask_deep(opts, w->bits);
		break;
	case DEEP_NOT:
		opts->deep_set &= ~w->bits;
		opts->deep_clr |= w->bits;
		break;
	case PROPAGATION:
		opts->propagation = w->bits;
		break;
	case BIND:
		opts->bind = true;
		opts->recursive |= (w->bits & MS_REC) != 0;
		break;
	case SWITCH_IDS:
		opts->ids = text[strlen(w->name)] ? text + strlen(w->name) + 1 : opts->ids;
		*(bool *)((char *)opts + w->bits) = true;
		break;
	case SWITCH:
		*(bool *)((char *)opts + w->bits) = true;
		break;
	case IGNORED:
	case SUPERBLOCK:
		break;
	}
}

void mount_opts_parse(struct mount_opts *opts, const char *const *words, size_t n_words,
		      struct keg_arena *arena)
{
	*opts = (struct mount_opts){ .data = keg_arena_alloc(arena, n_words + 1, sizeof(char *)) };

	for (size_t i = 0; i < n_words; i++) {
		const struct word *w = find_word(words[i]);

		if (w && w->effect != SUPERBLOCK) {
			apply_word(opts, w, words[i]);
			continue;
		}
		if (!w && !opts->foreign)
			opts->foreign = words[i];
		opts->data[opts->n_data++] = words[i];
	}
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

void mount_opts_add_data(struct mount_opts *opts, const char *word, struct keg_arena *arena)
{
	const char **data = keg_arena_alloc(arena, opts->n_data + 1, sizeof *data);

	if (opts->n_data > 0)
		memcpy(data, opts->data, opts->n_data * sizeof *data);
	data[opts->n_data++] = word;
	opts->data = data;
}
