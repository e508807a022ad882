/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe - the registry layer on a command line, for tests against servers with faults.
 *
 *   probe [OPTION...] COMMAND HOST PATH [ARG...]
 *
 * It prints what it got, or "CODE message" on stderr and exits with the code.
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/sha256.h"
#include "registry/blob.h"
#include "registry/manifest.h"
#include "registry/upload.h"

struct request {
	struct registry_options options;
	unsigned pause; /* seconds that the sink takes for its first bytes */
	const char *command, *host, *path, *arg[3];
};

struct sum {
	unsigned pause;
	struct keg_sha256 sha;
	int64_t bytes;
};

static int add(void *ctx, const void *bytes, size_t len, struct keg_err *err)
{
	struct sum *sum = ctx;

	(void)err;
	if (sum->bytes == 0 && sum->pause > 0)
		sleep(sum->pause);
	keg_sha256_add(&sum->sha, bytes, len);
	sum->bytes += (int64_t)len;
	return 0;
}

static int get_blob(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	struct registry_blob_want want = { .digest = req->arg[0], .size = -1 };
	struct sum sum = { .pause = req->pause };
	char hex[KEG_SHA256_HEX + 1];

	int r = req->arg[1] ? keg_parse_i64(req->arg[1], &want.size, err) : 0;
	if (r < 0)
		return r;
	keg_sha256_init(&sum.sha);
	r = registry_blob_get(repo, &want, add, &sum, err);
	keg_sha256_end_hex(&sum.sha, hex);
	printf("%lld sha256:%s\n", (long long)sum.bytes, hex);
	return r;
}

/* The same blob on several threads at once, as many as the last argument says. */
struct worker {
	pthread_t thread;
	struct registry_repo *repo;
	const struct request *req;
	struct keg_err err;
	int r;
};

static void *work(void *arg)
{
	struct worker *w = arg;

	w->r = get_blob(w->repo, w->req, &w->err);
	return NULL;
}

static int get_parallel(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	struct worker workers[64];
	unsigned n;

	int r = keg_parse_u32(req->arg[2], &n, err);
	if (r < 0)
		return r;
	if (n > KEG_COUNT(workers))
		return keg_fail(err, KEG_EUSAGE, "at most %zu threads", KEG_COUNT(workers));
	for (unsigned i = 0; i < n; i++) {
		workers[i] = (struct worker){ .repo = repo, .req = req };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			keg_bug("no thread");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(workers[i].thread, NULL);
		if (workers[i].r < 0) {
			*err = workers[i].err;
			r = workers[i].r;
		}
	}
	return r;
}

static int get_manifest(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	auto(registry_manifest) manifest = { 0 };

	int r = registry_manifest_get(repo, req->arg[0], &manifest, err);
	if (r >= 0)
		printf("%s %s %zu\n", manifest.digest, manifest.media_type, manifest.bytes.len);
	return r;
}

static int get_digest(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	autofree char *digest = NULL;

	int r = registry_manifest_digest(repo, req->arg[0], &digest, err);
	if (r >= 0)
		printf("%s\n", digest);
	return r;
}

static int list_tags(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	auto(keg_strv) tags = { 0 };

	(void)req;
	int r = registry_tags(repo, &tags, err);
	for (size_t i = 0; r >= 0 && i < tags.n; i++)
		printf("%s\n", tags.v[i]);
	return r;
}

static int stat_blob(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	int64_t size = -1;
	int r = registry_blob_stat(repo, req->arg[0], &size, err);

	if (r >= 0)
		printf("%d %lld\n", r, (long long)size);
	return r;
}

/* A file as a blob, streamed with an unknown size; prints the digest found meanwhile. */
struct file_source {
	int fd;
	struct keg_sha256 sha;
};

static ssize_t read_file(void *ctx, void *into, size_t room, struct keg_err *err)
{
	struct file_source *source = ctx;
	ssize_t n = read(source->fd, into, room);

	if (n < 0)
		return keg_fail_sys(err, errno, "read");
	keg_sha256_add(&source->sha, into, (size_t)n);
	return n;
}

static int put_blob(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	autoptr(registry_upload) upload = NULL;
	struct file_source file = { 0 };
	struct registry_source source = { .read = read_file, .ctx = &file, .size = -1 };
	char digest[8 + KEG_SHA256_HEX] = "sha256:";

	autofd int fd = keg_open_at(AT_FDCWD, req->arg[0], O_RDONLY, 0, err);
	if (fd < 0)
		return fd;
	file.fd = fd;
	keg_sha256_init(&file.sha);
	int r = registry_upload_send(repo, &source, &upload, NULL, err);
	if (r < 0)
		return r;
	keg_sha256_end_hex(&file.sha, digest + 7);
	r = registry_upload_commit(upload, digest, err);
	if (r >= 0)
		printf("%s\n", digest);
	return r;
}

