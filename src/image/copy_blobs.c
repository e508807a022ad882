/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_blobs.h"

#include <pthread.h>

#include "base/mem.h"
#include "image/fetch.h"

enum {
	FETCHERS = 6,
	TAKERS = 3,
	RING_ROOM = 4 << 20,
	/* Smaller blobs are not worth a file to resume from. */
	SPOOL_MIN = 1 << 20,
};

enum job_state { JOB_WAITING = 0, JOB_FLOWING, JOB_SKIPPED };

struct job {
	enum job_state state;
	struct image_pipe *pipe;
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

/* The index of the next job on this side, or n: there is none, or all is lost. */
static size_t next_job(struct crew *crew, size_t *counter)
{
	pthread_mutex_lock(&crew->lock);
	size_t i = crew->failed || *counter >= crew->what->n ? crew->what->n : (*counter)++;
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

static int fetch_one(struct crew *crew, size_t i, struct keg_err *err)
{
	const struct copy_blobs *what = crew->what;
	struct copy_blob *blob = &what->v[i];

	if (!is_changed(blob)) {
		int r = what->dst->ops->reuse(what->dst, &blob->want, !what->fixed, &blob->put,
					      err);
		if (r < 0)
			return r;
		if (r > 0) {
			blob->reused = true;
			image_report_blob(what->reporter, IMAGE_EVENT_SKIPPED, &blob->want, 0);
			set_state(crew, &crew->jobs[i], JOB_SKIPPED, NULL);
			return 0;
		}
	}

	struct image_pipe *pipe = new_pipe(what, &blob->want);
	set_state(crew, &crew->jobs[i], JOB_FLOWING, pipe);
	int r = image_fetch(what->src, &blob->want, pipe, what->reporter, err);
	image_pipe_free(pipe);
	return r;
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
	struct image_blob as = blob->want;
	struct stream_in *reader = image_pipe_reader(pipe);
	autoptr(stream_in) from = NULL;

	int r = copy_stages_open(&blob->wish, reader, &from, &blob->change, err);
	if (r < 0)
		return r;
	if (is_changed(blob)) {
		as.digest[0] = '\0';
		as.size = -1;
	}
	return what->dst->ops->put(what->dst, &as, from, &blob->put, err);
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
	int r = put_flowing(crew->what, blob, pipe, err);
	if (r >= 0)
		image_pipe_drop(pipe);
	pthread_mutex_lock(&crew->lock);
	job->pipe = NULL;
	pthread_mutex_unlock(&crew->lock);
	image_pipe_free(pipe);
	if (r < 0)
		return r;
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
