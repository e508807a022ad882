/* SPDX-License-Identifier: Apache-2.0 */
/* What a stream is compressed with, and the compressing stages. */
#include "archive/compress.h"

#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <string.h>
#include <zstd.h>

#include "base/mem.h"

enum { OUT_BYTES = 128 << 10, ZSTD_DEFAULT = 3, ZSTD_MOST = 19, GZIP_MOST = 9 };

static const struct kind {
	const char *name;
	unsigned char magic[COMPRESSION_MAGIC];
	size_t n_magic;
} kinds[] = {
	[COMPRESSION_NONE] = { "none", { 0 }, 0 },
	[COMPRESSION_GZIP] = { "gzip", { 0x1f, 0x8b, 0x08 }, 3 },
	[COMPRESSION_ZSTD] = { "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4 },
	[COMPRESSION_BZIP2] = { "bzip2", { 'B', 'Z', 'h' }, 3 },
	[COMPRESSION_XZ] = { "xz", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6 },
};

enum compression compression_detect(const void *bytes, size_t len)
{
	for (size_t i = 1; i < KEG_COUNT(kinds); i++) {
		if (len >= kinds[i].n_magic && memcmp(bytes, kinds[i].magic, kinds[i].n_magic) == 0)
			return (enum compression)i;
	}
	/* A zstd stream may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F. */
	const unsigned char *b = bytes;
	if (len >= 4 && (b[0] & 0xf0) == 0x50 && b[1] == 0x2a && b[2] == 0x4d && b[3] == 0x18)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

const char *compression_name(enum compression what)
{
	return kinds[what].name;
}

struct gzip_out {
	struct stream_out out;
	struct stream_out *to;
	struct isal_zstream stream;
	uint8_t *level_buf;
	uint8_t room[OUT_BYTES];
};

/* Run the compressor until it has taken all input and (at the end) given all output. */
static int gzip_run(struct gzip_out *self, const void *bytes, size_t len, bool end,
		    struct keg_err *err)
{
	struct isal_zstream *s = &self->stream;
	const char *at = bytes;

	do {
		uint32_t part = len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)len;

		/* isa-l only reads from next_in but declares it writable. */
		s->next_in = (uint8_t *)(uintptr_t)at;
		s->avail_in = part;
		s->end_of_stream = end && part == len;
		do {
			s->next_out = self->room;
			s->avail_out = sizeof self->room;
			if (isal_deflate(s) != COMP_OK)
				return keg_fail(err, KEG_ESYSTEM, "gzip: compression failed");
			int r = self->to->write(self->to, self->room,
						sizeof self->room - s->avail_out, err);
			if (r < 0)
				return r;
		} while (s->avail_out == 0);
		at += part;
		len -= part;
	} while (len > 0);
	return 0;
}

static int gzip_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	return len ? gzip_run((struct gzip_out *)out, bytes, len, false, err) : 0;
}

static int gzip_finish(struct stream_out *out, struct keg_err *err)
{
	struct gzip_out *self = (struct gzip_out *)out;
	int r = gzip_run(self, "", 0, true, err);

	return r < 0 ? r : self->to->finish(self->to, err);
}

static void gzip_close(struct stream_out *out)
{
	struct gzip_out *self = (struct gzip_out *)out;

	stream_out_close(self->to);
	free(self->level_buf);
	free(self);
}

static struct stream_out *gzip_out_new(struct stream_out *to, int level)
{
	static const struct {
		uint32_t level, room;
	} levels[] = {
		{ 1, ISAL_DEF_LVL1_DEFAULT },
		{ 2, ISAL_DEF_LVL2_DEFAULT },
		{ 3, ISAL_DEF_LVL3_DEFAULT },
	};
	size_t at = level == 0 ? 1 : level <= 3 ? 0 : level <= 6 ? 1 : 2;
	struct gzip_out *self = keg_alloc(1, sizeof *self);

	self->out = (struct stream_out){ gzip_write, gzip_finish, gzip_close };
	self->to = to;
	self->level_buf = keg_alloc(levels[at].room, 1);
	isal_deflate_init(&self->stream);
	self->stream.gzip_flag = IGZIP_GZIP;
	self->stream.level = levels[at].level;
	self->stream.level_buf = self->level_buf;
	self->stream.level_buf_size = levels[at].room;
	return &self->out;
}

struct zstd_out {
	struct stream_out out;
	struct stream_out *to;
	ZSTD_CCtx *ctx;
	char room[OUT_BYTES];
};

static int zstd_run(struct zstd_out *self, const void *bytes, size_t len, bool end,
		    struct keg_err *err)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { self->room, sizeof self->room, 0 };

		left = ZSTD_compressStream2(self->ctx, &out, &in,
					    end ? ZSTD_e_end : ZSTD_e_continue);
		if (ZSTD_isError(left))
			return keg_fail(err, KEG_ESYSTEM, "zstd: %s", ZSTD_getErrorName(left));
		int r = self->to->write(self->to, self->room, out.pos, err);
		if (r < 0)
			return r;
	} while (in.pos < in.size || (end && left > 0));
	return 0;
}

static int zstd_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	return zstd_run((struct zstd_out *)out, bytes, len, false, err);
}

static int zstd_finish(struct stream_out *out, struct keg_err *err)
{
	struct zstd_out *self = (struct zstd_out *)out;
	int r = zstd_run(self, NULL, 0, true, err);

	return r < 0 ? r : self->to->finish(self->to, err);
}

static void zstd_close(struct stream_out *out)
{
	struct zstd_out *self = (struct zstd_out *)out;

	stream_out_close(self->to);
	ZSTD_freeCCtx(self->ctx);
	free(self);
}

static struct stream_out *zstd_out_new(struct stream_out *to, int level)
{
	struct zstd_out *self = keg_alloc(1, sizeof *self);

	self->out = (struct stream_out){ zstd_write, zstd_finish, zstd_close };
	self->to = to;
	self->ctx = ZSTD_createCCtx();
	if (!self->ctx)
		keg_out_of_memory();
	ZSTD_CCtx_setParameter(self->ctx, ZSTD_c_compressionLevel, level ? level : ZSTD_DEFAULT);
	ZSTD_CCtx_setParameter(self->ctx, ZSTD_c_checksumFlag, 1);
	return &self->out;
}

int stream_compress(struct stream_out *to, enum compression what, int level,
		    struct stream_out **out, struct keg_err *err)
{
	int most = what == COMPRESSION_ZSTD ? ZSTD_MOST : GZIP_MOST;

	if (what == COMPRESSION_NONE) {
		*out = to;
		return 0;
	}
	if (what != COMPRESSION_GZIP && what != COMPRESSION_ZSTD)
		return keg_fail(err, KEG_EUNSUPPORTED, "compressing with %s is not supported",
				compression_name(what));
	if (level < 0 || level > most)
		return keg_fail(err, KEG_EUSAGE, "%s has no compression level %d (1 to %d)",
				compression_name(what), level, most);
	*out = what == COMPRESSION_GZIP ? gzip_out_new(to, level) : zstd_out_new(to, level);
	return 0;
}