static int put_manifest(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	auto(keg_buf) bytes = { 0 };
	int r = keg_file_read(AT_FDCWD, req->arg[2], REGISTRY_MANIFEST_MOST, &bytes, err);

	if (r < 0)
		return r;
	return registry_manifest_put(repo, req->arg[0], req->arg[1], keg_buf_text(&bytes),
				     bytes.len, NULL, err);
}

static int mount_blob(struct registry_repo *repo, const struct request *req, struct keg_err *err)
{
	int r = registry_blob_mount(repo, req->arg[0], req->arg[1], err);

	if (r >= 0)
		printf("%d\n", r);
	return r;
}

static int delete_manifest(struct registry_repo *repo, const struct request *req,
			   struct keg_err *err)
{
	return registry_manifest_delete(repo, req->arg[0], err);
}

static const struct command {
	const char *name;
	enum registry_access access;
	int least; /* arguments */
	int (*run)(struct registry_repo *repo, const struct request *req, struct keg_err *err);
} commands[] = {
	{ "blob", REGISTRY_PULL, 1, get_blob },
	{ "delete", REGISTRY_DELETE, 1, delete_manifest },
	{ "digest", REGISTRY_PULL, 1, get_digest },
	{ "manifest", REGISTRY_PULL, 1, get_manifest },
	{ "mount-blob", REGISTRY_PUSH, 2, mount_blob },
	{ "parallel", REGISTRY_PULL, 3, get_parallel },
	{ "put-blob", REGISTRY_PUSH, 1, put_blob },
	{ "put-manifest", REGISTRY_PUSH, 3, put_manifest },
	{ "stat", REGISTRY_PULL, 1, stat_blob },
	{ "tags", REGISTRY_PULL, 0, list_tags },
};

static int parse_option(const char *word, struct request *req, struct keg_err *err)
{
	struct registry_options *options = &req->options;
	const struct {
		const char *name;
		const char **into;
	} texts[] = {
		{ "--authfile=", &options->authfile }, { "--user=", &options->username },
		{ "--password=", &options->password }, { "--token=", &options->registry_token },
		{ "--cert-dir=", &options->cert_dir },
	};
	const char *value;

	for (size_t i = 0; i < KEG_COUNT(texts); i++) {
		if ((value = keg_str_after(word, texts[i].name))) {
			*texts[i].into = value;
			return 0;
		}
	}
	if ((value = keg_str_after(word, "--stall=")))
		return keg_parse_u32(value, &options->stall_seconds, err);
	if ((value = keg_str_after(word, "--pause=")))
		return keg_parse_u32(value, &req->pause, err);
	if (strcmp(word, "--tls-verify=false") == 0)
		options->tls = REGISTRY_TLS_OFF;
	else if (strcmp(word, "--tls-verify=true") == 0)
		options->tls = REGISTRY_TLS_VERIFY;
	else
		return keg_fail(err, KEG_EUSAGE, "unknown option %s", word);
	return 0;
}

static int run(const struct request *req, int n_args, struct keg_err *err)
{
	autoptr(registry_client) client = NULL;
	autoptr(registry_repo) repo = NULL;
	struct registry_place place = { .host = req->host, .path = req->path };
	const struct command *command = NULL;

	for (size_t i = 0; i < KEG_COUNT(commands); i++) {
		if (strcmp(commands[i].name, req->command) == 0)
			command = &commands[i];
	}
	if (!command || n_args < command->least)
		return keg_fail(err, KEG_EUSAGE, "probe %s: see the source", req->command);
	int r = registry_client_new(&req->options, &client, err);
	if (r >= 0)
		r = registry_repo_open(client, &place, command->access, &repo, err);
	return r < 0 ? r : command->run(repo, req, err);
}

int main(int argc, char **argv)
{
	struct keg_err err = { 0 };
	struct request req = { 0 };
	int at = 1, r = 0;

	for (; r >= 0 && at < argc && keg_str_starts(argv[at], "--"); at++)
		r = parse_option(argv[at], &req, &err);
	if (r >= 0 && argc - at < 3)
		r = keg_fail(&err, KEG_EUSAGE, "probe COMMAND HOST PATH [ARG...]");
	if (r >= 0) {
		req.command = argv[at];
		req.host = argv[at + 1];
		req.path = argv[at + 2];
		for (int i = 0; i < 3 && at + 3 + i < argc; i++)
			req.arg[i] = argv[at + 3 + i];
		r = run(&req, argc - at - 3, &err);
	}
	if (r >= 0)
		return 0;
	fprintf(stderr, "%d %s\n", -r, err.msg);
	return -r;
}
