/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/volume_spec.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "engine/spec_gen.h"

/* Words that exclude each other stand in one group; one of a group may be given. */
enum word_group {
	WORD_FREE,
	WORD_ACCESS,
	WORD_PROPAGATION,
	WORD_RECURSION,
	WORD_DEV,
	WORD_EXEC,
	WORD_SUID,
	WORD_GROUPS,
};

enum word_use { USE_BIND = 1, USE_NAMED = 2, USE_TMPFS = 4, USE_ANY = 7 };

/* Words with a meaning of their own; they do not reach config.json. */
enum word_special { PLAIN, LABEL, CHOWN, NO_COPY, COPY, NO_COPYUP, COPYUP };

static const struct word {
	const char *name; /* one that ends in '=' takes a value */
	enum word_group group;
	enum word_use use;
	enum word_special special;
} words[] = {
	{ "ro", WORD_ACCESS, USE_ANY, PLAIN },
	{ "rw", WORD_ACCESS, USE_ANY, PLAIN },
	{ "private", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "rprivate", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "shared", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "rshared", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "slave", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "rslave", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "unbindable", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "runbindable", WORD_PROPAGATION, USE_ANY, PLAIN },
	{ "bind", WORD_RECURSION, USE_BIND | USE_NAMED, PLAIN },
	{ "rbind", WORD_RECURSION, USE_BIND | USE_NAMED, PLAIN },
	{ "dev", WORD_DEV, USE_ANY, PLAIN },
	{ "nodev", WORD_DEV, USE_ANY, PLAIN },
	{ "exec", WORD_EXEC, USE_ANY, PLAIN },
	{ "noexec", WORD_EXEC, USE_ANY, PLAIN },
	{ "suid", WORD_SUID, USE_ANY, PLAIN },
	{ "nosuid", WORD_SUID, USE_ANY, PLAIN },
	{ "z", WORD_FREE, USE_BIND | USE_NAMED, LABEL },
	{ "Z", WORD_FREE, USE_BIND | USE_NAMED, LABEL },
	{ "U", WORD_FREE, USE_ANY, CHOWN },
	{ "copy", WORD_FREE, USE_BIND | USE_NAMED, COPY },
	{ "nocopy", WORD_FREE, USE_BIND | USE_NAMED, NO_COPY },
	{ "consistent", WORD_FREE, USE_BIND | USE_NAMED, LABEL },
	{ "cached", WORD_FREE, USE_BIND | USE_NAMED, LABEL },
	{ "delegated", WORD_FREE, USE_BIND | USE_NAMED, LABEL },
	{ "tmpcopyup", WORD_FREE, USE_TMPFS, COPYUP },
	{ "notmpcopyup", WORD_FREE, USE_TMPFS, NO_COPYUP },
	{ "size=", WORD_FREE, USE_TMPFS, PLAIN },
	{ "mode=", WORD_FREE, USE_TMPFS, PLAIN },
	{ "uid=", WORD_FREE, USE_TMPFS, PLAIN },
	{ "gid=", WORD_FREE, USE_TMPFS, PLAIN },
	{ "nr_inodes=", WORD_FREE, USE_TMPFS, PLAIN },
	{ "noatime", WORD_FREE, USE_TMPFS, PLAIN },
	{ "nodiratime", WORD_FREE, USE_TMPFS, PLAIN },
	{ "relatime", WORD_FREE, USE_TMPFS, PLAIN },
	{ "noswap", WORD_FREE, USE_TMPFS, PLAIN },
};

/* What is put in when no word of its group was given, in this order. */
static const struct default_word {
	enum word_group group;
	const char *name;
	enum word_use use;
} default_words[] = {
	{ WORD_ACCESS, "rw", USE_ANY },
	{ WORD_PROPAGATION, "rprivate", USE_ANY },
	{ WORD_SUID, "nosuid", USE_NAMED | USE_TMPFS },
	{ WORD_DEV, "nodev", USE_NAMED | USE_TMPFS },
	{ WORD_RECURSION, "rbind", USE_BIND | USE_NAMED },
};

struct parse {
	struct volume_mount mount;
	bool seen[WORD_GROUPS];
	bool no_copyup;
	struct keg_arena *arena;
};

static enum word_use use_of(enum volume_kind kind)
{
	return kind == VOLUME_BIND ? USE_BIND : kind == VOLUME_NAMED ? USE_NAMED : USE_TMPFS;
}

static const struct word *find_word(const char *text)
{
	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (keg_str_ends(words[i].name, "=") ? keg_str_starts(text, words[i].name)
						     : strcmp(text, words[i].name) == 0)
			return &words[i];
	}
	return NULL;
}

