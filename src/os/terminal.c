/* SPDX-License-Identifier: Apache-2.0 */
#include "os/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int terminal_open(int master, struct terminal_pair *out, struct keg_err *err)
{
	autofd int owned = master;
	struct stat st;
	int unlock = 0;

	/* Documentation/admin-guide/devices.txt: 5:2 is every ptmx, 128 to 135 old masters. */
	if (fstat(master, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return keg_fail(err, KEG_EDENIED, "/dev/ptmx is not a terminal multiplexer");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return keg_fail_sys(err, errno, "unlock the terminal");
	/* ioctl_tty(2): safe against another file system mounted over the slave's name. */
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return keg_fail_sys(err, errno, "open the terminal's other side");
	*out = (struct terminal_pair){ .master = take_fd(&owned), .slave = slave };
	return 0;
}

int terminal_adopt(int slave, struct keg_err *err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return keg_fail_sys(err, errno, "set the controlling terminal");
	for (int fd = 0; fd <= 2; fd++) {
		if (dup2(slave, fd) < 0)
			return keg_fail_sys(err, errno, "put the terminal at descriptor %d", fd);
	}
	return 0;
}

int terminal_set_size(int fd, uint32_t rows, uint32_t columns, struct keg_err *err)
{
	const struct winsize size = { .ws_row = (unsigned short)rows,
				      .ws_col = (unsigned short)columns };

	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return keg_fail_sys(err, errno, "set the terminal's size");
	return 0;
}

void terminal_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		(void)ioctl(to, TIOCSWINSZ, &size);
}

int terminal_keep_newlines(int fd, struct keg_err *err)
{
	struct termios now;

	if (tcgetattr(fd, &now) < 0)
		return keg_fail_sys(err, errno, "look at the terminal");
	now.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(fd, TCSANOW, &now) < 0)
		return keg_fail_sys(err, errno, "set the terminal's modes");
	return 0;
}

int terminal_make_raw(int fd, struct termios *before, struct keg_err *err)
{
	struct termios raw;

	if (tcgetattr(fd, before) < 0)
		return keg_fail_sys(err, errno, "look at the terminal");
	raw = *before;
	cfmakeraw(&raw);
	raw.c_oflag = before->c_oflag;
	if (tcsetattr(fd, TCSANOW, &raw) < 0)
		return keg_fail_sys(err, errno, "set the terminal to raw mode");
	return 0;
}

int terminal_hide_typing(int fd, struct termios *before, struct keg_err *err)
{
	struct termios hidden;

	if (tcgetattr(fd, before) < 0)
		return keg_fail_sys(err, errno, "look at the terminal");
	hidden = *before;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	hidden.c_lflag |= ECHONL | ICANON | ISIG;
	if (tcsetattr(fd, TCSAFLUSH, &hidden) < 0)
		return keg_fail_sys(err, errno, "hide what is typed");
	return 0;
}

void terminal_restore(int fd, const struct termios *before)
{
	(void)tcsetattr(fd, TCSANOW, before);
}
