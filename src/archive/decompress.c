/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decompressing stages. Each holds one input buffer and its library's window; how much
 * comes out in all is counted against the caller's limit, whatever the format declares.
 */
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <string.h>
#include <zstd.h>

#include "archive/compress.h"
#include "base/mem.h"

enum {
	IN_BYTES = 128 << 10,
	ZSTD_WINDOW_LOG_MAX = 27, /* 128 MiB, what zstd itself takes unasked */
};

struct inflater {
	struct stream_in in;
	struct stream_in *from;
	uint64_t most, given;
	bool ended; /* of the input */
	/* Fill `out` from input; sets *n. Returns 1 at the end of all, 0 otherwise. */
	int (*step)(struct inflater *self, void *out, size_t room, size_t *n, struct keg_err *err);
	void (*done)(struct inflater *self);
	size_t at, have; /* in `input` */
	unsigned char input[IN_BYTES];
};

/* Have input at hand unless there is no more. */
static int refill(struct inflater *self, struct keg_err *err)
{
	if (self->at < self->have || self->ended)
		return 0;
	ssize_t n = self->from->read(self->from, self->input, sizeof self->input, err);
	if (n < 0)
		return (int)n;
	self->ended = n == 0;
	self->at = 0;
	self->have = (size_t)n;
	return 0;
}

static ssize_t inflater_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct inflater *self = (struct inflater *)in;
	size_t n = 0;
	int r;

	do
		r = self->step(self, bytes, room, &n, err);
	while (r == 0 && n == 0);
	if (r < 0)
		return r;
	self->given += n;
	if (self->most && self->given > self->most)
		return keg_fail(err, KEG_ECORRUPT, "decompresses to more than %llu bytes",
				(unsigned long long)self->most);
	return (ssize_t)n;
}

static void inflater_close(struct stream_in *in)
{
	struct inflater *self = (struct inflater *)in;

	stream_in_close(self->from);
	self->done(self);
}

static void inflater_init(struct inflater *self, struct stream_in *from, uint64_t most)
{
	self->in = (struct stream_in){ inflater_read, inflater_close };
	self->from = from;
	self->most = most;
}

static int early_end(const char *format, struct keg_err *err)
{
	return keg_fail(err, KEG_ECORRUPT, "%s: unexpected end of compressed data", format);
}

struct gzip_in {
	struct inflater base;
	struct inflate_state state;
};

/* After a member: another one (RFC 1952 section 2.2), or the end. Anything else is damage. */
static int gzip_next_member(struct gzip_in *self, struct keg_err *err)
{
	static const unsigned char magic[] = { 0x1f, 0x8b };
	struct inflater *base = &self->base;
	int r = refill(base, err);

	if (r < 0)
		return r;
	if (base->at == base->have)
		return 1;
	if (base->input[base->at] != magic[0] ||
	    (base->have - base->at > 1 && base->input[base->at + 1] != magic[1]))
		return keg_fail(err, KEG_ECORRUPT, "gzip: garbage after the compressed data");
	isal_inflate_reset(&self->state);
	self->state.crc_flag = ISAL_GZIP;
	return 0;
}

static const char *gzip_reason(int code)
{
	static const struct {
		int code;
		const char *text;
	} reasons[] = {
		{ ISAL_INVALID_WRAPPER, "invalid header" },
		{ ISAL_UNSUPPORTED_METHOD, "unsupported method" },
		{ ISAL_INCORRECT_CHECKSUM, "wrong checksum" },
		{ ISAL_INVALID_LOOKBACK, "invalid distance" },
		{ ISAL_INVALID_SYMBOL, "invalid symbol" },
	};

	for (size_t i = 0; i < KEG_COUNT(reasons); i++) {
		if (reasons[i].code == code)
			return reasons[i].text;
	}
	return "invalid block";
}

