/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "spec/digest.h"

struct image_pipe {
	struct stream_in reader; /* first: the reader is the pipe */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char *ring; /* NULL: a file */
	size_t room;
	int fd;
	char *path;
	uint64_t written, taken; /* bytes, from the blob's first */
	bool ended, abandoned;
	bool broken;	    /* ended with a failure while somebody read */
	int users;	    /* the writer and the reader */
	struct keg_err why; /* code KEG_OK: ended well */
};

/* Up to `len` bytes at offset `taken`, of which there are some; never past the ring's seam. */
static ssize_t take(struct image_pipe *pipe, void *bytes, size_t len, struct keg_err *err)
{
	if (!pipe->ring) {
		ssize_t n = pread(pipe->fd, bytes, len, (off_t)pipe->taken);

		if (n < 0)
			return keg_fail_sys(err, errno, "read %s", pipe->path);
		if (n == 0)
			return keg_fail(err, KEG_ECORRUPT, "%s was cut while in use", pipe->path);
		return n;
	}

	size_t at = pipe->taken % pipe->room;
	if (len > pipe->room - at)
		len = pipe->room - at;
	memcpy(bytes, pipe->ring + at, len);
	return (ssize_t)len;
}

static ssize_t pipe_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct image_pipe *pipe = (struct image_pipe *)in;

	pthread_mutex_lock(&pipe->lock);
	while (pipe->written == pipe->taken && !pipe->ended)
		pthread_cond_wait(&pipe->changed, &pipe->lock);
	uint64_t ready = pipe->written - pipe->taken;
	pthread_mutex_unlock(&pipe->lock);

	if (ready == 0) {
		if (pipe->why.code == KEG_OK)
			return 0;
		*err = pipe->why;
		return -(int)err->code;
	}

	/* Only this thread moves `taken`, and the writer leaves alone what is not taken yet. */
	ssize_t n = take(pipe, bytes, ready < room ? (size_t)ready : room, err);
	if (n < 0)
		return n;
	pthread_mutex_lock(&pipe->lock);
	pipe->taken += (uint64_t)n;
	pthread_cond_signal(&pipe->changed);
	pthread_mutex_unlock(&pipe->lock);
	return n;
}

static void pipe_close(struct stream_in *in)
{
	struct image_pipe *pipe = (struct image_pipe *)in;

	pthread_mutex_lock(&pipe->lock);
	pipe->abandoned = true;
	pthread_cond_signal(&pipe->changed);
	pthread_mutex_unlock(&pipe->lock);
}

static struct image_pipe *new_pipe(void)
{
	struct image_pipe *pipe = keg_alloc(1, sizeof *pipe);

	pipe->reader.read = pipe_read;
	pipe->reader.close = pipe_close;
	pipe->fd = -1;
	pipe->users = 2;
	pthread_mutex_init(&pipe->lock, NULL);
	pthread_cond_init(&pipe->changed, NULL);
	return pipe;
}

struct image_pipe *image_pipe_new(size_t room)
{
	struct image_pipe *pipe = new_pipe();

	pipe->ring = keg_alloc(room, 1);
	pipe->room = room;
	return pipe;
}

