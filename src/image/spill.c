/* SPDX-License-Identifier: Apache-2.0 */
#include "image/spill.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"

const char *image_tmpdir(const char *tmpdir)
{
	const char *env = getenv("TMPDIR");

	if (tmpdir)
		return tmpdir;
	return keg_str_empty(env) ? "/var/tmp" : env;
}

int image_tmp_folder(const char *tmpdir, const char *what, char **out, struct keg_err *err)
{
	autofree char *folder = keg_printf("%s/keg-%s-XXXXXX", image_tmpdir(tmpdir), what);

	if (!mkdtemp(folder))
		return keg_fail_sys(err, errno, "make a temporary folder %s", folder);
	*out = take_ptr(&folder);
	return 0;
}

int image_spill_open(const char *tmpdir, int *fd, struct stream_out **to, struct keg_err *err)
{
	autofd int file = keg_open_unnamed(image_tmpdir(tmpdir), err);

	if (file < 0)
		return file;
	int second = fcntl(file, F_DUPFD_CLOEXEC, 3);
	if (second < 0)
		return keg_fail_sys(err, errno, "duplicate a descriptor");
	*to = stream_out_fd(second);
	*fd = take_fd(&file);
	return 0;
}

int image_spill(struct stream_in *from, const char *tmpdir, struct stream_tap *tap,
		struct keg_err *err)
{
	autofd int fd = -1;
	struct stream_out *file;

	int r = image_spill_open(tmpdir, &fd, &file, err);
	if (r < 0)
		return r;
	autoptr(stream_out) to = tap ? stream_out_tapped(file, tap) : file;
	int64_t n = stream_copy(from, to, err);
	if (n >= 0)
		n = to->finish(to, err);
	if (n < 0)
		return (int)n;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "rewind a temporary file");
	return take_fd(&fd);
}

/* At one reading. */
int image_measure(int fd, struct image_measures *out, struct keg_err *err)
{
	struct stream_tap packed, plain;

	stream_tap_init(&packed, 0);
	stream_tap_init(&plain, 0);
	autoptr(stream_in) from = stream_in_tapped(stream_in_window(fd, 0, UINT64_MAX), &packed);
	int r = stream_decompress(from, 0, &out->packing, &from, err);
	if (r < 0)
		return r;
	from = stream_in_tapped(from, &plain);
	r = stream_drain(from, err);
	if (r < 0)
		return r;
	stream_tap_digest(&packed, out->digest);
	stream_tap_digest(&plain, out->diff_id);
	out->size = packed.count;
	return 0;
}
