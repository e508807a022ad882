/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_blobs.h"

#include <pthread.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "image/fetch.h"

enum {
	FETCHERS = 6,
	TAKERS = 3,
	/* Blobs that may be on their way at once: what is in memory is bounded by their rings. */
	WINDOW = 8,
	RING_ROOM = 1 << 20,
	/* Smaller blobs are not worth a file to resume from. */
	SPOOL_MIN = 1 << 20,
	PUT_AGAIN_MOST = 3,
};

enum job_state { JOB_WAITING = 0, JOB_FLOWING, JOB_SKIPPED };

struct job {
	enum job_state state;
	struct image_pipe *pipe;
	/* What became of the first pipe: its taker reads from the source anew, or is done with it.
	 */
	bool again, taken;
};

struct crew {
	const struct copy_blobs *what;
	struct job *jobs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next_fetch, next_take;
	bool failed;
	struct keg_err err; /* the first */
};

/* The reader that gives up makes its writer fail as well: the cause is what counts. */
static void fail(struct crew *crew, const struct keg_err *err)
{
	pthread_mutex_lock(&crew->lock);
	if (!crew->failed || (crew->err.code == KEG_EBUSY && err->code != KEG_EBUSY))
		crew->err = *err;
	crew->failed = true;
	pthread_cond_broadcast(&crew->changed);
	for (size_t i = 0; i < crew->what->n; i++) {
		if (crew->jobs[i].pipe) {
			struct stream_in *reader = image_pipe_reader(crew->jobs[i].pipe);
			reader->close(reader);
		}
	}
	pthread_mutex_unlock(&crew->lock);
}

/*
 * The index of the next job on this side, or n: there is none, or all is lost. A fetcher waits
 * until the takers are near, whom nothing keeps from the jobs before.
 */
static size_t next_job(struct crew *crew, size_t *counter)
{
	pthread_mutex_lock(&crew->lock);
	while (*counter >= crew->next_take + WINDOW && !crew->failed)
		pthread_cond_wait(&crew->changed, &crew->lock);
	size_t i = crew->failed || *counter >= crew->what->n ? crew->what->n : (*counter)++;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	return i;
}

static void set_state(struct crew *crew, struct job *job, enum job_state state,
		      struct image_pipe *pipe)
{
	pthread_mutex_lock(&crew->lock);
	job->pipe = pipe;
	job->state = state;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
}

static struct image_pipe *new_pipe(const struct copy_blobs *what, const struct image_blob *blob)
{
	struct image_pipe *pipe = NULL;
	struct keg_err ignored;

	/* That nothing can be kept for a retry is no reason not to transfer. */
	if (what->dst->spool_dir && what->src->resumable && blob->size >= SPOOL_MIN &&
	    image_pipe_open(what->dst->spool_dir, blob->digest, &pipe, &ignored) >= 0 && pipe)
		return pipe;
	return image_pipe_new(blob->size >= 0 && blob->size < RING_ROOM ? (size_t)blob->size + 1
									: RING_ROOM);
}

static bool is_changed(const struct copy_blob *blob)
{
	return blob->change != COPY_AS_IS || blob->wish.decrypt || blob->wish.encrypt;
}

static bool is_packed_only(const struct copy_blob *blob)
{
	return blob->change == COPY_PACK && !blob->wish.decrypt && !blob->wish.encrypt;
}

/* The blob as the destination gets it. */
static void as_put(const struct copy_blob *blob, struct image_blob *out)
{
	*out = blob->want;
	if (!is_changed(blob))
		return;
	out->digest[0] = '\0';
	out->size = -1;
	if (!is_packed_only(blob))
		return;
	out->plain = blob->want.digest;
	out->any_packing = blob->any_packing;
	/* What it came as is of use only when it is to be packed like that. */
	if (out->packing != blob->wish.with && !blob->any_packing)
		out->came_as = NULL;
	if (keg_str_empty(out->came_as))
		out->packing = blob->wish.with;
}

/* 1 when the destination has it. */
static int find_there(const struct copy_blobs *what, struct copy_blob *blob, struct keg_err *err)
{
	struct image_blob as;

	/* Of what is there nobody knows where its table of contents would be. */
	if (is_changed(blob) &&
	    !(is_packed_only(blob) && what->dst->takes_packed && !blob->wish.chunked))
		return 0;
	as_put(blob, &as);
	int r = what->dst->ops->reuse(what->dst, &as, !what->fixed, &blob->put, err);
	if (r <= 0)
		return r;
	if (is_changed(blob))
		blob->wish.with = blob->put.packing;
	blob->reused = true;
	return 1;
}

