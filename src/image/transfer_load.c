/* SPDX-License-Identifier: Apache-2.0 */
/* load: find out what was given, then load_names.c. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/stream.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/archive_index.h"
#include "image/load_names.h"
#include "image/spill.h"
#include "image/transfer_parts.h"

static int unknown(const char *path, struct keg_err *err)
{
	return keg_fail(err, KEG_EUSAGE,
			"payload does not match any of the supported image formats (oci, "
			"oci-archive, dir, docker-archive): %s",
			path);
}

static const char *folder_transport(const char *path)
{
	autofree char *index = keg_path_join(path, "index.json");
	autofree char *manifest = keg_path_join(path, "manifest.json");

	if (keg_exists(AT_FDCWD, index))
		return "oci";
	return keg_exists(AT_FDCWD, manifest) ? "dir" : NULL;
}

/* NULL with *err filled when it is no archive of a kind that is known. */
static const char *archive_transport(const char *path, const char *tmpdir, struct keg_err *err)
{
	autoptr(archive_index) index = NULL;

	if (archive_index_open(path, tmpdir, &index, err) < 0)
		return NULL;
	if (archive_index_find(index, "index.json") && archive_index_find(index, "oci-layout"))
		return "oci-archive";
	if (archive_index_find(index, "manifest.json"))
		return "docker-archive";
	unknown(path, err);
	return NULL;
}

static int load_path(const struct transfer_load *req, const char *path, struct keg_strv *names,
		     struct keg_err *err)
{
	auto(keg_strv) ids = { 0 };
	const char *transport;
	struct stat st;

	if (stat(path, &st) < 0)
		return keg_fail_sys(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		transport = folder_transport(path);
		if (!transport)
			return unknown(path, err);
	} else {
		transport = archive_transport(path, req->access->tmpdir, err);
		if (!transport)
			return -(int)err->code;
	}
	autofree char *source = keg_printf("%s:%s", transport, path);
	return load_named(source, req->access, &req->progress, &ids, names, err);
}

/* Archives are read more than once, so what comes by a pipe is kept first. */
static int keep_input(const char *path, struct keg_err *err)
{
	autofd int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (in < 0)
		return keg_fail_sys(err, errno, "read standard input");
	autofd int out = keg_open_at(AT_FDCWD, path, O_WRONLY, 0, err);
	if (out < 0)
		return out;

	autoptr(stream_in) from = stream_in_fd(take_fd(&in));
	autoptr(stream_out) to = stream_out_fd(take_fd(&out));
	int64_t n = stream_copy(from, to, err);
	return n < 0 ? (int)n : to->finish(to, err);
}

static int load_input(const struct transfer_load *req, struct keg_strv *names, struct keg_err *err)
{
	autofree char *path = keg_printf("%s/keg-load-XXXXXX", image_tmpdir(req->access->tmpdir));
	autofd int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return keg_fail_sys(err, errno, "make a temporary file %s", path);
	int r = keep_input(path, err);
	if (r >= 0)
		r = load_path(req, path, names, err);
	unlink(path);
	return r;
}

int transfer_load(const struct transfer_load *req, struct keg_strv *names, struct keg_err *err)
{
	if (!req->path || keg_str_eq(req->path, "-"))
		return load_input(req, names, err);
	return load_path(req, req->path, names, err);
}
