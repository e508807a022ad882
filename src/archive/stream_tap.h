/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_tap.h - SHA-256 and length of what flows by, and the check at the end.
 *
 * A pull chains two: one around the network for the compressed digest and size of the
 * descriptor, one around the decompressor for the diff_id. Nothing is committed before
 * both were checked. The tap itself belongs to the caller and outlives the stage.
 */
#ifndef KEG_ARCHIVE_STREAM_TAP_H
#define KEG_ARCHIVE_STREAM_TAP_H

#include <stdint.h>

#include "archive/stream.h"
#include "base/sha256.h"

struct stream_tap {
	struct keg_sha256 sum;
	uint64_t count;
	uint64_t most; /* more than that is KEG_ECORRUPT while reading; 0: no limit */
};

/* Start at nothing. */
void stream_tap_init(struct stream_tap *tap, uint64_t most);

/* Stages that own what they wrap. */
struct stream_in *stream_in_tapped(struct stream_in *from, struct stream_tap *tap);
struct stream_out *stream_out_tapped(struct stream_out *to, struct stream_tap *tap);

/* "sha256:<hex>" of what flowed by so far; the tap goes on. `out` holds 7 + 64 + 1 bytes. */
void stream_tap_digest(const struct stream_tap *tap, char out[7 + KEG_SHA256_HEX + 1]);

/*
 * KEG_ECORRUPT naming `what` unless digest ("sha256:<hex>") and size (-1: any) are as told.
 * To be called when the stream was read to its very end (stream_drain).
 */
int stream_tap_check(const struct stream_tap *tap, const char *what, const char *digest,
		     int64_t size, struct keg_err *err) KEG_MUST_CHECK;

#endif
