/* SPDX-License-Identifier: Apache-2.0 */
#include "image/blob_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/stream_tap.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"

int image_blob_file_send(int dirfd, const char *name, uint64_t from, struct stream_out *to,
			 struct keg_err *err)
{
	autofd int fd = keg_open_at(dirfd, name, O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	if (from > 0 && lseek(fd, (off_t)from, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "seek in %s", name);

	autoptr(stream_in) in = stream_in_fd(take_fd(&fd));
	int64_t n = stream_copy(in, to, err);
	return n < 0 ? (int)n : 0;
}

int image_blob_file_has(int dirfd, const struct image_blob *blob, const char *name,
			struct image_blob *have)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    (blob->size >= 0 && st.st_size != blob->size))
		return 0;
	*have = *blob;
	have->size = st.st_size;
	return 1;
}

/* Who gave a digest verifies it (copy.c): hashing costs more than all else here. */
static int fill(int dirfd, const char *temporary, struct stream_in *from, struct image_blob *put,
		struct keg_err *err)
{
	struct stream_tap tap;
	int fd = keg_open_at(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL, 0644, err);
	if (fd < 0)
		return fd;

	autoptr(stream_out) to = stream_out_fd(fd);
	bool known = put->digest[0];
	if (!known) {
		stream_tap_init(&tap, 0);
		to = stream_out_tapped(to, &tap);
	}
	int64_t n = stream_copy(from, to, err);
	int r = n < 0 ? (int)n : to->finish(to, err);
	if (r < 0)
		return r;
	if (!known)
		stream_tap_digest(&tap, put->digest);
	put->size = n;
	return 0;
}

int image_blob_file_put(int dirfd, const char *prefix, const struct image_blob *blob,
			struct stream_in *from, struct image_blob *put, struct keg_err *err)
{
	char id[KEG_ID_LEN + 1];
	struct image_blob found = *blob;

	keg_random_id(id);
	autofree char *temporary = keg_printf("%s.%.16s.part", prefix, id);
	int r = fill(dirfd, temporary, from, &found, err);
	if (r < 0) {
		unlinkat(dirfd, temporary, 0);
		return r;
	}

	*put = found;
	autofree char *name = keg_printf("%s%s", prefix, digest_hex(put->digest));
	if (renameat(dirfd, temporary, dirfd, name) < 0) {
		r = keg_fail_sys(err, errno, "rename to %s", name);
		unlinkat(dirfd, temporary, 0);
	}
	return r;
}
