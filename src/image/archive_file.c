/* SPDX-License-Identifier: Apache-2.0 */
#include "image/archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"

struct archive_file {
	struct stream_out *out;
	char *path, *temporary; /* temporary NULL: written in place */
};

/* Not a thing that a rename may replace: a pipe, a terminal, /dev/stdout. */
static bool is_special(const char *path)
{
	struct stat st;

	return keg_str_starts(path, "/dev/") || (stat(path, &st) == 0 && !S_ISREG(st.st_mode));
}

int archive_file_new(const char *path, struct archive_file **out, struct keg_err *err)
{
	char id[KEG_ID_LEN + 1];
	autofree char *temporary = NULL;
	autofd int fd = -1;

	keg_random_id(id);
	if (keg_str_eq(path, "-")) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return keg_fail_sys(err, errno, "write to standard output");
	} else if (is_special(path)) {
		fd = keg_open_at(AT_FDCWD, path, O_WRONLY, 0, err);
	} else {
		temporary = keg_printf("%s.%.8s.part", path, id);
		fd = keg_open_at(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL, 0644, err);
	}
	if (fd < 0)
		return fd;

	struct archive_file *file = keg_alloc(1, sizeof *file);
	file->out = stream_out_fd(take_fd(&fd));
	file->path = keg_strdup(path);
	file->temporary = take_ptr(&temporary);
	*out = file;
	return 0;
}

void archive_file_free(struct archive_file *file)
{
	stream_out_close(file->out);
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
	free(file);
}

struct stream_out *archive_file_stream(struct archive_file *file)
{
	return file->out;
}

int archive_file_commit(struct archive_file *file, struct keg_err *err)
{
	int r = file->out->finish(file->out, err);

	if (r < 0 || !file->temporary)
		return r;
	if (rename(file->temporary, file->path) < 0)
		return keg_fail_sys(err, errno, "rename to %s", file->path);
	free(take_ptr(&file->temporary));
	return 0;
}

int archive_file_check(const char *path, const char *transport, struct keg_err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		return keg_fail(err, KEG_EEXISTS, "%s doesn't support modifying existing images",
				transport);
	return 0;
}
