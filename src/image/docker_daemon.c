/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docker-daemon:NAME:TAG or docker-daemon:sha256:ID - an image in a Docker engine, over the
 * archive that it saves and loads. Reading wants manifest.json, which stands last, so the archive
 * is kept in an unnamed file. Writing is streamed: a thread sends what the copy writes.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/docker_archive.h"
#include "image/pipe.h"
#include "image/scopes.h"
#include "image/spill.h"
#include "registry/docker_engine.h"

enum { SEND_ROOM = 1 << 20 };

static int parse_name(const char *rest, struct reference *out, struct keg_err *err)
{
	int r = reference_parse_normalized(rest, out, err);

	if (r < 0)
		return r;
	autofree char *familiar = reference_familiar(out);
	if (keg_str_starts(familiar, "sha256:") || keg_str_eq(familiar, "sha256"))
		return keg_fail(err, KEG_EUSAGE,
				"Invalid docker-daemon: reference %s: The sha256 repository name "
				"is reserved for (non-shortened) digest references",
				rest);
	if (!out->tag && !out->digest)
		return keg_fail(err, KEG_EUSAGE,
				"docker-daemon: reference %s has neither a tag nor a digest",
				familiar);
	if (out->tag && out->digest)
		return keg_fail(err, KEG_EUSAGE,
				"docker-daemon: references with both a tag and digest are "
				"currently not supported");
	return 0;
}

/* *out stays empty for an image that is named by its id. */
static int parse(const char *rest, struct reference *out, struct keg_err *err)
{
	struct keg_err ignored;

	if (digest_check(rest, &ignored) < 0)
		return parse_name(rest, out, err);
	if (!digest_is_sha256(rest))
		return keg_fail(err, KEG_EUSAGE,
				"Invalid docker-daemon: reference %s: only digest algorithm sha256 "
				"accepted",
				rest);
	return 0;
}

/*
 * The peers take the option alone; $DOCKER_HOST and its kin are what Docker's own client reads,
 * for which tcp:// is without TLS unless $DOCKER_TLS_VERIFY is set.
 */
static int connect_engine(const struct image_access *access, struct docker_engine **out,
			  struct keg_err *err)
{
	const char *env = getenv("DOCKER_HOST"), *certs = getenv("DOCKER_CERT_PATH");
	struct docker_engine_where where = { .host = access->daemon_host,
					     .cert_dir = access->cert_dir,
					     .insecure = access->tls_verify_given &&
							 !access->tls_verify };

	if (!where.host && !keg_str_empty(env)) {
		where.host = env;
		where.plain_tcp = keg_str_empty(getenv("DOCKER_TLS_VERIFY")) && !where.cert_dir;
		if (!where.cert_dir && !keg_str_empty(certs))
			where.cert_dir = certs;
	}
	if (!where.host)
		where.host = DOCKER_ENGINE_HOST;
	return docker_engine_open(&where, out, err);
}

static int take_bytes(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	return keg_write_all(*(const int *)ctx, bytes, len, err);
}

static int daemon_source(const char *rest, const struct image_access *access,
			 struct image_source **out, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	auto(docker_archive_ref) all = { .index = -1 };
	autoptr(docker_engine) engine = NULL;
	autofree char *name = keg_printf("docker-daemon:%s", rest);
	struct archive_index *index;

	int r = parse(rest, &ref, err);
	if (r >= 0)
		r = connect_engine(access, &engine, err);
	if (r < 0)
		return r;
	autofd int fd = keg_open_unnamed(image_tmpdir(access->tmpdir), err);
	if (fd < 0)
		return fd;
	autofree char *asked = ref.path ? reference_familiar(&ref) : keg_strdup(rest);
	r = docker_engine_save(engine, asked, take_bytes, &fd, err);
	if (r < 0)
		return r;
	r = archive_index_of(take_fd(&fd), &index, err);
	if (r >= 0)
		r = docker_archive_source_of(name, &all, index, out, err);
	if (r < 0)
		return keg_wrap(err, "archive from docker engine");
	if (ref.path)
		(*out)->repository = reference_name(&ref);
	return 0;
}

/* An archive on its way into the engine. */
struct loading {
	struct stream_out out; /* first: the stream is this struct */
	struct docker_engine *engine;
	struct image_pipe *pipe;
	pthread_t thread;
	bool ended;	    /* the thread has */
	int result;	    /* of the thread, once it has ended */
	struct keg_err why; /* with it */
};

