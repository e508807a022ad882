/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_writer.h"

#include <stdlib.h>
#include <string.h>

#include "archive/tar_header.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"

struct tar_writer {
	struct stream_out *out;
	bool subsecond_times;
	uint64_t left, padding; /* of the current member's content */
};

static const char zeros[2 * TAR_BLOCK];

struct tar_writer *tar_writer_new(struct stream_out *out, bool subsecond_times)
{
	struct tar_writer *self = keg_alloc(1, sizeof *self);

	self->out = out;
	self->subsecond_times = subsecond_times;
	return self;
}

void tar_writer_free(struct tar_writer *self)
{
	free(self);
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits too. */
static void add_record(struct keg_buf *pax, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(key) + len + 3, whole = rest + 1;

	while ((size_t)snprintf(NULL, 0, "%zu", whole) + rest != whole)
		whole++;
	keg_buf_printf(pax, "%zu %s=", whole, key);
	keg_buf_add(pax, value, len);
	keg_buf_putc(pax, '\n');
}

static void add_text(struct keg_buf *pax, const char *key, const char *text)
{
	add_record(pax, key, text, strlen(text));
}

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if (*text & 0x80)
			return false;
	}
	return true;
}

/* ustar splits a long name at a slash. Returns false when it cannot be split so. */
static bool put_name(struct tar_block *block, const char *name)
{
	size_t len = strlen(name);

	if (len <= sizeof block->name) {
		memcpy(block->name, name, len);
		return true;
	}
	for (size_t at = len - sizeof block->name - 1; at <= sizeof block->prefix && at < len - 1;
	     at++) {
		if (name[at] == '/' && at > 0) {
			memcpy(block->prefix, name, at);
			memcpy(block->name, name + at + 1, len - at - 1);
			return true;
		}
	}
	memcpy(block->name, name, sizeof block->name);
	return false;
}

/* Octal with a NUL behind it; false when it does not fit. */
static bool put_octal(char *field, size_t len, uint64_t value)
{
	for (size_t i = len - 1; i-- > 0;) {
		field[i] = (char)('0' + (value & 7));
		value >>= 3;
	}
	return value == 0;
}

static void put_id(struct keg_buf *pax, char field[8], const char *key, uint32_t id)
{
	if (!put_octal(field, 8, id)) {
		autofree char *text = keg_printf("%u", id);

		put_octal(field, 8, 0);
		add_text(pax, key, text);
	}
}

static void put_time(struct keg_buf *pax, struct tar_block *block, struct timespec t, bool exact)
{
	long nanos = exact ? t.tv_nsec : 0;
	bool fits =
		t.tv_sec >= 0 && put_octal(block->mtime, sizeof block->mtime, (uint64_t)t.tv_sec);

	if (!fits)
		put_octal(block->mtime, sizeof block->mtime, 0);
	if (fits && nanos == 0)
		return;

	/* What is before 1970 counts down: -1.5 is half a second after -2. */
	bool negative = t.tv_sec < 0 && nanos > 0;
	long long whole = (long long)t.tv_sec + negative;
	autofree char *text = keg_printf("%s%lld.%09ld", negative && whole == 0 ? "-" : "", whole,
					 negative ? 1000000000 - nanos : nanos);
	size_t len = strlen(text);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	add_record(pax, "mtime", text, len);
}

static int put_size(struct keg_buf *pax, struct tar_block *block, uint64_t size)
{
	if (put_octal(block->size, sizeof block->size, size))
		return 0;
	autofree char *text = keg_printf("%llu", (unsigned long long)size);
	put_octal(block->size, sizeof block->size, 0);
	add_text(pax, "size", text);
	return 0;
}

