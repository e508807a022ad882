/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers are handed over one by one (lowerdir+, Linux 6.5), each by a path through our own
 * descriptor of their base folder: no limit of a page, no change of the working directory.
 */
#include "os/overlay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/format.h"
#include "os/overlay_options.h"
#include "os/path.h"

/* What the kernel wrote into the context's log, the last line, after its "e ". */
static void read_log(int context, char *out, size_t room)
{
	ssize_t got;

	out[0] = '\0';
	while ((got = read(context, out, room - 1)) > 0)
		out[got] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static int refused(int context, int sys, const char *key, struct keg_err *err)
{
	char log[256];

	read_log(context, log, sizeof log);
	return overlay_refused(err, sys, strlen(log) > 2 ? log + 2 : key);
}

static int set_string(int context, const char *key, const char *value, struct keg_err *err)
{
	if (fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) < 0)
		return refused(context, errno, key, err);
	return 0;
}

static int set_folder(int context, const char *key, int fd, struct keg_err *err)
{
	char path[PATH_FD_MAX];

	return set_string(context, key, path_of_fd(fd, path), err);
}

static int set_words(int context, const struct keg_strv *words, struct keg_err *err)
{
	for (size_t i = 0; i < words->n; i++) {
		char *value = strchr(words->v[i], '=');
		int r = 0;

		if (value) {
			*value++ = '\0';
			r = set_string(context, words->v[i], value, err);
		} else if (fsconfig(context, FSCONFIG_SET_FLAG, words->v[i], NULL, 0) < 0)
			r = refused(context, errno, words->v[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* 1: this kernel takes layers only as one text. */
static int set_lower(int context, const struct overlay_request *req, struct keg_err *err)
{
	for (size_t i = 0; i < req->n_lower; i++) {
		char path[256]; /* as much as fsconfig takes */
		int len = keg_format(path, sizeof path, "/proc/self/fd/%d/%s", req->base,
				     req->lower[i]);

		if (len < 0 || (size_t)len >= sizeof path)
			return keg_fail(err, KEG_EUSAGE, "mount overlay: name of a layer too long");
		if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", path, 0) == 0)
			continue;
		if (i == 0 && errno == EINVAL)
			return 1;
		return refused(context, errno, req->lower[i], err);
	}
	return 0;
}

int overlay_mount(const struct overlay_request *req, struct keg_err *err)
{
	auto(overlay_options) options = { 0 };
	int r = overlay_options_parse(req, &options, err);

	if (r < 0)
		return r;
	autofd int context = fsopen("overlay", FSOPEN_CLOEXEC);
	if (context < 0)
		return overlay_refused(err, errno, "open the file system");
	r = set_lower(context, req, err);
	if (r == 1)
		return overlay_mount_legacy(req, err);
	if (r < 0 || set_string(context, "source", "overlay", err) < 0 ||
	    (req->upper >= 0 && (set_folder(context, "upperdir", req->upper, err) < 0 ||
				 set_folder(context, "workdir", req->work, err) < 0)) ||
	    (req->label && set_string(context, "context", req->label, err) < 0) ||
	    set_words(context, &options.words, err) < 0)
		return -(int)err->code;
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) {
		/* Before 6.5 any key is taken as text, and refused only here, without a word. */
		return errno == EINVAL ? overlay_mount_legacy(req, err)
				       : refused(context, errno, "create", err);
	}

	int mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned)options.attrs);
	return mount >= 0 ? mount : overlay_refused(err, errno, "attach");
}

void overlay_clear_work(int dirfd, const char *name)
{
	/* Innermost first. */
	static const char *const left[] = { "work/incompat/volatile/dirty",
					    "work/incompat/volatile", "work/incompat", "work" };
	autofd int work = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	for (size_t i = 0; work >= 0 && i < KEG_COUNT(left); i++)
		(void)unlinkat(work, left[i], i ? AT_REMOVEDIR : 0);
	(void)unlinkat(dirfd, name, AT_REMOVEDIR);
}
