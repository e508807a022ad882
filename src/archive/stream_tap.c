/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/stream_tap.h"

#include <string.h>

#include "base/mem.h"

#define PREFIX "sha256:"

struct tapped_in {
	struct stream_in in;
	struct stream_in *from;
	struct stream_tap *tap;
};

struct tapped_out {
	struct stream_out out;
	struct stream_out *to;
	struct stream_tap *tap;
};

void stream_tap_init(struct stream_tap *tap, uint64_t most)
{
	*tap = (struct stream_tap){ .most = most };
	keg_sha256_init(&tap->sum);
}

static int take(struct stream_tap *tap, const void *bytes, size_t len, struct keg_err *err)
{
	tap->count += len;
	if (tap->most && tap->count > tap->most)
		return keg_fail(err, KEG_ECORRUPT, "more than the expected %llu bytes",
				(unsigned long long)tap->most);
	keg_sha256_add(&tap->sum, bytes, len);
	return 0;
}

static ssize_t tapped_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct tapped_in *self = (struct tapped_in *)in;
	ssize_t n = self->from->read(self->from, bytes, room, err);

	if (n <= 0)
		return n;
	int r = take(self->tap, bytes, (size_t)n, err);
	return r < 0 ? r : n;
}

static void tapped_in_close(struct stream_in *in)
{
	stream_in_close(((struct tapped_in *)in)->from);
	free(in);
}

struct stream_in *stream_in_tapped(struct stream_in *from, struct stream_tap *tap)
{
	struct tapped_in *self = keg_alloc(1, sizeof *self);

	*self = (struct tapped_in){ { tapped_read, tapped_in_close }, from, tap };
	return &self->in;
}

static int tapped_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	struct tapped_out *self = (struct tapped_out *)out;
	int r = take(self->tap, bytes, len, err);

	return r < 0 ? r : self->to->write(self->to, bytes, len, err);
}

static int tapped_finish(struct stream_out *out, struct keg_err *err)
{
	struct tapped_out *self = (struct tapped_out *)out;

	return self->to->finish(self->to, err);
}

static void tapped_out_close(struct stream_out *out)
{
	stream_out_close(((struct tapped_out *)out)->to);
	free(out);
}

struct stream_out *stream_out_tapped(struct stream_out *to, struct stream_tap *tap)
{
	struct tapped_out *self = keg_alloc(1, sizeof *self);

	*self = (struct tapped_out){ { tapped_write, tapped_finish, tapped_out_close }, to, tap };
	return &self->out;
}

void stream_tap_digest(const struct stream_tap *tap, char out[7 + KEG_SHA256_HEX + 1])
{
	struct keg_sha256 sum = tap->sum;

	memcpy(out, PREFIX, sizeof PREFIX);
	keg_sha256_end_hex(&sum, out + 7);
}

int stream_tap_check(const struct stream_tap *tap, const char *what, const char *digest,
		     int64_t size, struct keg_err *err)
{
	char found[7 + KEG_SHA256_HEX + 1];

	if (size >= 0 && tap->count != (uint64_t)size)
		return keg_fail(err, KEG_ECORRUPT, "%s: %llu bytes instead of %lld", what,
				(unsigned long long)tap->count, (long long)size);
	stream_tap_digest(tap, found);
	if (strcmp(found, digest) != 0)
		return keg_fail(err, KEG_ECORRUPT,
				"%s: digest mismatch: content is %s, expected %.140s", what, found,
				digest);
	return 0;
}