static int gzip_step(struct inflater *base, void *out, size_t room, size_t *n, struct keg_err *err)
{
	struct gzip_in *self = (struct gzip_in *)base;
	struct inflate_state *s = &self->state;

	if (s->block_state == ISAL_BLOCK_FINISH) {
		int r = gzip_next_member(self, err);

		if (r != 0)
			return r;
	}
	int r = refill(base, err);
	if (r < 0)
		return r;

	uint32_t part = room > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)room;
	s->next_in = base->input + base->at;
	s->avail_in = (uint32_t)(base->have - base->at);
	s->next_out = out;
	s->avail_out = part;
	r = isal_inflate(s);
	if (r < 0)
		return keg_fail(err, KEG_ECORRUPT, "gzip: %s", gzip_reason(r));
	base->at = base->have - s->avail_in;
	*n = part - s->avail_out;
	if (*n == 0 && base->ended && s->block_state != ISAL_BLOCK_FINISH)
		return early_end("gzip", err);
	return 0;
}

static void gzip_done(struct inflater *base)
{
	free(base);
}

static struct inflater *gzip_in_new(void)
{
	struct gzip_in *self = keg_alloc(1, sizeof *self);

	isal_inflate_init(&self->state);
	self->state.crc_flag = ISAL_GZIP;
	self->base.step = gzip_step;
	self->base.done = gzip_done;
	return &self->base;
}

struct zstd_in {
	struct inflater base;
	ZSTD_DCtx *ctx;
	bool between_frames;
};

static int zstd_step(struct inflater *base, void *out, size_t room, size_t *n, struct keg_err *err)
{
	struct zstd_in *self = (struct zstd_in *)base;
	int r = refill(base, err);

	if (r < 0)
		return r;
	if (base->ended && self->between_frames)
		return 1;

	ZSTD_inBuffer in = { base->input, base->have, base->at };
	ZSTD_outBuffer to = { out, room, 0 };
	size_t left = ZSTD_decompressStream(self->ctx, &to, &in);
	if (ZSTD_isError(left))
		return keg_fail(err, KEG_ECORRUPT, "zstd: %s", ZSTD_getErrorName(left));
	base->at = in.pos;
	*n = to.pos;
	self->between_frames = left == 0;
	if (*n == 0 && base->ended && left != 0)
		return early_end("zstd", err);
	return 0;
}

static void zstd_done(struct inflater *base)
{
	struct zstd_in *self = (struct zstd_in *)base;

	ZSTD_freeDCtx(self->ctx);
	free(self);
}

static struct inflater *zstd_in_new(void)
{
	struct zstd_in *self = keg_alloc(1, sizeof *self);

	self->ctx = ZSTD_createDCtx();
	if (!self->ctx)
		keg_out_of_memory();
	ZSTD_DCtx_setParameter(self->ctx, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	self->base.step = zstd_step;
	self->base.done = zstd_done;
	return &self->base;
}

/* Plain data through the same counting. */
static int plain_step(struct inflater *base, void *out, size_t room, size_t *n, struct keg_err *err)
{
	if (base->at < base->have) {
		size_t part = base->have - base->at;

		*n = part < room ? part : room;
		memcpy(out, base->input + base->at, *n);
		base->at += *n;
		return 0;
	}
	ssize_t got = base->from->read(base->from, out, room, err);
	if (got < 0)
		return (int)got;
	*n = (size_t)got;
	return got == 0;
}

static struct inflater *plain_in_new(void)
{
	struct inflater *self = keg_alloc(1, sizeof *self);

	self->step = plain_step;
	self->done = gzip_done;
	return self;
}

int stream_decompress(struct stream_in *from, uint64_t most, enum compression *found,
		      struct stream_in **out, struct keg_err *err)
{
	unsigned char magic[COMPRESSION_MAGIC];
	ssize_t n = stream_read_full(from, magic, sizeof magic, err);

	if (n < 0)
		return (int)n;
	enum compression what = compression_detect(magic, (size_t)n);
	if (what == COMPRESSION_BZIP2 || what == COMPRESSION_XZ) {
		keg_fail(err, KEG_EUNSUPPORTED, "compression with %s is not supported",
			 compression_name(what));
		return keg_hint(err, "decompress it with %s -d, or compress it with gzip or zstd",
				compression_name(what));
	}

	struct inflater *self = what == COMPRESSION_GZIP   ? gzip_in_new()
				: what == COMPRESSION_ZSTD ? zstd_in_new()
							   : plain_in_new();
	inflater_init(self, from, most);
	memcpy(self->input, magic, (size_t)n);
	self->have = (size_t)n;
	if (found)
		*found = what;
	*out = &self->in;
	return 0;
}
