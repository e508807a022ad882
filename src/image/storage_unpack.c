/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread inflates and hashes, this one unpacks and records the tar-split; whoever fills
 * `from` is a third. The archive's last bytes count for the hash too, so the stream is read to
 * its very end before anything is believed.
 */
#include "image/storage_unpack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "archive/layer_apply.h"
#include "archive/stream_tap.h"
#include "archive/tar_split.h"
#include "base/mem.h"

enum {
	/* The peers keep few owners in mind; a layer of a thousand gets no list. */
	OWNERS_MAX = 1024,
	/* What a layer may unpack to beyond the free space of the disk: holes and small change. */
	UNPACK_SLACK = 64 << 20,
	/* A smaller blob is done before a thread for it would have begun. */
	AHEAD_MIN = 1 << 20,
	SPLIT_LEVEL = 1, /* speed counts: it is read only when the layer is pushed */
};

/* `from` as a stage that may be closed without harm. */
struct borrowed {
	struct stream_in stage;
	struct stream_in *from;
};

static ssize_t borrowed_read(struct stream_in *in, void *bytes, size_t room, struct keg_err *err)
{
	struct stream_in *from = ((struct borrowed *)in)->from;

	return from->read(from, bytes, room, err);
}

static void borrowed_close(struct stream_in *in)
{
	(void)in;
}

struct owners {
	uint32_t *v;
	size_t n;
	bool too_many;
};

static void owners_add(struct owners *owners, uint32_t id)
{
	size_t at = 0;

	while (at < owners->n && owners->v[at] < id)
		at++;
	if ((at < owners->n && owners->v[at] == id) || owners->too_many)
		return;
	if (owners->n == OWNERS_MAX) {
		owners->too_many = true;
		owners->n = 0;
		return;
	}
	owners->v = keg_realloc(owners->v, owners->n + 1, sizeof *owners->v);
	memmove(owners->v + at + 1, owners->v + at, (owners->n - at) * sizeof *owners->v);
	owners->v[at] = id;
	owners->n++;
}

/* Looks at the owners, then hands on to the recorder. */
struct watcher {
	const struct tar_watch *next;
	struct owners uids, gids;
};

static int watch_raw(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	const struct tar_watch *next = ((struct watcher *)ctx)->next;

	return next->raw(next->ctx, bytes, len, err);
}

static int watch_entry(void *ctx, const struct tar_entry *entry, uint64_t stored,
		       struct keg_err *err)
{
	struct watcher *w = ctx;

	owners_add(&w->uids, entry->uid);
	owners_add(&w->gids, entry->gid);
	return w->next->entry(w->next->ctx, entry, stored, err);
}

static int watch_data(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	const struct tar_watch *next = ((struct watcher *)ctx)->next;

	return next->data(next->ctx, bytes, len, err);
}

static int watch_done(void *ctx, struct keg_err *err)
{
	const struct tar_watch *next = ((struct watcher *)ctx)->next;

	return next->done(next->ctx, err);
}

/* More than the disk can take cannot be a layer that is to be kept. */
static uint64_t most_bytes(int dirfd)
{
	struct statvfs fs;

	if (fstatvfs(dirfd, &fs) < 0)
		return 0;
	return (uint64_t)fs.f_bavail * fs.f_frsize + UNPACK_SLACK;
}

static int apply(const struct storage_unpack *what, struct stream_in *plain,
		 struct watcher *watcher, struct keg_err *err)
{
	struct layer_applied done;
	autofd int fd = fcntl(store_staging_split(what->staging), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return keg_fail_sys(err, errno, "duplicate a descriptor");

	struct stream_out *file = stream_out_fd(take_fd(&fd));
	autoptr(stream_out) split = NULL;
	int r = stream_compress(file, COMPRESSION_GZIP, SPLIT_LEVEL, &split, err);
	if (r < 0) {
		stream_out_close(file);
		return r;
	}

	autoptr(tar_split_recorder) recorder = tar_split_recorder_new(split);
	watcher->next = tar_split_recorder_watch(recorder);
	const struct tar_watch watch = { .raw = watch_raw,
					 .entry = watch_entry,
					 .data = watch_data,
					 .done = watch_done,
					 .ctx = watcher };
	const struct layer_apply_options options = {
		.whiteouts = LAYER_OVERLAY,
		.userns = what->userns,
		.ignore_chown_errors = what->ignore_chown_errors,
		.watch = &watch,
	};
	r = layer_apply(store_staging_diff(what->staging), plain, &options, &done, err);
	if (r >= 0)
		r = stream_drain(plain, err);
	if (r >= 0)
		r = tar_split_recorder_end(recorder, err);
	return r < 0 ? r : split->finish(split, err);
}

int storage_unpack_run(const struct storage_unpack *what, struct stream_in *from,
		       struct storage_unpacked *out, struct keg_err *err)
{
	struct borrowed borrowed = { .stage = { .read = borrowed_read, .close = borrowed_close },
				     .from = from };
	struct stream_tap tap;
	struct stream_in *plain = NULL;
	struct watcher watcher = { 0 };
	enum compression packing;
	uint64_t most = most_bytes(store_staging_diff(what->staging));

	int r = stream_decompress(&borrowed.stage, most, &packing, &plain, err);
	if (r < 0)
		return r;
	stream_tap_init(&tap, 0);
	autoptr(stream_in) tapped = stream_in_tapped(plain, &tap);
	if (what->size < 0 || what->size >= AHEAD_MIN)
		tapped = stream_in_ahead(tapped);
	r = apply(what, tapped, &watcher, err);
	if (r >= 0)
		r = stream_tap_check(&tap, "layer", what->diff_id, -1, err);
	if (r < 0) {
		free(watcher.uids.v);
		free(watcher.gids.v);
		return r;
	}
	*out = (struct storage_unpacked){
		.diff_size = (int64_t)tap.count,
		.packing = packing,
		.uids = watcher.uids.v,
		.n_uids = watcher.uids.n,
		.gids = watcher.gids.v,
		.n_gids = watcher.gids.n,
	};
	return 0;
}