static int compare_xattrs(const void *a, const void *b)
{
	const struct tar_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void add_xattrs(struct keg_buf *pax, const struct tar_entry *entry)
{
	if (entry->n_xattrs == 0)
		return;

	autofree struct tar_xattr *sorted =
		keg_memdup(entry->xattrs, entry->n_xattrs * sizeof *sorted);
	qsort(sorted, entry->n_xattrs, sizeof *sorted, compare_xattrs);
	for (size_t i = 0; i < entry->n_xattrs; i++) {
		autofree char *key = keg_printf("SCHILY.xattr.%s", sorted[i].name);

		add_record(pax, key, sorted[i].value, sorted[i].len);
	}
}

static void seal(struct tar_block *block)
{
	memcpy(block->magic, "ustar", 6);
	memcpy(block->version, "00", 2);
	snprintf(block->checksum, sizeof block->checksum, "%06o", tar_checksum(block));
	block->checksum[7] = ' ';
}

static int write_padded(struct tar_writer *self, const void *bytes, size_t len, struct keg_err *err)
{
	int r = self->out->write(self->out, bytes, len, err);

	return r < 0 ? r : self->out->write(self->out, zeros, -len & (TAR_BLOCK - 1), err);
}

static int write_pax(struct tar_writer *self, const struct keg_buf *pax, struct keg_err *err)
{
	struct tar_block block = { .type = 'x' };

	memcpy(block.name, "PaxHeaders.0/x", 14);
	put_octal(block.mode, sizeof block.mode, 0);
	put_octal(block.uid, sizeof block.uid, 0);
	put_octal(block.gid, sizeof block.gid, 0);
	put_octal(block.size, sizeof block.size, pax->len);
	put_octal(block.mtime, sizeof block.mtime, 0);
	seal(&block);
	int r = self->out->write(self->out, &block, sizeof block, err);
	return r < 0 ? r : write_padded(self, pax->data, pax->len, err);
}

/* Fill the block and collect in *pax, in the order of the keys, what it cannot hold. */
static int put_entry(struct tar_writer *self, const struct tar_entry *entry, const char *name,
		     struct tar_block *block, struct keg_buf *pax, struct keg_err *err)
{
	bool device = entry->type == TAR_CHAR || entry->type == TAR_BLOCKDEV;
	bool has_link = entry->type == TAR_HARDLINK || entry->type == TAR_SYMLINK;
	auto(keg_buf) after = { 0 };

	block->type = (char)entry->type;
	put_octal(block->mode, sizeof block->mode, entry->mode & 07777);
	if (!put_octal(block->dev_major, sizeof block->dev_major, device ? entry->dev_major : 0) ||
	    !put_octal(block->dev_minor, sizeof block->dev_minor, device ? entry->dev_minor : 0))
		return keg_fail(err, KEG_EUNSUPPORTED, "device %u:%u does not fit in a tar",
				entry->dev_major, entry->dev_minor);

	add_xattrs(pax, entry);
	put_id(pax, block->gid, "gid", entry->gid);
	if (has_link) {
		size_t len = strlen(entry->link), room = sizeof block->link;

		memcpy(block->link, entry->link, len < room ? len : room);
		if (len > room || !is_ascii(entry->link))
			add_text(pax, "linkpath", entry->link);
	}
	put_time(pax, block, entry->mtime, self->subsecond_times);
	put_size(&after, block, entry->type == TAR_FILE ? entry->size : 0);
	put_id(&after, block->uid, "uid", entry->uid);
	if (!put_name(block, name) || !is_ascii(name))
		add_text(pax, "path", name);
	keg_buf_add(pax, keg_buf_text(&after), after.len);
	return 0;
}

int tar_writer_add(struct tar_writer *self, const struct tar_entry *entry, struct keg_err *err)
{
	struct tar_block block = { 0 };
	auto(keg_buf) pax = { 0 };
	bool slash = entry->type == TAR_DIR && !keg_str_ends(entry->name, "/");
	autofree char *name = keg_printf("%s%s", entry->name, slash ? "/" : "");

	if (self->left > 0)
		keg_bug("the content of the last member is not complete");
	int r = self->out->write(self->out, zeros, self->padding, err);
	if (r >= 0)
		r = put_entry(self, entry, name, &block, &pax, err);
	if (r >= 0 && pax.len > 0)
		r = write_pax(self, &pax, err);
	if (r < 0)
		return r;
	seal(&block);
	self->left = entry->type == TAR_FILE ? entry->size : 0;
	self->padding = -self->left & (TAR_BLOCK - 1);
	return self->out->write(self->out, &block, sizeof block, err);
}

int tar_writer_data(struct tar_writer *self, const void *bytes, size_t len, struct keg_err *err)
{
	if (len > self->left)
		keg_bug("more content than the member has");
	self->left -= len;
	return self->out->write(self->out, bytes, len, err);
}

int tar_writer_file(struct tar_writer *self, const char *name, const void *bytes, size_t len,
		    struct keg_err *err)
{
	struct tar_entry entry = { .type = TAR_FILE, .name = name, .mode = 0644, .size = len };
	int r = tar_writer_add(self, &entry, err);

	return r < 0 ? r : tar_writer_data(self, bytes, len, err);
}

int tar_writer_end(struct tar_writer *self, struct keg_err *err)
{
	if (self->left > 0)
		keg_bug("the content of the last member is not complete");
	int r = self->out->write(self->out, zeros, self->padding, err);

	self->padding = 0;
	return r < 0 ? r : self->out->write(self->out, zeros, sizeof zeros, err);
}