static int refuse_word(const char *text, enum volume_kind kind, struct keg_err *err)
{
	if (strcmp(text, "O") == 0 || keg_str_starts(text, "upperdir=") ||
	    keg_str_starts(text, "idmap"))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"mount option \"%s\" is not supported by this version", text);
	if (kind == VOLUME_TMPFS)
		return keg_fail(err, KEG_EUSAGE,
				"unknown mount option \"%s\": invalid mount option", text);
	return keg_fail(err, KEG_EUSAGE, "invalid option type \"%s\"", text);
}

static void add_option(struct parse *p, const char *text)
{
	spec_gen_add(p->arena, &p->mount.options, &p->mount.n_options,
		     keg_arena_strdup(p->arena, text));
}

static int add_word(struct parse *p, const char *text, struct keg_err *err)
{
	const struct word *w = find_word(text);

	if (!w || !(w->use & use_of(p->mount.kind)))
		return refuse_word(text, p->mount.kind, err);
	if (w->group != WORD_FREE && p->seen[w->group])
		return keg_fail(
			err, KEG_EUSAGE,
			"mount option \"%s\" contradicts an earlier one: invalid mount option",
			text);
	p->seen[w->group] = true;
	switch (w->special) {
	case LABEL:
	case COPY:
	case COPYUP:
		return 0;
	case CHOWN:
		p->mount.chown = true;
		return 0;
	case NO_COPY:
		p->mount.no_copy = true;
		return 0;
	case NO_COPYUP:
		p->no_copyup = true;
		return 0;
	default:
		break;
	}
	p->mount.read_only |= strcmp(text, "ro") == 0;
	add_option(p, text);
	return 0;
}

static int add_words(struct parse *p, const char *list, struct keg_err *err)
{
	auto(keg_strv) parts = { 0 };
	int r = 0;

	keg_strv_split(&parts, list, ',');
	for (size_t i = 0; r >= 0 && i < parts.n; i++) {
		if (*parts.v[i])
			r = add_word(p, parts.v[i], err);
	}
	return r;
}

const struct volume_mount *volume_find(const struct volume_list *list, const char *dest)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->v[i].dest, dest) == 0)
			return &list->v[i];
	}
	return NULL;
}

static int set_dest(struct parse *p, const char *dest, struct keg_err *err)
{
	if (*dest != '/')
		return keg_fail(err, KEG_EUSAGE,
				"invalid container path \"%s\", must be an absolute path", dest);
	autofree char *clean = keg_path_clean(dest);
	if (strcmp(clean, "/") == 0)
		return keg_fail(err, KEG_EUSAGE, "invalid container path \"%s\": it is the root",
				dest);
	p->mount.dest = keg_arena_strdup(p->arena, clean);
	return 0;
}

static int finish(struct parse *p, struct volume_list *list, struct keg_err *err)
{
	enum word_use use = use_of(p->mount.kind);

	if (volume_find(list, p->mount.dest))
		return keg_fail(err, KEG_EUSAGE, "%s: duplicate mount destination", p->mount.dest);
	for (size_t i = 0; p->mount.kind != VOLUME_DEVPTS && i < KEG_COUNT(default_words); i++) {
		const struct default_word *d = &default_words[i];

		if (!p->seen[d->group] && (d->use & use))
			add_option(p, d->name);
	}
	if (p->mount.kind == VOLUME_TMPFS && !p->no_copyup)
		add_option(p, "tmpcopyup");
	*SPEC_PUSH(p->arena, list->v, list->n) = p->mount;
	return 0;
}

/* A host path as the user typed it, absolute. */
static const char *host_path(const char *text, struct keg_arena *arena)
{
	if (*text == '/')
		return keg_arena_strdup(arena, text);
	autofree char *here = get_current_dir_name();
	autofree char *joined = keg_path_join(here ? here : "/", text);
	autofree char *clean = keg_path_clean(joined);

	return keg_arena_strdup(arena, clean);
}

