/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tarball:FILE[:FILE...] - tars, packed or not, as the layers of an image, lowest first; "-" is
 * standard input. The image is made here as the peers make it: the files' times are its times,
 * and its platform is this machine's.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/digest_of.h"
#include "image/spill.h"
#include "image/transport.h"
#include "spec/image_config.h"

struct tarball {
	int fd;
	struct timespec changed;
	struct image_measures is;
};

struct tarball_source {
	struct image_source base;
	struct tarball *v;
	size_t n;
	struct keg_buf config, manifest;
};

static int tarball_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			    char **media_type, struct keg_err *err)
{
	struct tarball_source *src = (struct tarball_source *)source;

	if (instance)
		return keg_fail(err, KEG_ENOTFOUND,
				"manifest lists are not supported by the \"tarball\" transport");
	keg_buf_add(out, src->manifest.data, src->manifest.len);
	*media_type = keg_strdup(MEDIA_OCI_MANIFEST);
	return 0;
}

static int tarball_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
			struct stream_out *to, struct keg_err *err)
{
	struct tarball_source *src = (struct tarball_source *)source;

	if (from != 0)
		keg_bug("a file is no resumable source");
	if (blob->layer == IMAGE_CONFIG_LAYER)
		return to->write(to, src->config.data, src->config.len, err);
	const struct tarball *tar = &src->v[blob->layer];
	autoptr(stream_in) in = stream_in_window(tar->fd, 0, tar->is.size);
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void tarball_free(struct image_source *source)
{
	struct tarball_source *src = (struct tarball_source *)source;

	for (size_t i = 0; i < src->n; i++) {
		if (src->v[i].fd >= 0)
			close(src->v[i].fd);
	}
	free(src->v);
	keg_buf_done(&src->config);
	keg_buf_done(&src->manifest);
	free(src->base.name);
	free(src);
}

static const struct image_source_ops tarball_ops = {
	.manifest = tarball_manifest,
	.blob = tarball_blob,
	.free = tarball_free,
};

/* Standard input, which can be read only once, in an unnamed file. */
static int keep_stdin(const char *tmpdir, struct keg_err *err)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	if (in < 0)
		return keg_fail_sys(err, errno, "read standard input");
	autoptr(stream_in) from = stream_in_fd(in);
	return image_spill(from, tmpdir, NULL, err);
}

static int measure(struct tarball *tar, struct keg_err *err)
{
	struct stat st;

	if (fstat(tar->fd, &st) < 0)
		return keg_fail_sys(err, errno, "stat");
	tar->changed = st.st_mtim;
	return image_measure(tar->fd, &tar->is, err);
}

static int open_tar(const char *name, const char *tmpdir, struct tarball *out, struct keg_err *err)
{
	int r;

	out->fd = keg_str_eq(name, "-") ? keep_stdin(tmpdir, err)
					: keg_open_at(AT_FDCWD, name, O_RDONLY, 0, err);
	if (out->fd < 0)
		return out->fd;
	r = measure(out, err);
	return r < 0 ? keg_wrap(err, "error reading \"%s\"", name) : r;
}

static void make_config(struct tarball_source *src)
{
	auto(keg_arena) arena = { 0 };
	struct platform host;
	struct image_run_config run = { 0 };
	struct image_rootfs rootfs = { .type = "layers", .n_diff_ids = src->n };
	struct image_config config = { .config = &run, .rootfs = &rootfs, .n_history = src->n };
	const struct timespec *newest = &src->v[0].changed;

	rootfs.diff_ids = keg_arena_alloc(&arena, src->n, sizeof *rootfs.diff_ids);
	config.history = keg_arena_alloc(&arena, src->n, sizeof *config.history);
	for (size_t i = 0; i < src->n; i++) {
		const struct tarball *tar = &src->v[i];
		autofree char *changed = keg_time_format(tar->changed);

		rootfs.diff_ids[i] = tar->is.diff_id;
		config.history[i].created = keg_arena_strdup(&arena, changed);
		config.history[i].created_by = keg_arena_printf(
			&arena, "/bin/sh -c #(nop) ADD file:%s in /", digest_hex(tar->is.diff_id));
		config.history[i].comment = "imported from tarball";
		if (tar->changed.tv_sec > newest->tv_sec ||
		    (tar->changed.tv_sec == newest->tv_sec &&
		     tar->changed.tv_nsec > newest->tv_nsec))
			newest = &tar->changed;
	}
	platform_host(&host);
	config.architecture = host.architecture;
	config.os = host.os;
	autofree char *created = keg_time_format(*newest);
	config.created = created;
	image_config_emit(&config, &src->config);
}

