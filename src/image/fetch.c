/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes pass one stage of ours: counted, so that no source can send more than was
 * declared, hashed, and only then handed on.
 */
#include "image/fetch.h"

#include "base/clock.h"
#include "base/sha256.h"
#include "base/strv.h"
#include "image/copy.h"

enum { REPORT_EVERY_NS = 100 * 1000 * 1000 };

struct fetching {
	struct stream_out stage; /* first: the stage is this struct */
	const struct image_blob *blob;
	struct image_pipe *pipe; /* NULL while bytes of an earlier attempt are hashed */
	struct image_reporter *reporter;
	struct keg_sha256 sum;
	uint64_t count;
	int64_t reported_ns;
	int64_t deadline_ns;
};

int image_digest_check(const char *digest, struct keg_err *err)
{
	int r = digest_check(digest, err);

	if (r < 0)
		return r;
	if (!digest_is_sha256(digest))
		return keg_fail(err, KEG_EUNSUPPORTED,
				"digest %s: only sha256 can be verified by this build", digest);
	return 0;
}

static void report_sometimes(struct fetching *f)
{
	int64_t ns = keg_monotonic_ns();

	if (ns - f->reported_ns < REPORT_EVERY_NS)
		return;
	f->reported_ns = ns;
	image_report_blob(f->reporter, IMAGE_EVENT_ADVANCED, f->blob, f->count);
}

static int fetch_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	struct fetching *f = (struct fetching *)out;

	if (f->blob->size >= 0 && f->count + len > (uint64_t)f->blob->size)
		return keg_fail(err, KEG_ECORRUPT, "blob %s is longer than the %lld bytes declared",
				f->blob->digest, (long long)f->blob->size);
	keg_sha256_add(&f->sum, bytes, len);
	if (f->pipe) {
		int r = image_pipe_write(f->pipe, bytes, len, err);
		if (r < 0)
			return r;
	}
	f->count += len;
	report_sometimes(f);
	return image_check_deadline(f->deadline_ns, err);
}

static int fetch_finish(struct stream_out *out, struct keg_err *err)
{
	(void)out;
	(void)err;
	return 0;
}

static void fetch_close(struct stream_out *out)
{
	(void)out;
}

static int verify(struct fetching *f, struct keg_err *err)
{
	unsigned char sum[KEG_SHA256_SIZE];
	char digest[DIGEST_SHA256_LEN + 1];

	if (f->blob->size >= 0 && f->count != (uint64_t)f->blob->size)
		return keg_fail(err, KEG_ECORRUPT, "blob %s has %llu bytes instead of %lld",
				f->blob->digest, (unsigned long long)f->count,
				(long long)f->blob->size);
	keg_sha256_end(&f->sum, sum);
	digest_from_sha256(digest, sum);
	if (f->blob->digest[0] && !keg_str_eq(digest, f->blob->digest))
		return keg_fail(err, KEG_ECORRUPT, "blob %s did not match its digest, got %s",
				f->blob->digest, digest);
	return 0;
}

static int run(struct fetching *f, struct image_source *src, struct image_pipe *pipe,
	       struct keg_err *err)
{
	int r = f->blob->digest[0] ? image_digest_check(f->blob->digest, err) : 0;
	if (r < 0)
		return r;

	int64_t have = image_pipe_resume(pipe, &f->stage, err);
	if (have < 0)
		return (int)have;
	f->pipe = pipe;
	image_report_blob(f->reporter, IMAGE_EVENT_STARTED, f->blob, f->count);

	/* Nothing to ask for when an earlier attempt had all of it. */
	if (have == 0 || have != f->blob->size) {
		r = src->ops->blob(src, f->blob, (uint64_t)have, &f->stage, err);
		if (r < 0)
			return r;
	}
	r = verify(f, err);
	if (r >= 0)
		image_report_moved(f->reporter,
				   f->reporter->sees_reads ? f->count - (uint64_t)have : 0,
				   (uint64_t)have);
	return r;
}

int image_fetch(struct image_source *src, const struct image_blob *blob, struct image_pipe *pipe,
		struct image_reporter *reporter, struct keg_err *err)
{
	struct fetching f = {
		.stage = { .write = fetch_write, .finish = fetch_finish, .close = fetch_close },
		.blob = blob,
		.reporter = reporter,
		.deadline_ns = src->deadline_ns,
	};

	keg_sha256_init(&f.sum);
	int r = run(&f, src, pipe, err);
	if (r == -KEG_ECORRUPT)
		image_pipe_drop(pipe);
	image_pipe_end(pipe, r < 0 ? err : NULL);
	return r;
}