static int check_name(const char *name, struct keg_err *err)
{
	static const char good[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

	if (*name && !strchr("_.-", *name) && name[strspn(name, good)] == '\0')
		return 0;
	return keg_fail(err, KEG_EUSAGE,
			"creating named volume \"%s\": running volume create option: names must "
			"match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument",
			name);
}

static int set_source(struct parse *p, const char *source, struct keg_err *err)
{
	struct stat st;

	if (p->mount.kind != VOLUME_BIND) {
		p->mount.source = keg_arena_strdup(p->arena, source);
		return check_name(source, err);
	}
	p->mount.source = host_path(source, p->arena);
	if (stat(p->mount.source, &st) < 0)
		return keg_fail_sys(err, errno, "statfs %s", p->mount.source);
	return 0;
}

int volume_parse(const char *text, struct volume_list *list, struct keg_arena *arena,
		 struct keg_err *err)
{
	struct parse p = { .arena = arena };
	auto(keg_strv) parts = { 0 };

	keg_strv_split(&parts, text, ':');
	bool has_empty = parts.n == 0 || !*parts.v[0] || (parts.n > 1 && !*parts.v[1]);
	if (parts.n > 3 || has_empty)
		return keg_fail(err, KEG_EUSAGE,
				"%s: incorrect volume format, should be "
				"[host-dir:]ctr-dir[:option]",
				text);
	const char *source = parts.n > 1 ? parts.v[0] : NULL;
	p.mount.kind = source && strchr("/.", *source) ? VOLUME_BIND : VOLUME_NAMED;
	p.mount.anonymous = !source;
	int r = set_dest(&p, parts.v[source ? 1 : 0], err);
	if (r >= 0 && parts.n == 3)
		r = add_words(&p, parts.v[2], err);
	if (r >= 0 && source)
		r = set_source(&p, source, err);
	return r < 0 ? r : finish(&p, list, err);
}

int volume_parse_tmpfs(const char *text, struct volume_list *list, struct keg_arena *arena,
		       struct keg_err *err)
{
	struct parse p = { .arena = arena, .mount = { .kind = VOLUME_TMPFS, .source = "tmpfs" } };
	const char *colon = strchr(text, ':');
	autofree char *dest = colon ? keg_strndup(text, (size_t)(colon - text)) : keg_strdup(text);
	int r = set_dest(&p, dest, err);

	if (r >= 0 && colon)
		r = add_words(&p, colon + 1, err);
	return r < 0 ? r : finish(&p, list, err);
}

int volume_add_image(const char *dest, bool tmpfs, struct volume_list *list,
		     struct keg_arena *arena, struct keg_err *err)
{
	struct parse p = { .arena = arena };

	p.mount.kind = tmpfs ? VOLUME_TMPFS : VOLUME_NAMED;
	p.mount.source = tmpfs ? "tmpfs" : NULL;
	p.mount.anonymous = !tmpfs;
	int r = set_dest(&p, dest, err);
	if (r < 0 || volume_find(list, p.mount.dest))
		return r;
	return finish(&p, list, err);
}

/* --- --mount ------------------------------------------------------------------------------ */

enum mount_key {
	KEY_SOURCE,
	KEY_DEST,
	KEY_READ_ONLY,
	KEY_WORD, /* the value is an option word */
	KEY_PAIR, /* name=value is the option word, named by `word` */
	KEY_RECURSIVE,
	KEY_LABEL,
	KEY_CHOWN,
	KEY_IGNORED,
};

static const struct key {
	const char *name;
	enum mount_key key;
	const char *word;
} keys[] = {
	{ "src", KEY_SOURCE, NULL },
	{ "source", KEY_SOURCE, NULL },
	{ "dst", KEY_DEST, NULL },
	{ "dest", KEY_DEST, NULL },
	{ "destination", KEY_DEST, NULL },
	{ "target", KEY_DEST, NULL },
	{ "ro", KEY_READ_ONLY, "ro" },
	{ "readonly", KEY_READ_ONLY, "ro" },
	{ "rw", KEY_READ_ONLY, "rw" },
	{ "bind-propagation", KEY_WORD, NULL },
	{ "bind-nonrecursive", KEY_RECURSIVE, NULL },
	{ "relabel", KEY_LABEL, NULL },
	{ "U", KEY_CHOWN, "U" },
	{ "chown", KEY_CHOWN, "U" },
	{ "tmpfs-size", KEY_PAIR, "size" },
	{ "tmpfs-mode", KEY_PAIR, "mode" },
	{ "consistency", KEY_IGNORED, NULL },
};

/* A flag's value: absent is true; -1 when it is none. */
static int truth(const char *value)
{
	if (!value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return 1;
	return strcmp(value, "false") == 0 || strcmp(value, "0") == 0 ? 0 : -1;
}

static const struct key *find_key(const char *name, size_t len)
{
	for (size_t i = 0; i < KEG_COUNT(keys); i++) {
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
			return &keys[i];
	}
	return NULL;
}

static int set_flag(struct parse *p, const struct key *key, const char *value, struct keg_err *err)
{
	int on = truth(value);

	if (on < 0)
		return keg_fail(err, KEG_EUSAGE,
				"%s must be set to true or false, instead received %s", key->name,
				value);
	if (key->key == KEY_RECURSIVE)
		return add_word(p, on ? "bind" : "rbind", err);
	if (key->key == KEY_CHOWN)
		return on ? add_word(p, "U", err) : 0;
	bool read_only = (strcmp(key->word, "ro") == 0) == (on == 1);
	return add_word(p, read_only ? "ro" : "rw", err);
}

static int set_key(struct parse *p, const struct key *key, const char *value, const char **source,
		   struct keg_err *err)
{
	bool flag = key->key == KEY_READ_ONLY || key->key == KEY_RECURSIVE || key->key == KEY_CHOWN;

	if (flag)
		return set_flag(p, key, value, err);
	if (keg_str_empty(value))
		return keg_fail(err, KEG_EUSAGE, "%s: must supply a value for option", key->name);
	switch (key->key) {
	case KEY_SOURCE:
		*source = value;
		return 0;
	case KEY_DEST:
		return set_dest(p, value, err);
	case KEY_WORD:
		return add_word(p, value, err);
	case KEY_PAIR: {
		autofree char *word = keg_printf("%s=%s", key->word, value);
		return add_word(p, word, err);
	}
	case KEY_LABEL:
		if (strcmp(value, "private") != 0 && strcmp(value, "shared") != 0)
			return keg_fail(err, KEG_EUSAGE,
					"relabel: \"private\" or \"shared\", not %s", value);
		return 0;
	default:
		return 0;
	}
}

static int set_type(struct parse *p, const char *type, struct keg_err *err)
{
	static const struct {
		const char *name;
		enum volume_kind kind;
	} types[] = { { "bind", VOLUME_BIND },
		      { "volume", VOLUME_NAMED },
		      { "tmpfs", VOLUME_TMPFS },
		      { "devpts", VOLUME_DEVPTS } };

	for (size_t i = 0; i < KEG_COUNT(types); i++) {
		if (strcmp(types[i].name, type) == 0) {
			p->mount.kind = types[i].kind;
			return 0;
		}
	}
	if (strcmp(type, "image") == 0 || strcmp(type, "glob") == 0 || strcmp(type, "ramfs") == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"mounts of type \"%s\" are not supported by this version", type);
	return keg_fail(err, KEG_EUSAGE, "invalid filesystem type \"%s\"", type);
}

static int finish_mount(struct parse *p, const char *source, struct volume_list *list,
			struct keg_err *err)
{
	int r = 0;

	if (!p->mount.dest)
		return keg_fail(err, KEG_EUSAGE, "must set volume destination");
	switch (p->mount.kind) {
	case VOLUME_BIND:
		r = set_source(p, source ? source : p->mount.dest, err);
		break;
	case VOLUME_NAMED:
		p->mount.anonymous = !source;
		r = source ? set_source(p, source, err) : 0;
		break;
	default:
		if (source)
			return keg_fail(err, KEG_EUSAGE,
					"\"src\" option not supported for \"%s\" mounts",
					p->mount.kind == VOLUME_TMPFS ? "tmpfs" : "devpts");
		p->mount.source = p->mount.kind == VOLUME_TMPFS ? "tmpfs" : "devpts";
	}
	return r < 0 ? r : finish(p, list, err);
}

int volume_parse_mount(const char *text, struct volume_list *list, struct keg_arena *arena,
		       struct keg_err *err)
{
	struct parse p = { .arena = arena, .mount = { .kind = VOLUME_NAMED } };
	auto(keg_strv) parts = { 0 };
	const char *source = NULL;
	int r = 0;

	keg_strv_split(&parts, text, ',');
	for (size_t i = 0; r >= 0 && i < parts.n; i++) {
		const char *type = keg_str_after(parts.v[i], "type=");

		if (type)
			r = set_type(&p, type, err);
	}
	for (size_t i = 0; r >= 0 && i < parts.n; i++) {
		size_t len = strcspn(parts.v[i], "=");
		const char *value = parts.v[i][len] ? parts.v[i] + len + 1 : NULL;
		const struct key *key = find_key(parts.v[i], len);

		if (len == 4 && keg_str_starts(parts.v[i], "type"))
			continue;
		if (key)
			r = set_key(&p, key, value, &source, err);
		else if (!value && find_word(parts.v[i]))
			r = add_word(&p, parts.v[i], err);
		else
			r = keg_fail(err, KEG_EUSAGE, "%s: invalid mount option", parts.v[i]);
	}
	return r < 0 ? r : finish_mount(&p, source, list, err);
}
