/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_meta.h"

#include <string.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/strv.h"

void tar_meta_reset(struct tar_meta *meta)
{
	struct tar_extents extents = meta->extents;

	keg_arena_done(&meta->arena);
	extents.n = 0;
	*meta = (struct tar_meta){ .extents = extents };
}

void tar_meta_done(struct tar_meta *meta)
{
	keg_arena_done(&meta->arena);
	free(meta->extents.list);
}

int tar_extents_add(struct tar_extents *extents, uint64_t at, uint64_t len, struct keg_err *err)
{
	if (extents->n == TAR_SPARSE_MAX)
		return keg_fail(err, KEG_ECORRUPT, "sparse file of more than %d extents",
				TAR_SPARSE_MAX);
	extents->list = keg_grow(extents->list, extents->n, &extents->room, sizeof *extents->list);
	extents->list[extents->n++] = (struct tar_extent){ at, len };
	return 0;
}

int tar_extents_check(struct tar_extents *extents, uint64_t size, uint64_t stored,
		      struct keg_err *err)
{
	uint64_t end = 0, sum = 0;
	size_t kept = 0;

	for (size_t i = 0; i < extents->n; i++) {
		const struct tar_extent e = extents->list[i];

		if (e.at < end || e.at > size || e.len > size - e.at)
			return keg_fail(err, KEG_ECORRUPT, "malformed map of a sparse file");
		end = e.at + e.len;
		sum += e.len;
		if (e.len > 0)
			extents->list[kept++] = e;
	}
	extents->n = kept;
	if (sum != stored)
		return keg_fail(err, KEG_ECORRUPT, "sparse file maps %llu bytes and stores %llu",
				(unsigned long long)sum, (unsigned long long)stored);
	return 0;
}

/* A record's value is not NUL-terminated in the header; here it is. */
struct record {
	const char *key, *value;
	size_t len;
};

static int natural(const struct record *rec, uint64_t most, uint64_t *out, struct keg_err *err)
{
	struct keg_err ignored;
	uint64_t value;

	if (strlen(rec->value) != rec->len || keg_parse_u64(rec->value, &value, &ignored) < 0 ||
	    value > most)
		return keg_fail(err, KEG_ECORRUPT, "pax header: malformed %s", rec->key);
	*out = value;
	return 0;
}

static int owner(const struct record *rec, bool *has, uint32_t *out, struct keg_err *err)
{
	uint64_t value = 0;
	int r = natural(rec, TAR_ID_MAX, &value, err);

	*has = true;
	*out = (uint32_t)value;
	return r;
}

static int set_uid(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	return owner(rec, &meta->has_uid, &meta->uid, err);
}

static int set_gid(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	return owner(rec, &meta->has_gid, &meta->gid, err);
}

static int set_size(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	meta->has_size = true;
	return natural(rec, INT64_MAX, &meta->size, err);
}

/* Seconds with any number of decimals, perhaps negative. */
static int time_of(const struct record *rec, struct timespec *out, struct keg_err *err)
{
	struct keg_err ignored;
	autofree char *seconds = keg_strdup(rec->value);
	char *point = strchr(seconds, '.');
	int64_t whole;
	long nanos = 0;

	if (point)
		*point++ = '\0';
	size_t digits = point ? strspn(point, "0123456789") : 0;
	if (strlen(rec->value) != rec->len || keg_parse_i64(seconds, &whole, &ignored) < 0 ||
	    (point && point[digits]))
		return keg_fail(err, KEG_ECORRUPT, "pax header: malformed %s", rec->key);
	for (size_t i = 0; i < 9; i++)
		nanos = 10 * nanos + (i < digits ? point[i] - '0' : 0);
	if (seconds[0] == '-' && nanos > 0) {
		whole--;
		nanos = 1000000000 - nanos;
	}
	*out = (struct timespec){ .tv_sec = whole, .tv_nsec = nanos };
	return 0;
}

static int set_mtime(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	meta->has_mtime = true;
	return time_of(rec, &meta->mtime, err);
}

/* Nothing is done with these two: what is wrong with them is nobody's concern. */
static int set_atime(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	(void)!time_of(rec, &meta->atime, err);
	return 0;
}

