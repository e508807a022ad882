/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: the tar of a root file system becomes an image of one layer. It is a source like any
 * other, whose manifest and configuration are made here; so what is imported takes the
 * same way into the store as what is pulled.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "archive/compress.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/config_change.h"
#include "image/digest_of.h"
#include "image/into_store.h"
#include "image/load_names.h"
#include "image/policy.h"
#include "image/spill.h"
#include "image/transfer_parts.h"

struct rootfs_source {
	struct image_source base;
	int fd; /* the plain tar */
	struct keg_buf config, manifest;
};

static int rootfs_manifest(struct image_source *source, const char *instance, struct keg_buf *out,
			   char **media_type, struct keg_err *err)
{
	struct rootfs_source *src = (struct rootfs_source *)source;

	(void)instance;
	(void)err;
	keg_buf_add(out, src->manifest.data, src->manifest.len);
	*media_type = keg_strdup(MEDIA_OCI_MANIFEST);
	return 0;
}

static int rootfs_blob(struct image_source *source, const struct image_blob *blob, uint64_t from,
		       struct stream_out *to, struct keg_err *err)
{
	struct rootfs_source *src = (struct rootfs_source *)source;

	if (blob->layer == IMAGE_CONFIG_LAYER)
		return to->write(to, src->config.data, src->config.len, err);
	autoptr(stream_in) in = stream_in_window(src->fd, from, UINT64_MAX);
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

static void rootfs_free(struct image_source *source)
{
	struct rootfs_source *src = (struct rootfs_source *)source;

	if (src->fd >= 0)
		close(src->fd);
	keg_buf_done(&src->config);
	keg_buf_done(&src->manifest);
	free(src->base.name);
	free(src);
}

static const struct image_source_ops rootfs_ops = {
	.manifest = rootfs_manifest,
	.blob = rootfs_blob,
	.free = rootfs_free,
};

static int open_input(const char *path, struct keg_err *err)
{
	if (path && !keg_str_eq(path, "-"))
		return keg_open_at(AT_FDCWD, path, O_RDONLY, 0, err);

	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? keg_fail_sys(err, errno, "read standard input") : fd;
}

/* The tar, decompressed, into an unnamed file; its digest and size on the way. */
static int take_tar(const struct transfer_import *req, struct stream_tap *tap, struct keg_err *err)
{
	autoptr(stream_in) plain = NULL;
	int in = open_input(req->path, err);

	if (in < 0)
		return in;
	struct stream_in *raw = stream_in_fd(in);
	int r = stream_decompress(raw, 0, NULL, &plain, err);
	if (r < 0) {
		stream_in_close(raw);
		return r;
	}
	stream_tap_init(tap, 0);
	return image_spill(plain, req->access->tmpdir, tap, err);
}

static int make_config(const struct transfer_import *req, const char *diff_id, struct keg_buf *out,
		       struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct platform host;
	struct image_run_config run = { 0 };
	struct image_rootfs rootfs = { .type = "layers", .diff_ids = &diff_id, .n_diff_ids = 1 };
	struct image_history history = { .comment = req->message };
	struct image_config config = {
		.config = &run, .rootfs = &rootfs, .history = &history, .n_history = 1
	};

	for (size_t i = 0; i < req->n_changes; i++) {
		int r = image_config_change(&run, req->changes[i], &arena, err);
		if (r < 0)
			return r;
	}
	platform_host(&host);
	config.architecture = req->access->arch ? req->access->arch : host.architecture;
	config.os = req->access->os ? req->access->os : host.os;
	config.variant = req->access->variant;
	autofree char *created = keg_time_format(keg_now());
	autofree char *by = keg_printf("/bin/sh -c #(nop) ADD file:%s in / ", digest_hex(diff_id));
	config.created = history.created = created;
	history.created_by = by;
	config.comment = req->message;
	image_config_emit(&config, out);
	return 0;
}

static void make_manifest(struct rootfs_source *src, const char *diff_id, int64_t size)
{
	char digest[DIGEST_SHA256_LEN + 1];
	struct descriptor config = { .media_type = MEDIA_OCI_CONFIG,
				     .digest = digest,
				     .size = (int64_t)src->config.len };
	struct descriptor layer = { .media_type = MEDIA_OCI_LAYER,
				    .digest = diff_id,
				    .size = size };
	const struct manifest image = { .schema_version = 2,
					.media_type = MEDIA_OCI_MANIFEST,
					.config = &config,
					.layers = &layer,
					.n_layers = 1 };

	image_digest_of(digest, src->config.data, src->config.len);
	manifest_emit(&image, &src->manifest);
}

int transfer_import(const struct transfer_import *req, struct keg_strv *ids, struct keg_err *err)
{
	struct stream_tap tap;
	char diff_id[DIGEST_SHA256_LEN + 1];
	autofree char *name = NULL;
	autoptr(image_policy) policy = NULL;
	struct rootfs_source *src = keg_alloc(1, sizeof *src);

	src->base.ops = &rootfs_ops;
	src->base.name = keg_printf("tarball:%s", req->path ? req->path : "-");
	src->fd = -1;
	autoptr(image_source) owned = &src->base;

	int r = req->name ? image_full_name(req->name, &name, err) : 0;
	if (r >= 0)
		r = image_policy_open(req->access, &image_transport_tarball,
				      req->path ? req->path : "-", &policy, err);
	if (r < 0)
		return r;
	src->fd = take_tar(req, &tap, err);
	if (src->fd < 0)
		return src->fd;
	stream_tap_digest(&tap, diff_id);
	r = make_config(req, diff_id, &src->config, err);
	if (r < 0)
		return r;
	make_manifest(src, diff_id, (int64_t)tap.count);

	const struct into_store how = {
		.access = req->access,
		.names = (const char *const *)&name,
		.n_names = name ? 1 : 0,
		.progress = req->progress,
	};
	return into_store_from(&how, owned, policy, ids, err);
}
