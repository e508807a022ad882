/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fact is a line: "at DIGEST HOST/PATH" or "as PLAIN PACKED HOW". What is no such line is passed
 * over: the end that a crash cut off, say, or what a later version adds.
 */
#include "registry/blob_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/mem.h"
#include "spec/digest.h"

enum {
	WORDS_MOST = 4,
	FACT_MOST = 1024, /* bytes of a line */
	OPEN_TRIES = 10,  /* another command replaces the file at most once in thousands */
};

/* Three words: "at", a digest, a repository and ""; or "as", two digests and how. */
struct fact {
	const char *kind, *key, *value, *how;
};

struct blob_cache {
	pthread_mutex_t lock;
	char *path; /* NULL: of a text */
	bool loaded;
	struct keg_arena arena;
	struct fact *facts; /* oldest first */
	size_t n, room;
	struct keg_buf fresh; /* lines to append */
};

static char *find_path(void)
{
	const char *named = getenv("KEG_BLOB_CACHE"), *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");

	if (!keg_str_empty(named))
		return keg_strdup(named);
	/* Root of a user namespace that an engine made is still the ordinary user. */
	if (geteuid() == 0 && !getenv("_CONTAINERS_USERNS_CONFIGURED"))
		return keg_strdup("/var/lib/containers/cache/keg-blobs");
	if (!keg_str_empty(data))
		return keg_path_join(data, "containers/cache/keg-blobs");
	return keg_printf("%s/.local/share/containers/cache/keg-blobs",
			  keg_str_empty(home) ? "" : home);
}

static struct blob_cache *new_cache(void)
{
	struct blob_cache *cache = keg_alloc(1, sizeof *cache);

	pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

struct blob_cache *blob_cache_open(void)
{
	struct blob_cache *cache = new_cache();

	cache->path = find_path();
	return cache;
}

static bool is_fact(const struct fact *fact)
{
	if (!fact->kind || !fact->key || !fact->value || !digest_is_valid(fact->key))
		return false;
	if (keg_str_eq(fact->kind, "at"))
		return strchr(fact->value, '/') && !*fact->how;
	return keg_str_eq(fact->kind, "as") && digest_is_valid(fact->value) && *fact->how;
}

static void add_fact(struct blob_cache *cache, const struct fact *fact)
{
	cache->facts = keg_grow(cache->facts, cache->n, &cache->room, sizeof *cache->facts);
	cache->facts[cache->n++] = *fact;
}

static void read_line(struct blob_cache *cache, const char *line, size_t len)
{
	char *words[WORDS_MOST] = { NULL, NULL, NULL, NULL };
	size_t n = 0;

	if (len > FACT_MOST)
		return;
	char *rest = keg_arena_strndup(&cache->arena, line, len);
	for (char *word; n < WORDS_MOST && (word = strsep(&rest, " "));)
		words[n++] = word;
	const struct fact fact = { words[0], words[1], words[2], words[3] ? words[3] : "" };
	if (!rest && is_fact(&fact))
		add_fact(cache, &fact);
}

static void read_text(struct blob_cache *cache, const char *text, size_t len)
{
	for (const char *end; len > 0 && (end = memchr(text, '\n', len));) {
		read_line(cache, text, (size_t)(end - text));
		len -= (size_t)(end + 1 - text);
		text = end + 1;
	}
}

struct blob_cache *blob_cache_of_text(const char *text, size_t len)
{
	struct blob_cache *cache = new_cache();