static int set_ctime(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	(void)!time_of(rec, &meta->ctime, err);
	return 0;
}

static int text(struct tar_meta *meta, const struct record *rec, const char **out,
		struct keg_err *err)
{
	if (strlen(rec->value) != rec->len)
		return keg_fail(err, KEG_ECORRUPT, "pax header: %s holds a NUL", rec->key);
	*out = keg_arena_strndup(&meta->arena, rec->value, rec->len);
	return 0;
}

static int set_path(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	return text(meta, rec, &meta->path, err);
}

static int set_link(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	return text(meta, rec, &meta->link, err);
}

static int set_real_path(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	return text(meta, rec, &meta->real_path, err);
}

static int set_real_size(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	meta->has_real_size = true;
	meta->sparse = true;
	return natural(rec, INT64_MAX, &meta->real_size, err);
}

static int set_sparse_major(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	uint64_t major = 0;
	int r = natural(rec, 1, &major, err);

	meta->sparse = true;
	meta->map_in_data = major == 1;
	return r;
}

static int add_offset(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	uint64_t at = 0;
	int r = natural(rec, INT64_MAX, &at, err);

	if (r < 0)
		return r;
	if (meta->offset_pending)
		return keg_fail(err, KEG_ECORRUPT, "pax header: sparse offset without a length");
	meta->offset_pending = true;
	meta->sparse = true;
	return tar_extents_add(&meta->extents, at, 0, err);
}

static int add_length(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	if (!meta->offset_pending)
		return keg_fail(err, KEG_ECORRUPT, "pax header: sparse length without an offset");
	meta->offset_pending = false;
	return natural(rec, INT64_MAX, &meta->extents.list[meta->extents.n - 1].len, err);
}

/* "offset,length,offset,length,..." */
static int set_map(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	autofree char *copy = keg_strndup(rec->value, rec->len);
	char *rest = copy, *word;
	uint64_t pair[2];
	size_t n = 0;

	meta->sparse = true;
	meta->extents.n = 0;
	while (*copy && (word = strsep(&rest, ",")) != NULL) {
		struct record number = { rec->key, word, strlen(word) };
		int r = natural(&number, INT64_MAX, &pair[n++ % 2], err);

		if (r >= 0 && n % 2 == 0)
			r = tar_extents_add(&meta->extents, pair[0], pair[1], err);
		if (r < 0)
			return r;
	}
	if (n % 2)
		return keg_fail(err, KEG_ECORRUPT, "pax header: %s ends in the middle", rec->key);
	return 0;
}

static const struct keyword {
	const char *key;
	int (*set)(struct tar_meta *meta, const struct record *rec, struct keg_err *err);
} keywords[] = {
	{ "GNU.sparse.major", set_sparse_major },
	{ "GNU.sparse.map", set_map },
	{ "GNU.sparse.name", set_real_path },
	{ "GNU.sparse.numbytes", add_length },
	{ "GNU.sparse.offset", add_offset },
	{ "GNU.sparse.realsize", set_real_size },
	{ "GNU.sparse.size", set_real_size },
	{ "atime", set_atime },
	{ "ctime", set_ctime },
	{ "gid", set_gid },
	{ "linkpath", set_link },
	{ "mtime", set_mtime },
	{ "path", set_path },
	{ "size", set_size },
	{ "uid", set_uid },
};

static int put_xattr(struct tar_meta *meta, const char *name, const char *value, size_t len,
		     bool override, struct keg_err *err)
{
	struct tar_xattr *slot = NULL;

	if (!*name)
		return keg_fail(err, KEG_ECORRUPT, "pax header: attribute without a name");
	for (size_t i = 0; i < meta->n_xattrs && !slot; i++) {
		if (strcmp(meta->xattrs[i].name, name) == 0)
			slot = &meta->xattrs[i];
	}
	if (slot && !override)
		return 0;
	if (!slot) {
		if (meta->n_xattrs == TAR_XATTRS_MAX)
			return keg_fail(err, KEG_ECORRUPT, "more than %d attributes",
					TAR_XATTRS_MAX);
		if (meta->n_xattrs == meta->room_xattrs) {
			size_t room = meta->room_xattrs ? 2 * meta->room_xattrs : 8;
			struct tar_xattr *more = keg_arena_alloc(&meta->arena, room, sizeof *more);

			if (meta->n_xattrs)
				memcpy(more, meta->xattrs, meta->n_xattrs * sizeof *more);
			meta->xattrs = more;
			meta->room_xattrs = room;
		}
		slot = &meta->xattrs[meta->n_xattrs++];
		slot->name = keg_arena_strdup(&meta->arena, name);
	}
	char *copy = keg_arena_alloc(&meta->arena, len + 1, 1);
	if (len)
		memcpy(copy, value, len);
	slot->value = copy;
	slot->len = len;
	slot->schily = override;
	return 0;
}

