/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters in files: a header, the instructions, and the key that they were compiled
 * for. The name of the file is only a hash to find it by; the key is compared in full, so
 * that nobody gains by a collision.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "base/mem.h"
#include "os/seccomp.h"

#define MAGIC "KEGBPF2\n"

enum { KEY_MAX = 1 << 20, ENTRIES_MAX = 256, NAME_MAX_LEN = 24 };

struct header {
	char magic[8];
	uint32_t compiler, arch; /* other ones give other instructions */
	uint32_t flags, notify, n_insns, key_len;
};

enum {
	FILE_SIZE_MAX = sizeof(struct header) + BPF_MAXINSNS * sizeof(struct sock_filter) + KEY_MAX
};

static uint32_t compiler(void)
{
	const struct scmp_version *version = seccomp_version();

	return version->major << 16 | version->minor << 8 | version->micro;
}

/* FNV-1a */
static uint64_t add_to_hash(uint64_t hash, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3u;
	return hash;
}

/* With the format in it: programs of two versions do not take turns in spoiling one file. */
static void name_of(const void *key, size_t len, char out[NAME_MAX_LEN])
{
	uint64_t hash =
		add_to_hash(0xcbf29ce484222325u, (const unsigned char *)MAGIC, sizeof MAGIC - 1);

	hash = add_to_hash(hash, key, len);
	keg_format(out, NAME_MAX_LEN, "%016" PRIx64 ".bpf", hash);
}

/* Ours or root's, and nobody else writes it. */
static bool trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int open_cache(const char *cache)
{
	struct stat st;
	autofd int dir = open(cache, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || fstat(dir, &st) < 0 || !trusted(&st))
		return -1;
	return take_fd(&dir);
}

/* The bytes of a trusted file, *size of them; NULL and *why when it is none. */
static void *read_trusted(int fd, size_t *size, const char **why)
{
	struct stat st;

	*why = "is not a regular file of ours that nobody else can write";
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !trusted(&st))
		return NULL;
	*why = "has the wrong size";
	if (st.st_size < (off_t)sizeof(struct header) || st.st_size > FILE_SIZE_MAX)
		return NULL;

	autofree char *bytes = keg_alloc(1, (size_t)st.st_size);
	*size = (size_t)st.st_size;
	if (pread(fd, bytes, *size, 0) != (ssize_t)*size)
		return NULL;
	return take_ptr(&bytes);
}

/* The parts of a file; false when they do not fill it exactly. */
static bool split(void *bytes, size_t size, struct seccomp_filter *out, const char **key,
		  size_t *key_len)
{
	const struct header *header = bytes;
	struct sock_filter *insns = (struct sock_filter *)((char *)bytes + sizeof *header);

	if (memcmp(header->magic, MAGIC, sizeof header->magic) != 0 ||
	    header->compiler != compiler() || header->arch != seccomp_arch_native() ||
	    header->n_insns == 0 || header->n_insns > BPF_MAXINSNS || header->key_len > KEY_MAX ||
	    size != sizeof *header + header->n_insns * sizeof *insns + header->key_len)
		return false;
	*out = (struct seccomp_filter){
		.insns = insns,
		.n_insns = header->n_insns,
		.flags = header->flags,
		.notify = header->notify,
		.memory = bytes,
	};
	*key = (const char *)(insns + header->n_insns);
	*key_len = header->key_len;
	return true;
}

int seccomp_filter_find(const char *cache, const void *key, size_t key_len,
			struct seccomp_filter *out)
{
	char name[NAME_MAX_LEN];
	const char *why, *stored;
	size_t size, stored_len;
	struct seccomp_filter found;
	autofd int dir = open_cache(cache);

	if (dir < 0)
		return 0;
	name_of(key, key_len, name);

	autofd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	autofree void *bytes = fd < 0 ? NULL : read_trusted(fd, &size, &why);
	if (!bytes || !split(bytes, size, &found, &stored, &stored_len) || stored_len != key_len ||
	    memcmp(stored, key, key_len) != 0)
		return 0;
	*out = found;
	(void)take_ptr(&bytes);
	return 1;
}

int seccomp_filter_place(const char *cache, const void *key, size_t key_len, char **path)
{
	auto(seccomp_filter) filter = { 0 };
	char name[NAME_MAX_LEN];

	if (!seccomp_filter_find(cache, key, key_len, &filter))
		return 0;
	name_of(key, key_len, name);
	*path = keg_path_join(cache, name);
	return 1;
}

