/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files belong to the image, so they are hostile: opened below the root and only when
 * regular, bounded in size, and lines that are not well formed are passed over.
 */
#include "engine/image_user.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/num.h"
#include "base/strv.h"
#include "os/path.h"

enum { MAX_FILE = 4 << 20, MAX_GROUPS = 65536 };

/* 1 with the text, 0 when there is no such regular file. */
static int read_in_root(int rootfd, const char *path, struct keg_buf *out, struct keg_err *err)
{
	struct stat st;
	autofd int fd = path_open_in_root(rootfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	int r = keg_fd_read_all(fd, MAX_FILE, out, err);
	return r < 0 ? keg_wrap(err, "read %s of the container", path) : 1;
}

/* Split "a:b:c" in place; returns the count of fields. */
static size_t split(char *line, char *fields[], size_t most)
{
	size_t n = 0;

	while (n < most && (fields[n] = strsep(&line, ":")) != NULL)
		n++;
	return n;
}

static bool number(const char *text, uint32_t *out)
{
	struct keg_err err;

	return keg_parse_u32(text, out, &err) >= 0;
}

struct passwd_entry {
	char *name;
	uint32_t uid, gid;
	char *home;
};

/* name:password:uid:gid:comment:home:shell, by name, else by number. */
static bool find_passwd(char *text, const char *name, bool by_uid, uint32_t uid,
			struct passwd_entry *out)
{
	for (char *line; (line = strsep(&text, "\n")) != NULL;) {
		char *f[7];
		struct passwd_entry entry = { 0 };

		if (split(line, f, KEG_COUNT(f)) < 6 || !number(f[2], &entry.uid) ||
		    !number(f[3], &entry.gid))
			continue;
		if (by_uid ? entry.uid != uid : strcmp(f[0], name) != 0)
			continue;
		entry.name = f[0];
		entry.home = f[5];
		*out = entry;
		return true;
	}
	return false;
}

static void add_group(struct image_user *user, uint32_t gid, struct keg_arena *arena)
{
	if (!user->groups)
		user->groups = keg_arena_alloc(arena, MAX_GROUPS / 64, sizeof *user->groups);
	for (size_t i = 0; i < user->n_groups; i++) {
		if (user->groups[i] == gid)
			return;
	}
	if (user->n_groups < MAX_GROUPS / 64)
		user->groups[user->n_groups++] = gid;
}

/* The groups that list the user as a member; an ordinary user's own group comes first. */
static int add_memberships(int rootfd, const char *name, struct image_user *user,
			   struct keg_arena *arena, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = read_in_root(rootfd, "/etc/group", &text, err);

	if (r < 0)
		return r;
	if (user->uid != 0)
		add_group(user, user->gid, arena);
	char *at = text.len ? text.data : NULL;
	for (char *line; (line = strsep(&at, "\n")) != NULL;) {
		char *f[4];
		uint32_t gid;

		if (split(line, f, KEG_COUNT(f)) == 4 && number(f[2], &gid) &&
		    keg_str_lists(f[3], ',', name))
			add_group(user, gid, arena);
	}
	return 0;
}

int image_group_find(int rootfd, const char *group, uint32_t *gid, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	if (number(group, gid))
		return 0;
	int r = read_in_root(rootfd, "/etc/group", &text, err);
	if (r < 0)
		return r;
	char *at = text.len ? text.data : NULL;
	for (char *line; (line = strsep(&at, "\n")) != NULL;) {
		char *f[4];

		if (split(line, f, KEG_COUNT(f)) >= 3 && strcmp(f[0], group) == 0 &&
		    number(f[2], gid))
			return 0;
	}
	return keg_fail(err, KEG_ENOTFOUND,
			"unable to find group %s: no matching entries in group file", group);
}

int image_user_find(int rootfd, const char *spec, struct image_user *out, struct keg_arena *arena,
		    struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct passwd_entry entry = { 0 };
	struct image_user user = { .home = "/" };
	const char *colon = spec ? strchr(spec, ':') : NULL;
	const char *name =
		spec ? keg_arena_strndup(arena, spec, colon ? (size_t)(colon - spec) : strlen(spec))
		     : "";
	bool by_uid = *name == '\0' || number(name, &user.uid);
	int r = read_in_root(rootfd, "/etc/passwd", &text, err);

	if (r < 0)
		return r;
	user.has_entry = text.len && find_passwd(text.data, name, by_uid, user.uid, &entry);
	if (!user.has_entry && !by_uid)
		return keg_fail(err, KEG_ENOTFOUND,
				"unable to find user %s: no matching entries in passwd file", name);
	if (user.has_entry) {
		user.uid = entry.uid;
		user.gid = entry.gid;
		user.home = *entry.home ? keg_arena_strdup(arena, entry.home) : "/";
	}
	if (colon && colon[1])
		r = image_group_find(rootfd, colon + 1, &user.gid, err);
	else if (user.has_entry)
		r = add_memberships(rootfd, entry.name, &user, arena, err);
	if (r < 0)
		return r;
	if (!user.has_entry && user.uid == 0)
		user.home = "/root";
	*out = user;
	return 0;
}
