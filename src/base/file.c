/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <fcntl.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

enum { FIRST_STEP = 4096, READ_STEP = 64 * 1024, TEMP_TRIES = 16 };

int keg_open_at(int dirfd, const char *path, int flags, mode_t mode, struct keg_err *err)
{
	int fd;

	do
		fd = openat(dirfd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? keg_fail_sys(err, errno, "open %s", path) : fd;
}

int keg_open_unnamed(const char *dir, struct keg_err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd >= 0 ? fd : keg_fail_sys(err, errno, "open %s", dir);

	/* overlayfs learned O_TMPFILE with Linux 6.3 only */
	autofree char *path = keg_printf("%s/keg-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return keg_fail_sys(err, errno, "make a file in %s", dir);
	(void)unlink(path);
	return fd;
}

int keg_fd_read_all(int fd, size_t most, struct keg_buf *out, struct keg_err *err)
{
	struct stat st = { 0 };
	size_t step = READ_STEP, start = out->len;
	bool known = fstat(fd, &st) == 0;

	/* One without a size is a kernel's, which are short, or grows: the step does as well. */
	if (known && S_ISREG(st.st_mode))
		step = st.st_size == 0		     ? FIRST_STEP
		       : (uint64_t)st.st_size < most ? (size_t)st.st_size + 1
						     : READ_STEP;
	for (;;) {
		char *at = keg_buf_reserve(out, step);
		ssize_t got = read(fd, at, step);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return keg_fail_sys(err, errno, "read");
		if (got == 0)
			return 0;
		keg_buf_reserve(out, 0);
		out->len += (size_t)got;
		out->data[out->len] = '\0';
		if (out->len - start > most)
			return keg_fail(err, KEG_ECORRUPT, "more than %zu bytes", most);
		/* All of a file, though one more byte was asked for: the end, without asking. */
		if (S_ISREG(st.st_mode) && got == st.st_size && (size_t)got < step)
			return 0;
		if ((size_t)got == step && step < READ_STEP)
			step = READ_STEP;
	}
}

int keg_file_read(int dirfd, const char *path, size_t most, struct keg_buf *out,
		  struct keg_err *err)
{
	autofd int fd = keg_open_at(dirfd, path, O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	return keg_fd_read_all(fd, most, out, err) < 0 ? keg_wrap(err, "%s", path) : 0;
}

int keg_file_read_line(int dirfd, const char *path, size_t most, char **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(dirfd, path, most, &text, err);

	if (r >= 0)
		*out = keg_strndup(keg_buf_text(&text), strcspn(keg_buf_text(&text), "\n"));
	return r;
}

int keg_write_all(int fd, const void *bytes, size_t len, struct keg_err *err)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t put = write(fd, at, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return keg_fail_sys(err, errno, "write");
		at += put;
		len -= (size_t)put;
	}
	return 0;
}

int keg_read_exact(int fd, void *bytes, size_t len, struct keg_err *err)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t got = read(fd, at, len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return keg_fail_sys(err, errno, "read");
		if (got == 0)
			return keg_fail(err, KEG_ECORRUPT, "early end of data");
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

int keg_sync_dir(int dirfd, const char *path, struct keg_err *err)
{
	autofd int fd = keg_open_at(dirfd, path, O_RDONLY | O_DIRECTORY, 0, err);

	if (fd < 0)
		return fd;
	if (fsync(fd) < 0)
		return keg_fail_sys(err, errno, "sync %s", path);
	return 0;
}

/* A new file beside `path`, its name in *temp. */
static int open_temp(int dirfd, const char *path, mode_t mode, char **temp, struct keg_err *err)
{
	for (int tries = 0; tries < TEMP_TRIES; tries++) {
		unsigned char random[6];
		char hex[2 * sizeof random + 1];

		keg_random(random, sizeof random);
		keg_hex(hex, random, sizeof random);
		const char *base = keg_path_base(path);
		autofree char *name =
			keg_printf("%.*s.tmp-%s-%s", (int)(base - path), path, hex, base);
		int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

		if (fd >= 0) {
			*temp = take_ptr(&name);
			return fd;
		}
		if (errno != EEXIST && errno != EINTR)
			break;
	}
	return keg_fail_sys(err, errno, "create %s", path);
}

static int fill_temp(int fd, const void *bytes, size_t len, mode_t mode, bool durable,
		     struct keg_err *err)
{
	int r = keg_write_all(fd, bytes, len, err);

	if (r < 0)
		return r;
	/* The umask must not decide who may read it. */
	if (fchmod(fd, mode) < 0)
		return keg_fail_sys(err, errno, "set mode");
	if (durable && fsync(fd) < 0)
		return keg_fail_sys(err, errno, "sync");
	return 0;
}

int keg_file_write(int dirfd, const char *path, const void *bytes, size_t len, mode_t mode,
		   enum keg_file_flags flags, struct keg_err *err)
{
	autofree char *temp = NULL;
	autofd int fd = open_temp(dirfd, path, mode, &temp, err);

	if (fd < 0)
		return fd;

	int r = fill_temp(fd, bytes, len, mode, flags & KEG_FILE_DURABLE, err);
	if (r >= 0) {
		unsigned how = flags & KEG_FILE_EXCLUSIVE ? RENAME_NOREPLACE : 0;

		if (renameat2(dirfd, temp, dirfd, path, how) < 0)
			r = keg_fail_sys(err, errno, "rename");
	}
	if (r < 0) {
		unlinkat(dirfd, temp, 0);
		return keg_wrap(err, "write %s", path);
	}
	if (flags & KEG_FILE_DURABLE) {
		autofree char *dir = keg_path_dir(path);

		return keg_sync_dir(dirfd, dir, err);
	}
	return 0;
}

int keg_mkdirs(int dirfd, const char *path, mode_t mode, struct keg_err *err)
{
	if (mkdirat(dirfd, path, mode) == 0)
		return 0;
	if (errno == ENOENT) {
		autofree char *above = keg_path_dir(path);

		if (strcmp(above, path) != 0) {
			int r = keg_mkdirs(dirfd, above, mode, err);

			if (r < 0)
				return r;
		}
		if (mkdirat(dirfd, path, mode) == 0)
			return 0;
	}

	int saved = errno;
	struct stat st;
	if (saved == EEXIST && fstatat(dirfd, path, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return keg_fail_sys(err, saved, "create folder %s", path);
}

/*
 * Depth-first without recursion: the stack holds open folders; a folder that is not empty
 * is entered, and removed from its parent when it was read through. To bound descriptors,
 * a chain deeper than MAX_OPEN is shortened by moving the deep folder up to the top.
 */
enum { MAX_OPEN = 64 };

struct level {
	DIR *dir;
	char *name; /* in the folder above */
};

static int open_level(int dirfd, const char *name, struct level *out)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) < 0)
		(void)fchmod(fd, 0700);
	out->dir = fdopendir(fd);
	if (!out->dir) {
		close(fd);
		return -1;
	}
	out->name = keg_strdup(name);
	return 0;
}

static void close_level(struct level *level)
{
	closedir(level->dir);
	free(level->name);
}

/* 1: removed or gone; 0: a folder that must be entered; -1: errno. */
static int unlink_entry(int dirfd, const char *name, unsigned char type)
{
	if (type != DT_DIR && (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT))
		return 1;
	if (type != DT_DIR && errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 1;
	return errno == ENOTEMPTY || errno == EEXIST || errno == EACCES ? 0 : -1;
}

static int empty_level(struct level *levels, size_t *n, struct keg_err *err)
{
	struct level *top = &levels[*n - 1];
	struct dirent *entry;

	while (errno = 0, (entry = readdir(top->dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;

		int done = unlink_entry(dirfd(top->dir), entry->d_name, entry->d_type);
		if (done < 0)
			return keg_fail_sys(err, errno, "remove %s", entry->d_name);
		if (done > 0)
			continue;
		if (*n == MAX_OPEN) {
			/* Too deep: hang this folder beside its great-grandparents instead. */
			char id[KEG_ID_LEN + 1];

			keg_random_id(id);
			if (renameat(dirfd(top->dir), entry->d_name, dirfd(levels[0].dir), id) < 0)
				return keg_fail_sys(err, errno, "move %s", entry->d_name);
			rewinddir(levels[0].dir);
			continue;
		}
		if (open_level(dirfd(top->dir), entry->d_name, &levels[*n]) < 0)
			return keg_fail_sys(err, errno, "open folder %s", entry->d_name);
		(*n)++;
		return 0;
	}
	if (errno)
		return keg_fail_sys(err, errno, "read folder %s", top->name);
	return 1;
}

int keg_remove_tree(int dirfd_, const char *path, struct keg_err *err)
{
	struct level levels[MAX_OPEN];
	size_t n = 0;
	int r = unlink_entry(dirfd_, path, DT_UNKNOWN);

	if (r > 0 || (r < 0 && errno == ENOTDIR))
		return 0;
	if (r < 0)
		return keg_fail_sys(err, errno, "remove %s", path);
	if (open_level(dirfd_, path, &levels[0]) < 0)
		return keg_fail_sys(err, errno, "open folder %s", path);
	n = 1;
	while (n > 0 && (r = empty_level(levels, &n, err)) >= 0) {
		if (r == 0)
			continue;

		int above = n > 1 ? dirfd(levels[n - 2].dir) : dirfd_;
		const char *name = n > 1 ? levels[n - 1].name : path;
		if (unlinkat(above, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
			if (errno == ENOTEMPTY) { /* filled again, or moved up to the top */
				rewinddir(levels[n - 1].dir);
				continue;
			}
			r = keg_fail_sys(err, errno, "remove folder %s", name);
			break;
		}
		close_level(&levels[--n]);
		r = 0;
	}
	while (n > 0)
		close_level(&levels[--n]);
	return r < 0 ? keg_wrap(err, "remove %s", path) : 0;
}

int keg_readlink(int dirfd, const char *path, char **out, struct keg_err *err)
{
	for (size_t room = 256;; room *= 2) {
		autofree char *text = keg_alloc(room, 1);
		ssize_t len = readlinkat(dirfd, path, text, room);

		if (len < 0)
			return keg_fail_sys(err, errno, "read link %s", path);
		if ((size_t)len < room) {
			text[len] = '\0';
			*out = take_ptr(&text);
			return 0;
		}
	}
}

bool keg_exists(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

char *keg_path_join(const char *a, const char *b)
{
	size_t len = strlen(a);

	while (len > 1 && a[len - 1] == '/')
		len--;
	while (*b == '/')
		b++;
	return keg_printf("%.*s%s%s", (int)len, a, len == 0 || a[len - 1] == '/' ? "" : "/", b);
}

const char *keg_path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *keg_path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return keg_strdup(".");
	while (slash > path && slash[-1] == '/')
		slash--;
	return slash == path ? keg_strdup("/") : keg_strndup(path, (size_t)(slash - path));
}

/* The length without the last component; what is below `least` stays. */
static size_t drop_last(const char *path, size_t len, size_t least)
{
	while (len > least && path[len - 1] != '/')
		len--;
	return len > least ? len - 1 : len;
}

char *keg_path_clean(const char *path)
{
	const size_t start = *path == '/';
	char *out = keg_alloc(strlen(path) + sizeof ".", 1);
	size_t len = start, least = start; /* leading ".." that nothing takes away */

	out[0] = '/';
	for (size_t part; *path; path += part + (path[part] == '/')) {
		part = strcspn(path, "/");
		const bool up = part == 2 && path[0] == '.' && path[1] == '.';

		if (part == 0 || (part == 1 && path[0] == '.'))
			continue;
		if (up && (len > least || start)) {
			len = drop_last(out, len, least);
			continue;
		}
		if (len > start)
			out[len++] = '/';
		memcpy(out + len, path, part);
		len += part;
		if (up)
			least = len;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

int keg_path_absolute(const char *path, char **out, struct keg_err *err)
{
	autofree char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);

	if (path[0] != '/' && !here)
		return keg_fail_sys(err, errno, "find the current folder");
	autofree char *joined = here ? keg_path_join(here, path) : keg_strdup(path);
	*out = keg_path_clean(joined);
	return 0;
}
