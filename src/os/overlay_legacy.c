/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before Linux 6.5 overlayfs reads its layers from one text, and fsconfig(2) takes no text
 * beyond 256 bytes. mount(2) does, but attaches at a path. So a child takes a mount
 * namespace, mounts over a folder that is always there, clones that mount off again
 * and sends it here. Between fork and exit it only makes system calls.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "os/overlay.h"
#include "os/overlay_options.h"
#include "os/path.h"

#define MOUNT_POINT "/proc" /* only the child's, and only after the last use of /proc/self */

enum { PAGE = 4096 };

static int add_layers(struct keg_buf *data, const struct overlay_request *req, struct keg_err *err)
{
	keg_buf_puts(data, "lowerdir=");
	for (size_t i = 0; i < req->n_lower; i++) {
		if (strpbrk(req->lower[i], ":,\\"))
			return keg_fail(err, KEG_EUNSUPPORTED,
					"mount overlay: this kernel takes no layer called %s",
					req->lower[i]);
		keg_buf_printf(data, "%s%s", i ? ":" : "", req->lower[i]);
	}
	return 0;
}

static int make_data(struct keg_buf *data, const struct overlay_request *req,
		     const struct overlay_options *options, struct keg_err *err)
{
	int r = add_layers(data, req, err);

	if (r < 0)
		return r;
	if (req->upper >= 0)
		keg_buf_printf(data, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d",
			       req->upper, req->work);
	for (size_t i = 0; i < options->words.n; i++)
		keg_buf_printf(data, ",%s", options->words.v[i]);
	if (req->label)
		keg_buf_printf(data, ",context=\"%s\"", req->label);
	if (data->len >= PAGE)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"mount overlay: too many layers (%zu) for this kernel",
				req->n_lower);
	return 0;
}

struct reply {
	int sys;
};

static void send_mount(int to, int mount, int sys)
{
	struct reply reply = { .sys = sys };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { &reply, sizeof reply };
	struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

	if (mount >= 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof control.room;
		struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof mount);
		memcpy(CMSG_DATA(head), &mount, sizeof mount);
	}
	(void)sendmsg(to, &msg, MSG_NOSIGNAL);
}

static int receive_mount(int from, int *sys)
{
	struct reply reply = { .sys = EIO };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { &reply, sizeof reply };
	struct msghdr msg = { .msg_iov = &part,
			      .msg_iovlen = 1,
			      .msg_control = control.room,
			      .msg_controllen = sizeof control.room };
	int mount = -1;

	if (recvmsg(from, &msg, MSG_CMSG_CLOEXEC) == sizeof reply && CMSG_FIRSTHDR(&msg))
		memcpy(&mount, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof mount);
	*sys = reply.sys;
	return mount;
}

/*
 * Overlay takes folders only from mounts of its own namespace, and an open descriptor stays
 * with the mount that it was opened through. So each is opened again by its path in the
 * new namespace, under its old number.
 */
struct folder {
	int fd;
	char path[PATH_MAX];
};

static int remember(struct folder *folder, int fd)
{
	char link[PATH_FD_MAX];

	folder->fd = fd;
	if (fd < 0)
		return 0;
	ssize_t len = readlink(path_of_fd(fd, link), folder->path, sizeof folder->path - 1);
	if (len < 0)
		return -1;
	folder->path[len] = '\0';
	return 0;
}

static int reopen(const struct folder *folder)
{
	struct stat before, after;

	if (folder->fd < 0)
		return 0;
	int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(folder->fd, &before) < 0 || fstat(fd, &after) < 0)
		return -1;
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino) {
		errno = ESTALE;
		return -1;
	}
	return dup3(fd, folder->fd, O_CLOEXEC);
}

struct folders {
	struct folder base, upper, work;
};

static int remember_all(struct folders *folders, const struct overlay_request *req)
{
	return remember(&folders->base, req->base) < 0 ||
			       remember(&folders->upper, req->upper) < 0 ||
			       remember(&folders->work, req->work) < 0
		       ? -1
		       : 0;
}

static int enter_namespace(const struct folders *folders)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    reopen(&folders->base) < 0 || reopen(&folders->upper) < 0 || reopen(&folders->work) < 0)
		return -1;
	return fchdir(folders->base.fd);
}

__attribute__((noreturn)) static void child(const struct folders *folders, const char *data, int to)
{
	int mount_fd = -1;

	if (enter_namespace(folders) == 0 && mount("overlay", MOUNT_POINT, "overlay", 0, data) == 0)
		mount_fd = open_tree(AT_FDCWD, MOUNT_POINT, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	send_mount(to, mount_fd, errno);
	_exit(0);
}

/* The child's mount, or -1 with *sys saying why. */
static int mount_in_child(const struct overlay_request *req, const char *data, int *sys)
{
	struct folders folders;
	int pair[2];

	if (remember_all(&folders, req) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		*sys = errno;
		return -1;
	}
	autofd int ours = pair[0];
	autofd int theirs = pair[1];
	pid_t pid = fork();
	if (pid < 0) {
		*sys = errno;
		return -1;
	}
	if (pid == 0)
		child(&folders, data, theirs);
	auto_close_(&theirs);
	theirs = -1;

	int mount_fd = receive_mount(ours, sys);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return mount_fd;
}

int overlay_mount_legacy(const struct overlay_request *req, struct keg_err *err)
{
	auto(overlay_options) options = { 0 };
	auto(keg_buf) data = { 0 };
	int sys;

	if (overlay_options_parse(req, &options, err) < 0 ||
	    make_data(&data, req, &options, err) < 0)
		return -(int)err->code;
	autofd int mount_fd = mount_in_child(req, data.data, &sys);
	if (mount_fd < 0)
		return overlay_refused(err, sys, "mount");
	if (options.attrs) {
		struct mount_attr attr = { .attr_set = options.attrs };

		if (options.attrs & MOUNT_ATTR_NOATIME)
			attr.attr_clr = MOUNT_ATTR__ATIME;
		if (mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof attr) < 0)
			return overlay_refused(err, errno, "set mount attributes");
	}
	return take_fd(&mount_fd);
}
