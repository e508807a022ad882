/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_stages.h"

#include <string.h>

#include "archive/chunked_writer.h"
#include "base/mem.h"

enum copy_change copy_change_of(const struct copy_wish *wish, enum compression has)
{
	if (wish->opaque)
		return COPY_AS_IS;
	if (wish->want == IMAGE_DECOMPRESS)
		return has == COMPRESSION_NONE ? COPY_AS_IS : COPY_UNPACK;
	if (has == COMPRESSION_NONE)
		return wish->want == IMAGE_COMPRESS ? COPY_PACK : COPY_AS_IS;
	bool other = has != wish->with || (wish->chunked && !wish->has_chunks);
	if (wish->want == IMAGE_COMPRESS && wish->again && other)
		return COPY_REPACK;
	return has == COMPRESSION_ZSTD && wish->no_zstd ? COPY_REPACK : COPY_AS_IS;
}

/* A stage that compresses what it reads: the compressor pushes, the destination pulls. */
struct packer {
	struct stream_in stage;
	struct stream_in *from;
	struct stream_out *into; /* ends in `pending` */
	struct keg_buf pending;
	size_t taken;
	bool ended;
};

static ssize_t packer_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct packer *p = (struct packer *)in;
	char raw[65536];

	while (p->taken == p->pending.len && !p->ended) {
		keg_buf_cut(&p->pending, 0);
		p->taken = 0;
		ssize_t n = p->from->read(p->from, raw, sizeof raw, err);
		if (n < 0)
			return n;
		p->ended = n == 0;
		int r = n > 0 ? p->into->write(p->into, raw, (size_t)n, err)
			      : p->into->finish(p->into, err);
		if (r < 0)
			return r;
	}

	return (ssize_t)stream_hand_out(p->pending.data, p->pending.len, &p->taken, bytes, room);
}

static void packer_close(struct stream_in *in)
{
	struct packer *p = (struct packer *)in;

	stream_out_close(p->into);
	stream_in_close(p->from);
	keg_buf_done(&p->pending);
	free(p);
}

static int packer_new(struct stream_in *from, enum compression packing, int level,
		      struct stream_in **out, struct keg_err *err)
{
	struct packer *p = keg_alloc(1, sizeof *p);

	p->stage = (struct stream_in){ .read = packer_read, .close = packer_close };
	p->from = from;
	struct stream_out *buffer = stream_out_buf(&p->pending);
	int r = stream_compress(buffer, packing, level, &p->into, err);
	if (r < 0) {
		stream_out_close(buffer);
		free(p);
		return r;
	}
	*out = &p->stage;
	return 0;
}

/* How is it packed? The bytes that say so are put back. */
static int look(struct stream_in **stream, enum compression *has, struct keg_err *err)
{
	unsigned char head[COMPRESSION_MAGIC];
	ssize_t n = stream_read_full(*stream, head, sizeof head, err);

	if (n < 0)
		return (int)n;
	*has = compression_detect(head, (size_t)n);
	*stream = stream_in_prefixed(head, (size_t)n, *stream);
	return 0;
}

static int unpack(struct stream_in **stream, struct keg_err *err)
{
	return stream_decompress(*stream, 0, NULL, stream, err);
}

/* What it unpacks is read ahead, so that unpacking and packing overlap. */
static int pack(const struct copy_wish *wish, bool unpacks, struct stream_in **stream,
		struct keg_err *err)
{
	if (unpacks)
		*stream = stream_in_ahead(*stream);
	if (wish->chunked)
		return stream_in_chunked(*stream, wish->level, wish->chunked, stream, err);
	return packer_new(*stream, wish->with, wish->level, stream, err);
}

int copy_stages_open(const struct copy_wish *wish, struct stream_in *reader, struct stream_in **out,
		     enum copy_change *change, struct keg_err *err)
{
	enum compression has = COMPRESSION_NONE;
	autoptr(stream_in) stream = reader;

	int r = wish->decrypt ? crypt_layer_decrypt(wish->decrypt, stream, &stream, err) : 0;
	if (r >= 0 && !wish->opaque)
		r = look(&stream, &has, err);
	if (r < 0)
		return r;
	*change = copy_change_of(wish, has);
	if (*change == COPY_UNPACK || *change == COPY_REPACK)
		r = unpack(&stream, err);
	if (r >= 0 && (*change == COPY_PACK || *change == COPY_REPACK))
		r = pack(wish, *change == COPY_REPACK, &stream, err);
	if (r >= 0 && wish->encrypt)
		r = crypt_layer_encrypt(wish->encrypt, stream, &stream, err);
	if (r < 0)
		return r;
	*out = take_ptr(&stream);
	return 0;
}
