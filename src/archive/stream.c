/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { CHUNK = 128 << 10 };

void stream_in_close(struct stream_in *in)
{
	if (in)
		in->close(in);
}

void stream_out_close(struct stream_out *out)
{
	if (out)
		out->close(out);
}

ssize_t stream_read_full(struct stream_in *in, void *bytes, size_t len, struct keg_err *err)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = in->read(in, (char *)bytes + have, len - have, err);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

int stream_read_all(struct stream_in *in, size_t most, struct keg_buf *out, struct keg_err *err)
{
	size_t start = out->len;

	for (;;) {
		char *room = keg_buf_reserve(out, CHUNK);
		ssize_t n = in->read(in, room, CHUNK, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > most)
			return keg_fail(err, KEG_ECORRUPT, "more than %zu bytes", most);
	}
}

int64_t stream_copy(struct stream_in *in, struct stream_out *out, struct keg_err *err)
{
	autofree char *chunk = keg_alloc(CHUNK, 1);
	int64_t total = 0;

	for (;;) {
		ssize_t n = in->read(in, chunk, CHUNK, err);

		if (n <= 0)
			return n < 0 ? n : total;
		int r = out->write(out, chunk, (size_t)n, err);
		if (r < 0)
			return r;
		total += n;
	}
}

size_t stream_hand_out(const void *from, size_t len, size_t *taken, void *bytes, size_t room)
{
	const size_t left = len - *taken;
	const size_t n = left < room ? left : room;

	if (n > 0)
		memcpy(bytes, (const char *)from + *taken, n);
	*taken += n;
	return n;
}

int stream_drain(struct stream_in *in, struct keg_err *err)
{
	autofree char *chunk = keg_alloc(CHUNK, 1);
	ssize_t n;

	do
		n = in->read(in, chunk, CHUNK, err);
	while (n > 0);
	return (int)n;
}

struct fd_in {
	struct stream_in in;
	int fd;
};

static ssize_t fd_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct fd_in *self = (struct fd_in *)in;
	ssize_t n;

	do
		n = read(self->fd, bytes, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? keg_fail_sys(err, errno, "read") : n;
}

static void fd_in_close(struct stream_in *in)
{
	struct fd_in *self = (struct fd_in *)in;

	close(self->fd);
	free(self);
}

struct stream_in *stream_in_fd(int fd)
{
	struct fd_in *self = keg_alloc(1, sizeof *self);

	*self = (struct fd_in){ { fd_read, fd_in_close }, fd };
	return &self->in;
}

struct fd_out {
	struct stream_out out;
	int fd;
};

static int fd_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	return keg_write_all(((struct fd_out *)out)->fd, bytes, len, err);
}

static int nothing_to_finish(struct stream_out *out, struct keg_err *err)
{
	(void)out;
	(void)err;
	return 0;
}

static void fd_out_close(struct stream_out *out)
{
	struct fd_out *self = (struct fd_out *)out;

	close(self->fd);
	free(self);
}

struct stream_out *stream_out_fd(int fd)
{
	struct fd_out *self = keg_alloc(1, sizeof *self);

	*self = (struct fd_out){ { fd_write, nothing_to_finish, fd_out_close }, fd };
	return &self->out;
}

/* Memory first, then another stage if there is one: both peeked heads and plain memory. */
struct memory_in {
	struct stream_in in;
	const char *bytes;
	size_t len, at;
	char *owned;
	struct stream_in *rest;
};

static ssize_t memory_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct memory_in *self = (struct memory_in *)in;
	size_t n = self->len - self->at;

	if (n == 0)
		return self->rest ? self->rest->read(self->rest, bytes, room, err) : 0;
	n = n < room ? n : room;
	memcpy(bytes, self->bytes + self->at, n);
	self->at += n;
	return (ssize_t)n;
}

static void memory_close(struct stream_in *in)
{
	struct memory_in *self = (struct memory_in *)in;

	stream_in_close(self->rest);
	free(self->owned);
	free(self);
}

struct stream_in *stream_in_memory(const void *bytes, size_t len)
{
	struct memory_in *self = keg_alloc(1, sizeof *self);

	*self = (struct memory_in){
		.in = { memory_read, memory_close },
		.bytes = bytes,
		.len = len,
	};
	return &self->in;
}

struct stream_in *stream_in_prefixed(const void *first, size_t len, struct stream_in *from)
{
	struct memory_in *self = keg_alloc(1, sizeof *self);
	char *owned = len ? keg_memdup(first, len) : NULL;

	*self = (struct memory_in){
		.in = { memory_read, memory_close },
		.bytes = owned,
		.len = len,
		.owned = owned,
		.rest = from,
	};
	return &self->in;
}

struct window {
	struct stream_in in;
	int fd;
	uint64_t at, left;
};

static ssize_t window_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct window *w = (struct window *)in;
	size_t want = w->left < room ? (size_t)w->left : room;
	ssize_t n = want ? pread(w->fd, bytes, want, (off_t)w->at) : 0;

	if (n < 0)
		return keg_fail_sys(err, errno, "read at byte %llu", (unsigned long long)w->at);
	w->at += (uint64_t)n;
	w->left -= (uint64_t)n;
	return n;
}

static void window_close(struct stream_in *in)
{
	free(in);
}

struct stream_in *stream_in_window(int fd, uint64_t at, uint64_t len)
{
	struct window *self = keg_alloc(1, sizeof *self);

	*self = (struct window){ { window_read, window_close }, fd, at, len };
	return &self->in;
}

struct buf_out {
	struct stream_out out;
	struct keg_buf *buf;
};

static int buf_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	(void)err;
	keg_buf_add(((struct buf_out *)out)->buf, bytes, len);
	return 0;
}

static void buf_close(struct stream_out *out)
{
	free(out);
}

struct stream_out *stream_out_buf(struct keg_buf *buf)
{
	struct buf_out *self = keg_alloc(1, sizeof *self);

	*self = (struct buf_out){ { buf_write, nothing_to_finish, buf_close }, buf };
	return &self->out;
}