	cache->loaded = true;
	read_text(cache, text, len);
	return cache;
}

static void load(struct blob_cache *cache)
{
	auto(keg_buf) text = { 0 };
	struct keg_err err;

	if (cache->loaded)
		return;
	cache->loaded = true;
	int r = keg_file_read(AT_FDCWD, cache->path, 2 * (size_t)BLOB_CACHE_BYTES_MOST, &text,
			      &err);
	if (r < 0 && r != -KEG_ENOTFOUND)
		keg_debug("%s", err.msg);
	else if (r >= 0)
		read_text(cache, text.data, text.len);
}

static bool is_known(const struct blob_cache *cache, const struct fact *fact)
{
	for (size_t i = 0; i < cache->n; i++) {
		const struct fact *has = &cache->facts[i];

		if (keg_str_eq(has->key, fact->key) && keg_str_eq(has->value, fact->value) &&
		    keg_str_eq(has->kind, fact->kind))
			return true;
	}
	return false;
}

static void learn(struct blob_cache *cache, const char *kind, const char *key, const char *value,
		  const char *how)
{
	pthread_mutex_lock(&cache->lock);
	load(cache);
	const struct fact fact = {
		kind,
		keg_arena_strdup(&cache->arena, key),
		keg_arena_strdup(&cache->arena, value),
		keg_arena_strdup(&cache->arena, how),
	};
	if (is_fact(&fact) && !is_known(cache, &fact)) {
		add_fact(cache, &fact);
		keg_buf_printf(&cache->fresh, "%s %s %s%s%s\n", kind, key, value, *how ? " " : "",
			       how);
	}
	pthread_mutex_unlock(&cache->lock);
}

void blob_cache_saw(struct blob_cache *cache, const char *repository, const char *digest)
{
	learn(cache, "at", digest, repository, "");
}

void blob_cache_packed(struct blob_cache *cache, const char *plain, const char *packed,
		       const char *how)
{
	learn(cache, "as", plain, packed, how);
}

void blob_cache_find_repos(struct blob_cache *cache, const char *host, const char *digest,
			   size_t most, struct keg_strv *out)
{
	size_t len = strlen(host);

	pthread_mutex_lock(&cache->lock);
	load(cache);
	for (size_t i = cache->n; i-- > 0 && most > 0;) {
		const struct fact *fact = &cache->facts[i];

		if (!keg_str_eq(fact->key, digest) || !keg_str_eq(fact->kind, "at") ||
		    !keg_str_starts(fact->value, host) || fact->value[len] != '/')
			continue;
		keg_strv_add(out, fact->value + len + 1);
		most--;
	}
	pthread_mutex_unlock(&cache->lock);
}

void blob_cache_find_packed(struct blob_cache *cache, const char *plain, const char *how,
			    size_t most, struct keg_strv *out)
{
	pthread_mutex_lock(&cache->lock);
	load(cache);
	for (size_t i = cache->n; i-- > 0 && most > 0;) {
		const struct fact *fact = &cache->facts[i];

		if (!keg_str_eq(fact->key, plain) || !keg_str_eq(fact->kind, "as") ||
		    !keg_str_eq(fact->how, how))
			continue;
		keg_strv_add(out, fact->value);
		most--;
	}
	pthread_mutex_unlock(&cache->lock);
}

/* The file with its lock, which counts only while the file has its name. */
static int open_locked(const char *path, struct keg_err *err)
{
	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		struct stat opened, named;
		autofd int fd = keg_open_at(AT_FDCWD, path, O_RDWR | O_CREAT | O_APPEND, 0600, err);

		if (fd < 0)
			return fd;
		int r = keg_lock_flock(fd, KEG_LOCK_EXCLUSIVE, err);
		if (r < 0)
			return r;
		if (fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
		    opened.st_dev == named.st_dev && opened.st_ino == named.st_ino)
			return take_fd(&fd);
	}
	return keg_fail(err, KEG_EBUSY, "%s is replaced all the time", path);
}

/* The newer half of the file and what is new become the file. */
static int start_anew(const struct blob_cache *cache, int fd, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	int r = keg_fd_read_all(fd, 2 * (size_t)BLOB_CACHE_BYTES_MOST, &text, err);
	if (r < 0)
		keg_buf_cut(&text, 0);
	keg_buf_add(&text, cache->fresh.data, cache->fresh.len);
	const char *half = text.data + text.len / 2;
	const char *from = memchr(half, '\n', text.len - text.len / 2);
	if (!from)
		return 0;
	return keg_file_write(AT_FDCWD, cache->path, from + 1,
			      text.len - (size_t)(from + 1 - text.data), 0600, 0, err);
}

static int save(const struct blob_cache *cache, struct keg_err *err)
{
	struct stat st;
	autofree char *dir = keg_path_dir(cache->path);

	int r = keg_mkdirs(AT_FDCWD, dir, 0700, err);
	if (r < 0)
		return r;
	autofd int fd = open_locked(cache->path, err);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return keg_fail_sys(err, errno, "%s", cache->path);
	if ((uint64_t)st.st_size + cache->fresh.len > BLOB_CACHE_BYTES_MOST)
		return start_anew(cache, fd, err);
	return keg_write_all(fd, cache->fresh.data, cache->fresh.len, err);
}

void blob_cache_close(struct blob_cache *cache)
{
	struct keg_err err;

	if (cache->path && cache->fresh.len > 0 && save(cache, &err) < 0)
		keg_debug("%s", err.msg);
	pthread_mutex_destroy(&cache->lock);
	keg_buf_done(&cache->fresh);
	keg_arena_done(&cache->arena);
	free(cache->facts);
	free(cache->path);
	free(cache);
}
