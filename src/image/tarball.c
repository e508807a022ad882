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
#include "image/made_source.h"
#include "spec/image_config.h"

/* Standard input, which can be read only once, in an unnamed file. */
static int keep_stdin(const char *tmpdir, struct keg_err *err)
{
	int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	if (in < 0)
		return keg_fail_sys(err, errno, "read standard input");
	autoptr(stream_in) from = stream_in_fd(in);
	return image_spill(from, tmpdir, NULL, err);
}

/* The layer, and when it was changed. */
static int add_tar(struct made_source *src, const char *name, const char *tmpdir,
		   struct timespec *changed, struct keg_err *err)
{
	struct stat st;
	autofd int fd = keg_str_eq(name, "-") ? keep_stdin(tmpdir, err)
					      : keg_open_at(AT_FDCWD, name, O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return keg_fail_sys(err, errno, "error reading \"%s\": stat", name);
	*changed = st.st_mtim;
	int r = made_source_add(src, take_fd(&fd), err);
	return r < 0 ? keg_wrap(err, "error reading \"%s\"", name) : r;
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static void make_config(struct made_source *src, const struct timespec *changed)
{
	auto(keg_arena) arena = { 0 };
	size_t n = src->n_layers;
	struct platform host;
	struct image_run_config run = { 0 };
	struct image_rootfs rootfs = { .type = "layers", .n_diff_ids = n };
	struct image_config config = { .config = &run, .rootfs = &rootfs, .n_history = n };
	const struct timespec *newest = &changed[0];

	rootfs.diff_ids = keg_arena_alloc(&arena, n, sizeof *rootfs.diff_ids);
	config.history = keg_arena_alloc(&arena, n, sizeof *config.history);
	for (size_t i = 0; i < n; i++) {
		const char *diff_id = src->layers[i].is.diff_id;
		autofree char *when = keg_time_format(changed[i]);

		rootfs.diff_ids[i] = diff_id;
		config.history[i].created = keg_arena_strdup(&arena, when);
		config.history[i].created_by = keg_arena_printf(
			&arena, "/bin/sh -c #(nop) ADD file:%s in /", digest_hex(diff_id));
		config.history[i].comment = "imported from tarball";
		if (is_later(&changed[i], newest))
			newest = &changed[i];
	}
	platform_host(&host);
	config.architecture = host.architecture;
	config.os = host.os;
	autofree char *created = keg_time_format(*newest);
	config.created = created;
	image_config_emit(&config, &src->config);
}

static int tarball_open(const char *rest, const struct image_access *access,
			struct image_source **out, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	auto(keg_arena) arena = { 0 };

	keg_strv_split(&names, rest, ':');
	struct made_source *src = made_source_new(keg_printf("tarball:%s", rest), names.n);
	autoptr(image_source) owned = &src->base;
	struct timespec *changed = keg_arena_alloc(&arena, names.n + 1, sizeof *changed);
	for (size_t i = 0; i < names.n; i++) {
		int r = add_tar(src, names.v[i], access->tmpdir, &changed[i], err);
		if (r < 0)
			return r;
	}
	make_config(src, changed);
	made_source_finish(src, MANIFEST_OCI);
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