/* 1 when it was put of what is here and of parts that were fetched. */
static int put_parts(const struct copy_blobs *what, struct copy_blob *blob, struct keg_err *err)
{
	if (is_changed(blob) || !blob->want.chunks || !what->src->ops->parts ||
	    !what->dst->ops->put_parts)
		return 0;
	return what->dst->ops->put_parts(what->dst, what->src, &blob->want, what->reporter,
					 &blob->put, err);
}

/* A fetcher that lost its taker has not failed when he reads from the source anew. */
static bool is_tried_again(struct crew *crew, const struct job *job)
{
	pthread_mutex_lock(&crew->lock);
	while (!job->again && !job->taken && !crew->failed)
		pthread_cond_wait(&crew->changed, &crew->lock);
	bool again = job->again;
	pthread_mutex_unlock(&crew->lock);
	return again;
}

static int fetch_one(struct crew *crew, size_t i, struct keg_err *err)
{
	const struct copy_blobs *what = crew->what;
	struct copy_blob *blob = &what->v[i];

	int r = find_there(what, blob, err);
	if (r < 0)
		return r;
	if (r > 0) {
		int64_t size = blob->put.size >= 0 ? blob->put.size : blob->want.size;

		image_report_blob(what->reporter, IMAGE_EVENT_SKIPPED, &blob->want, 0);
		image_report_moved(what->reporter, 0, size > 0 ? (uint64_t)size : 0);
		set_state(crew, &crew->jobs[i], JOB_SKIPPED, NULL);
		return 0;
	}

	r = put_parts(what, blob, err);
	if (r < 0)
		return r;
	if (r > 0) {
		set_state(crew, &crew->jobs[i], JOB_SKIPPED, NULL);
		return 0;
	}

	struct image_pipe *pipe = new_pipe(what, &blob->want);
	set_state(crew, &crew->jobs[i], JOB_FLOWING, pipe);
	r = image_fetch(what->src, &blob->want, pipe, what->reporter, err);
	image_pipe_free(pipe);
	return r == -KEG_EBUSY && is_tried_again(crew, &crew->jobs[i]) ? 0 : r;
}

static void *fetcher(void *arg)
{
	struct crew *crew = arg;

	for (size_t i; (i = next_job(crew, &crew->next_fetch)) < crew->what->n;) {
		struct keg_err err = { 0 };

		if (fetch_one(crew, i, &err) < 0) {
			fail(crew, &err);
			break;
		}
	}
	return NULL;
}

static int put_flowing(const struct copy_blobs *what, struct copy_blob *blob,
		       struct image_pipe *pipe, struct keg_err *err)
{
	struct image_blob as;
	struct stream_in *reader = image_pipe_reader(pipe);
	autoptr(stream_in) from = NULL;

	int r = copy_stages_open(&blob->wish, reader, &from, &blob->change, err);
	if (r < 0)
		return r;
	as_put(blob, &as);
	as.packing = blob->wish.with;
	return what->dst->ops->put(what->dst, &as, from, &blob->put, err);
}

/*
 * Put what flows out of the pipe, and be done with it. *again: it failed where the destination
 * takes the blob once more, and it was not the source that failed.
 */
static int put_and_leave(struct crew *crew, size_t i, struct image_pipe *pipe, bool *again,
			 struct keg_err *err)
{
	struct job *job = &crew->jobs[i];
	struct copy_blob *blob = &crew->what->v[i];
	int r = put_flowing(crew->what, blob, pipe, err);

	if (r >= 0)
		image_pipe_drop(pipe);
	pthread_mutex_lock(&crew->lock);
	*again = r < 0 && blob->put.again && !crew->failed && !image_pipe_is_broken(pipe);
	job->again |= *again;
	job->taken = true;
	job->pipe = NULL;
	pthread_cond_broadcast(&crew->changed);
	pthread_mutex_unlock(&crew->lock);
	image_pipe_free(pipe);
	return r;
}

struct refetch {
	struct crew *crew;
	size_t i;
	struct image_pipe *pipe;
};

