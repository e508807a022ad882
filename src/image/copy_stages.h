/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy_stages.h - what a layer's bytes pass on their way: they are packed, unpacked or packed
 * anew. What they are packed with the bytes say themselves, as with the peers: a media type is
 * what somebody else believed.
 */
#ifndef KEG_IMAGE_COPY_STAGES_H
#define KEG_IMAGE_COPY_STAGES_H

#include "archive/chunked.h"
#include "archive/compress.h"
#include "image/crypt_layer.h"
#include "image/transport.h"

/* What happens to a blob's bytes between the two places. */
enum copy_change { COPY_AS_IS = 0, COPY_PACK, COPY_UNPACK, COPY_REPACK };

/* How a layer is to arrive. */
struct copy_wish {
	bool opaque; /* as it comes, whatever it is */
	enum image_compression want;
	enum compression with; /* IMAGE_COMPRESS, no_zstd: with what */
	bool again;	       /* IMAGE_COMPRESS: also what is packed with something else */
	/* Packed with zstd it is to be zstd:chunked: says what that became. NULL: it is not. */
	struct chunked_layout *chunked;
	bool has_chunks; /* it comes as zstd:chunked */
	bool no_zstd;	 /* the manifest's format has no name for that */
	int level;
	struct crypt_layer *decrypt, *encrypt; /* before and after all that; NULL: not */
};

/* What the wish makes of bytes that are packed with `has`. */
enum copy_change copy_change_of(const struct copy_wish *wish, enum compression has);

/* `reader` as the destination is to get it, and what is done to it; takes `reader` over, always. */
int copy_stages_open(const struct copy_wish *wish, struct stream_in *reader, struct stream_in **out,
		     enum copy_change *change, struct keg_err *err) KEG_MUST_CHECK;

#endif