/* libarchive writes the name with %XX and the value in base64 without padding. */
static int put_libarchive(struct tar_meta *meta, const char *name, const struct record *rec,
			  struct keg_err *err)
{
	struct keg_err ignored;
	auto(keg_buf) plain = { 0 };
	auto(keg_buf) padded = { 0 };
	autofree void *value = NULL;
	size_t len;

	for (const char *c = name; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		char pair[3] = { 0 };

		if (*c == '%') {
			memcpy(pair, c + 1, strnlen(c + 1, 2));
			if (keg_unhex(&byte, 1, pair, &ignored) < 0 || byte == 0)
				return keg_fail(err, KEG_ECORRUPT, "pax header: malformed %.100s",
						rec->key);
			c += 2;
		}
		keg_buf_putc(&plain, (char)byte);
	}
	keg_buf_add(&padded, rec->value, rec->len);
	while (padded.len % 4)
		keg_buf_putc(&padded, '=');
	if (keg_unbase64(keg_buf_text(&padded), &value, &len, &ignored) < 0)
		return keg_fail(err, KEG_ECORRUPT, "pax header: malformed %.100s", rec->key);
	return put_xattr(meta, keg_buf_text(&plain), value, len, false, err);
}

static int apply(struct tar_meta *meta, const struct record *rec, struct keg_err *err)
{
	const char *name;

	for (size_t i = 0; i < KEG_COUNT(keywords); i++) {
		/* An empty value takes back what an earlier header said: nothing, here. */
		if (strcmp(keywords[i].key, rec->key) == 0)
			return rec->len ? keywords[i].set(meta, rec, err) : 0;
	}
	if ((name = keg_str_after(rec->key, "SCHILY.xattr.")))
		return put_xattr(meta, name, rec->value, rec->len, true, err);
	if ((name = keg_str_after(rec->key, "LIBARCHIVE.xattr.")))
		return put_libarchive(meta, name, rec, err);
	return 0;
}

/* "LENGTH KEY=VALUE\n", LENGTH being that of all of it. Returns it, or 0 when malformed. */
static size_t record_length(const char *at, size_t left)
{
	size_t len = 0, i = 0;

	for (; i < left && at[i] >= '0' && at[i] <= '9'; i++) {
		len = 10 * len + (size_t)(at[i] - '0');
		if (len > TAR_META_MAX)
			return 0;
	}
	if (i == 0 || i == left || at[i] != ' ' || len > left || len < i + 3 || at[len - 1] != '\n')
		return 0;
	return len;
}

int tar_meta_pax(struct tar_meta *meta, const char *records, size_t len, struct keg_err *err)
{
	autofree char *copy = keg_alloc(len + 1, 1);

	memcpy(copy, records, len);
	for (char *at = copy; len > 0;) {
		size_t whole = record_length(at, len);
		char *key = whole ? (char *)memchr(at, ' ', whole) + 1 : NULL;
		char *equals = whole ? memchr(key, '=', (size_t)(at + whole - key)) : NULL;

		if (!equals || equals == key)
			return keg_fail(err, KEG_ECORRUPT, "malformed record in a pax header");
		*equals = '\0';
		at[whole - 1] = '\0';
		if (strlen(key) != (size_t)(equals - key))
			return keg_fail(err, KEG_ECORRUPT, "pax header: a key holds a NUL");

		struct record rec = { key, equals + 1, (size_t)(at + whole - 1 - (equals + 1)) };
		int r = apply(meta, &rec, err);
		if (r < 0)
			return r;
		at += whole;
		len -= whole;
	}
	return 0;
}