static ssize_t loading_read(void *ctx, void *into, size_t room, struct keg_err *err)
{
	struct stream_in *from = ctx;

	return from->read(from, into, room, err);
}

static void *loading_run(void *arg)
{
	struct loading *load = arg;
	struct stream_in *reader = image_pipe_reader(load->pipe);
	const struct registry_source archive = { .read = loading_read, .ctx = reader, .size = -1 };

	load->result = docker_engine_load(load->engine, &archive, &load->why);
	reader->close(reader);
	image_pipe_free(load->pipe);
	return NULL;
}

/* `why` NULL: the archive is whole. Then wait for what the engine says. */
static void loading_end(struct loading *load, const struct keg_err *why)
{
	if (load->ended)
		return;
	image_pipe_end(load->pipe, why);
	image_pipe_free(load->pipe);
	pthread_join(load->thread, NULL);
	load->ended = true;
}

static int loading_write(struct stream_out *out, const void *bytes, size_t len, struct keg_err *err)
{
	struct loading *load = (struct loading *)out;

	if (load->ended)
		return keg_fail(err, KEG_EBUSY, "the docker engine takes no more");
	int r = image_pipe_write(load->pipe, bytes, len, err);
	if (r >= 0)
		return r;
	loading_end(load, err);
	if (load->result < 0)
		*err = load->why;
	return -(int)err->code;
}

static int loading_commit(void *ctx, struct keg_err *err)
{
	struct loading *load = ctx;

	loading_end(load, NULL);
	if (load->result < 0)
		*err = load->why;
	return load->result;
}

static void loading_free(void *ctx)
{
	struct loading *load = ctx;
	struct keg_err aborted = { 0 };

	(void)!keg_fail(&aborted, KEG_EBUSY, "the copy was broken off");
	loading_end(load, &aborted);
	docker_engine_close(load->engine);
	free(load);
}

static int loading_start(struct docker_engine *engine, struct loading **out, struct keg_err *err)
{
	struct loading *load = keg_alloc(1, sizeof *load);

	load->out.write = loading_write;
	load->engine = engine;
	load->pipe = image_pipe_new(SEND_ROOM);
	int failed = pthread_create(&load->thread, NULL, loading_run, load);
	if (failed) {
		image_pipe_free(load->pipe);
		image_pipe_free(load->pipe);
		free(load);
		return keg_fail_sys(err, failed, "start a thread");
	}
	*out = load;
	return 0;
}

static int daemon_dest(const char *rest, const struct image_access *access, struct image_dest **out,
		       struct keg_err *err)
{
	auto(reference) ref = { 0 };
	autoptr(docker_engine) engine = NULL;
	autofree char *name = keg_printf("docker-daemon:%s", rest);
	struct loading *load;

	int r = parse(rest, &ref, err);
	if (r >= 0 && !ref.tag)
		r = keg_fail(err, KEG_EUSAGE,
			     "Invalid destination docker-daemon:%s: a destination must be a "
			     "name:tag",
			     rest);
	if (r >= 0)
		r = connect_engine(access, &engine, err);
	if (r >= 0)
		r = loading_start(engine, &load, err);
	if (r < 0)
		return r;
	engine = NULL; /* the load's */
	const struct docker_archive_sink sink = {
		.out = &load->out, .commit = loading_commit, .free = loading_free, .ctx = load
	};
	*out = docker_archive_dest_of(name, &sink, access->tmpdir);
	autofree char *tag = reference_format(&ref);
	docker_archive_dest_name(*out, (const char *const[]){ tag }, 1);
	return 0;
}

static int daemon_check(const char *rest, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	return parse(rest, &ref, err);
}

/* An id has no scope but the transport's default. */
static int daemon_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
			 struct keg_err *err)
{
	auto(reference) ref = { 0 };

	(void)access;
	int r = parse(rest, &ref, err);
	return r < 0 || !ref.path ? r : image_scopes_docker(rest, out, err);
}

const struct image_transport image_transport_docker_daemon = {
	.name = "docker-daemon",
	.check = daemon_check,
	.source = daemon_source,
	.dest = daemon_dest,
	.scopes = daemon_scopes,
};