static void *refetcher(void *arg)
{
	const struct refetch *what = arg;
	const struct copy_blobs *blobs = what->crew->what;
	struct keg_err ignored; /* the pipe's reader gets it */

	(void)!image_fetch(blobs->src, &blobs->v[what->i].want, what->pipe, blobs->reporter,
			   &ignored);
	image_pipe_free(what->pipe);
	return NULL;
}

/*
 * The registry lost what it had of an upload, and the stream cannot be turned back: once more from
 * the source.
 */
static int put_again(struct crew *crew, size_t i, bool *again, struct keg_err *err)
{
	struct refetch what = { crew, i, new_pipe(crew->what, &crew->what->v[i].want) };
	pthread_t thread;

	keg_debug("%s", err->msg);
	set_state(crew, &crew->jobs[i], JOB_FLOWING, what.pipe);
	*again = false;
	if (pthread_create(&thread, NULL, refetcher, &what) != 0) {
		image_pipe_free(what.pipe); /* its reader's part goes with all jobs */
		return -(int)err->code;
	}
	int r = put_and_leave(crew, i, what.pipe, again, err);
	pthread_join(thread, NULL);
	return r;
}

static int take_one(struct crew *crew, size_t i, struct keg_err *err)
{
	struct job *job = &crew->jobs[i];

	pthread_mutex_lock(&crew->lock);
	while (job->state == JOB_WAITING && !crew->failed)
		pthread_cond_wait(&crew->changed, &crew->lock);
	struct image_pipe *pipe = job->state == JOB_FLOWING ? job->pipe : NULL;
	pthread_mutex_unlock(&crew->lock);
	if (!pipe)
		return 0;

	struct copy_blob *blob = &crew->what->v[i];
	bool again = false;
	int r = put_and_leave(crew, i, pipe, &again, err);
	for (int tries = 0; again && tries < PUT_AGAIN_MOST; tries++)
		r = put_again(crew, i, &again, err);
	if (r < 0)
		return r;
	if (crew->what->dst->remote && blob->put.size > 0)
		image_report_moved(crew->what->reporter, (uint64_t)blob->put.size, 0);
	image_report_blob(crew->what->reporter, IMAGE_EVENT_DONE, &blob->want,
			  blob->want.size > 0 ? (uint64_t)blob->want.size : 0);
	return 0;
}

static void *taker(void *arg)
{
	struct crew *crew = arg;

	for (size_t i; (i = next_job(crew, &crew->next_take)) < crew->what->n;) {
		struct keg_err err = { 0 };

		if (take_one(crew, i, &err) < 0) {
			fail(crew, &err);
			break;
		}
	}
	return NULL;
}

static unsigned at_most(unsigned usual, unsigned opinion, size_t jobs)
{
	unsigned n = opinion > 0 && opinion < usual ? opinion : usual;

	return jobs < n ? (unsigned)jobs : n;
}

/* Start `n` threads; one at least, on which all depends. Returns how many. */
static int start(pthread_t *threads, unsigned n, void *(*body)(void *), struct crew *crew)
{
	unsigned started = 0;

	while (started < n && pthread_create(&threads[started], NULL, body, crew) == 0)
		started++;
	return (int)started;
}

static void finish(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

int copy_blobs_run(const struct copy_blobs *what, struct keg_err *err)
{
	pthread_t fetchers[FETCHERS], takers[TAKERS];
	struct crew crew = {
		.what = what,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};

	if (what->n == 0)
		return 0;
	crew.jobs = keg_alloc(what->n, sizeof *crew.jobs);
	unsigned fetch = at_most(FETCHERS, what->src->max_parallel, what->n);
	unsigned take = at_most(TAKERS, what->dst->max_parallel, what->n);
	int n_fetchers = start(fetchers, at_most(fetch, what->parallel, fetch), fetcher, &crew);
	int n_takers = start(takers, at_most(take, what->parallel, take), taker, &crew);
	if (n_fetchers == 0 || n_takers == 0) {
		keg_fail(err, KEG_ESYSTEM, "start a thread: not permitted");
		fail(&crew, err);
	}
	finish(fetchers, n_fetchers);
	finish(takers, n_takers);

	for (size_t i = 0; i < what->n; i++) {
		if (crew.jobs[i].pipe)
			image_pipe_free(crew.jobs[i].pipe);
	}
	free(crew.jobs);
	if (!crew.failed)
		return 0;
	*err = crew.err;
	return -(int)err->code;
}
