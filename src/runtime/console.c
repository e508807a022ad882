/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "os/mount.h"
#include "os/path.h"
#include "os/socket.h"
#include "os/terminal.h"

static const char multiplexer[] = "/dev/ptmx";

static int refuse(const struct runtime_io *io, bool terminal, struct keg_err *err)
{
	if (!terminal && (io->console_socket || io->console_fd >= 0))
		return keg_fail(
			err, KEG_EUSAGE,
			"cannot use console socket if runc will not detach or allocate tty");
	if (!terminal || io->console_socket)
		return 0;
	(void)!keg_fail(err, KEG_EUSAGE,
			"cannot allocate tty if runc will detach without setting console socket");
	return keg_hint(err, "use --console-socket");
}

int console_socket_open(const struct runtime_io *io, bool terminal, int given, int *out,
			struct keg_err *err)
{
	const int ready = given >= 0 ? given : io->console_fd;
	int fd;

	if (!terminal || ready < 0) {
		int r = refuse(io, terminal, err);
		if (r < 0 || !terminal)
			return r;
		fd = socket_connect_at(AT_FDCWD, io->console_socket, err);
		if (fd < 0)
			return keg_wrap(err, "console socket");
	} else {
		fd = fcntl(ready, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return keg_fail_sys(err, errno, "console socket");
	}
	*out = fd;
	return 0;
}

/*
 * The slave is bound by its descriptor, and onto a descriptor: neither name can be turned into
 * something else meanwhile (CVE-2025-52565).
 */
static int bind_console(int root, int slave, struct keg_err *err)
{
	autofd int target = path_make_file(root, "/dev/console", err);

	if (target < 0)
		return target;
	autofd int tree = open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	if (tree < 0)
		return keg_fail_sys(err, errno, "clone the terminal's device");
	return mount_attach(tree, target, err);
}

static int set_up(int root, int socket, const struct terminal_pair *pair,
		  const struct oci_process *process, bool bind, struct keg_err *err)
{
	const struct oci_box *size = process->console_size;
	int r = 0;

	if (size && (size->height || size->width))
		r = terminal_set_size(pair->master, size->height, size->width, err);
	if (r >= 0 && bind)
		r = bind_console(root, pair->slave, err);
	if (r >= 0)
		r = socket_send_fd(socket, pair->master, multiplexer, sizeof multiplexer - 1, err);
	return r < 0 ? r : terminal_adopt(pair->slave, err);
}

int console_make(int root, int socket, const struct oci_process *process, bool bind,
		 struct keg_err *err)
{
	struct terminal_pair pair;
	int master = path_open_in_root(root, multiplexer, O_RDWR | O_NOCTTY, err);
	int r = master < 0 ? master : terminal_open(master, &pair, err);

	if (r >= 0) {
		r = set_up(root, socket, &pair, process, bind, err);
		close(pair.master);
		close(pair.slave);
	}
	return r < 0 ? keg_wrap(err, "make the terminal") : 0;
}