/* Not renamed or removed by its last user between our open and our lock? */
static bool still_named(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

int image_pipe_open(const char *dir, const char *digest, struct image_pipe **out,
		    struct keg_err *err)
{
	*out = NULL;
	int r = keg_mkdirs(AT_FDCWD, dir, 0700, err);
	if (r < 0)
		return r;

	autofree char *path = keg_printf("%s/%s.part", dir, digest_hex(digest));
	autofd int fd = keg_open_at(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, err);
	if (fd < 0)
		return fd;
	r = keg_lock_try_flock(fd, KEG_LOCK_EXCLUSIVE, err);
	if (r < 0)
		return r;
	if (r == 0 || !still_named(fd, path))
		return 0;

	struct image_pipe *pipe = new_pipe();
	pipe->fd = take_fd(&fd);
	pipe->path = take_ptr(&path);
	*out = pipe;
	return 0;
}

void image_pipe_free(struct image_pipe *pipe)
{
	pthread_mutex_lock(&pipe->lock);
	int left = --pipe->users;
	pthread_mutex_unlock(&pipe->lock);
	if (left > 0)
		return;

	if (pipe->fd >= 0)
		close(pipe->fd);
	pthread_cond_destroy(&pipe->changed);
	pthread_mutex_destroy(&pipe->lock);
	free(pipe->ring);
	free(pipe->path);
	free(pipe);
}

void image_pipe_drop(struct image_pipe *pipe)
{
	if (pipe->path)
		unlink(pipe->path);
}

int64_t image_pipe_resume(struct image_pipe *pipe, struct stream_out *to, struct keg_err *err)
{
	char bytes[65536];
	uint64_t have = 0;

	while (pipe->fd >= 0) {
		ssize_t n = pread(pipe->fd, bytes, sizeof bytes, (off_t)have);

		if (n < 0)
			return keg_fail_sys(err, errno, "read %s", pipe->path);
		if (n == 0)
			break;
		int r = to->write(to, bytes, (size_t)n, err);
		if (r < 0)
			return r;
		have += (uint64_t)n;
	}

	pthread_mutex_lock(&pipe->lock);
	pipe->written = have;
	pthread_cond_signal(&pipe->changed);
	pthread_mutex_unlock(&pipe->lock);
	return (int64_t)have;
}

/* Wait for room in the ring; how much there is up to its seam, or 0: nobody reads any more. */
static size_t wait_room(struct image_pipe *pipe)
{
	size_t room = 0;

	pthread_mutex_lock(&pipe->lock);
	while (pipe->written - pipe->taken == pipe->room && !pipe->abandoned)
		pthread_cond_wait(&pipe->changed, &pipe->lock);
	if (!pipe->abandoned) {
		size_t free_bytes = pipe->room - (size_t)(pipe->written - pipe->taken);
		size_t to_seam = pipe->room - pipe->written % pipe->room;

		room = free_bytes < to_seam ? free_bytes : to_seam;
	}
	pthread_mutex_unlock(&pipe->lock);
	return room;
}

static void advance(struct image_pipe *pipe, size_t len)
{
	pthread_mutex_lock(&pipe->lock);
	pipe->written += len;
	pthread_cond_signal(&pipe->changed);
	pthread_mutex_unlock(&pipe->lock);
}

static bool is_abandoned(struct image_pipe *pipe)
{
	pthread_mutex_lock(&pipe->lock);
	bool abandoned = pipe->abandoned;
	pthread_mutex_unlock(&pipe->lock);
	return abandoned;
}

static int write_ring(struct image_pipe *pipe, const char *bytes, size_t len, struct keg_err *err)
{
	while (len > 0) {
		size_t n = wait_room(pipe);

		if (n == 0)
			return keg_fail(err, KEG_EBUSY, "the transfer was given up");
		if (n > len)
			n = len;
		memcpy(pipe->ring + pipe->written % pipe->room, bytes, n);
		advance(pipe, n);
		bytes += n;
		len -= n;
	}
	return 0;
}

int image_pipe_write(struct image_pipe *pipe, const void *bytes, size_t len, struct keg_err *err)
{
	if (pipe->ring)
		return write_ring(pipe, bytes, len, err);

	/* The command wants to end soon; what arrived so far serves the next attempt. */
	if (is_abandoned(pipe))
		return keg_fail(err, KEG_EBUSY, "the transfer was given up");
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(pipe->fd, (const char *)bytes + done, len - done,
				   (off_t)(pipe->written + done));

		if (n < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "write %s", pipe->path);
		if (n > 0)
			done += (size_t)n;
	}
	advance(pipe, len);
	return 0;
}

void image_pipe_end(struct image_pipe *pipe, const struct keg_err *why)
{
	pthread_mutex_lock(&pipe->lock);
	if (why)
		pipe->why = *why;
	pipe->broken = why && !pipe->abandoned;
	pipe->ended = true;
	pthread_cond_signal(&pipe->changed);
	pthread_mutex_unlock(&pipe->lock);
}

bool image_pipe_is_broken(struct image_pipe *pipe)
{
	pthread_mutex_lock(&pipe->lock);
	bool broken = pipe->broken;
	pthread_mutex_unlock(&pipe->lock);
	return broken;
}

struct stream_in *image_pipe_reader(struct image_pipe *pipe)
{
	return &pipe->reader;
}