int seccomp_filter_read(int fd, struct seccomp_filter *out, struct keg_err *err)
{
	const char *why, *key;
	size_t size, key_len;
	autofree void *bytes = read_trusted(fd, &size, &why);

	if (!bytes)
		return keg_fail(err, KEG_EDENIED, "the compiled seccomp filter %s", why);
	if (!split(bytes, size, out, &key, &key_len))
		return keg_fail(err, KEG_ECORRUPT, "the compiled seccomp filter is malformed");
	(void)take_ptr(&bytes);
	return 0;
}

void seccomp_filter_format(const struct seccomp_filter *filter, const void *key, size_t key_len,
			   struct keg_buf *out)
{
	struct header header = {
		.compiler = compiler(),
		.arch = seccomp_arch_native(),
		.flags = filter->flags,
		.notify = filter->notify,
		.n_insns = (uint32_t)filter->n_insns,
		.key_len = (uint32_t)key_len,
	};

	memcpy(header.magic, MAGIC, sizeof header.magic);
	keg_buf_add(out, &header, sizeof header);
	keg_buf_add(out, filter->insns, filter->n_insns * sizeof *filter->insns);
	keg_buf_add(out, key, key_len);
}

/* Profiles that differ from container to container must not fill the memory that /run is. */
static void make_room(int dir)
{
	size_t n = 0;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autodir list = fd < 0 ? NULL : fdopendir(fd);

	while (list && readdir(list))
		n++;
	if (n < ENTRIES_MAX)
		return;
	rewinddir(list);
	for (struct dirent *entry; (entry = readdir(list));) {
		if (entry->d_name[0] != '.')
			(void)unlinkat(dir, entry->d_name, 0);
	}
}

void seccomp_filter_keep(const char *cache, const void *key, size_t key_len,
			 const struct seccomp_filter *filter)
{
	struct keg_err ignored;
	char name[NAME_MAX_LEN];
	auto(keg_buf) bytes = { 0 };

	if (key_len > KEY_MAX || keg_mkdirs(AT_FDCWD, cache, 0700, &ignored) < 0)
		return;

	autofd int dir = open_cache(cache);
	if (dir < 0)
		return;
	make_room(dir);
	name_of(key, key_len, name);
	seccomp_filter_format(filter, key, key_len, &bytes);
	if (keg_file_write(dir, name, bytes.data, bytes.len, 0600, 0, &ignored) < 0)
		return; /* then it is compiled again next time */
}

/* --- profiles as keys -------------------------------------------------------------------- */

/* With its end, so that no two profiles give the same bytes. */
static void add_text(struct keg_buf *key, const char *text)
{
	if (text)
		keg_buf_puts(key, text);
	keg_buf_putc(key, '\0');
}

static void add_number(struct keg_buf *key, uint64_t number)
{
	keg_buf_add(key, &number, sizeof number);
}

/* 0 is a value too. */
static void add_optional(struct keg_buf *key, const uint32_t *number)
{
	add_number(key, number ? (uint64_t)*number + 1 : 0);
}

static void add_texts(struct keg_buf *key, const char *const *texts, size_t n)
{
	add_number(key, n);
	for (size_t i = 0; i < n; i++)
		add_text(key, texts[i]);
}

/* All that determines the instructions, but for what every file says in its header. */
static void key_of(const struct seccomp_profile *profile, struct keg_buf *key)
{
	add_text(key, profile->default_action);
	add_optional(key, profile->default_errno_ret);
	add_texts(key, profile->architectures, profile->n_architectures);
	add_texts(key, profile->flags, profile->n_flags);
	add_number(key, profile->n_rules);
	for (size_t i = 0; i < profile->n_rules; i++) {
		const struct seccomp_rule *rule = &profile->rules[i];

		add_text(key, rule->action);
		add_optional(key, rule->errno_ret);
		add_texts(key, rule->names, rule->n_names);
		add_number(key, rule->n_args);
		for (size_t j = 0; j < rule->n_args; j++) {
			add_number(key, rule->args[j].index);
			add_number(key, rule->args[j].value);
			add_number(key, rule->args[j].value_two);
			add_text(key, rule->args[j].op);
		}
	}
}

int seccomp_filter_get(const struct seccomp_profile *profile, const char *cache,
		       struct seccomp_filter *out, struct keg_err *err)
{
	auto(keg_buf) key = { 0 };
	int r;

	if (cache) {
		key_of(profile, &key);
		if (seccomp_filter_find(cache, key.data, key.len, out))
			return 0;
	}
	r = seccomp_filter_compile(profile, out, err);
	if (r >= 0 && cache)
		seccomp_filter_keep(cache, key.data, key.len, out);
	return r;
}