static void make_manifest(struct tarball_source *src)
{
	auto(keg_arena) arena = { 0 };
	char digest[DIGEST_SHA256_LEN + 1];
	struct descriptor config = { .media_type = MEDIA_OCI_CONFIG,
				     .digest = digest,
				     .size = (int64_t)src->config.len };
	struct manifest image = { .schema_version = 2,
				  .media_type = MEDIA_OCI_MANIFEST,
				  .config = &config,
				  .n_layers = src->n };

	image_digest_of(digest, src->config.data, src->config.len);
	image.layers = keg_arena_alloc(&arena, src->n, sizeof *image.layers);
	for (size_t i = 0; i < src->n; i++) {
		const struct tarball *tar = &src->v[i];

		image.layers[i].media_type =
			tar->is.packing == COMPRESSION_GZIP   ? MEDIA_OCI_LAYER_GZIP
			: tar->is.packing == COMPRESSION_ZSTD ? MEDIA_OCI_LAYER_ZSTD
							      : MEDIA_OCI_LAYER;
		image.layers[i].digest = tar->is.digest;
		image.layers[i].size = (int64_t)tar->is.size;
	}
	manifest_emit(&image, &src->manifest);
}

static int tarball_open(const char *rest, const struct image_access *access,
			struct image_source **out, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	struct tarball_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &tarball_ops;
	src->base.name = keg_printf("tarball:%s", rest);
	autoptr(image_source) owned = &src->base;
	keg_strv_split(&names, rest, ':');
	src->v = keg_alloc(names.n + 1, sizeof *src->v);
	for (size_t i = 0; i < names.n; i++) {
		src->n = i + 1;
		int r = open_tar(names.v[i], access->tmpdir, &src->v[i], err);
		if (r < 0)
			return r;
	}
	make_config(src);
	make_manifest(src);
	*out = take_ptr(&owned);
	return 0;
}

static int tarball_check(const char *rest, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };

	keg_strv_split(&names, rest, ':');
	if (names.n == 0)
		return keg_fail(err, KEG_EUSAGE, "error opening \"\": no file is named");
	for (size_t i = 0; i < names.n; i++) {
		if (keg_str_eq(names.v[i], "-"))
			continue;
		autofd int fd = keg_open_at(AT_FDCWD, names.v[i], O_RDONLY, 0, err);
		if (fd < 0)
			return keg_wrap(err, "error opening \"%s\"", names.v[i]);
	}
	return 0;
}

static int tarball_dest(const char *rest, const struct image_access *access,
			struct image_dest **out, struct keg_err *err)
{
	(void)rest;
	(void)access;
	(void)out;
	return keg_fail(err, KEG_EUSAGE,
			"\"tarball:\" locations can only be read from, not written to");
}

/* As with the peers: only the transport's default. */
static int tarball_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
			  struct keg_err *err)
{
	(void)access;
	(void)rest;
	(void)out;
	(void)err;
	return 0;
}

const struct image_transport image_transport_tarball = {
	.name = "tarball",
	.check = tarball_check,
	.source = tarball_open,
	.dest = tarball_dest,
	.scopes = tarball_scopes,
};
