/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile process inside a container does while the runtime is at work beside it: it looks
 * at every process that appears, and says what it could get at that it should not.
 *
 * watch PROGRAM SECONDS: print "exe" for a process whose executable file, named PROGRAM, can be
 * read through /proc; "root" for one whose root folder can; "fd" for one of whose descriptors can;
 * and "written" when that file could be opened for writing. Ends with "watched N", the looks at
 * processes.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_program(const char *pid, const char *name, const char *program)
{
	char path[64], target[4096];

	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	ssize_t n = readlink(path, target, sizeof target - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	return strstr(target, program) != NULL;
}

static int can_open(const char *pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void say(const char *what)
{
	puts(what);
	fflush(stdout);
}

static void look_at(const char *pid, const char *program)
{
	if (!is_program(pid, "exe", program))
		return;
	say("exe");
	if (can_open(pid, "root/.", O_RDONLY | O_DIRECTORY))
		say("root");
	if (can_open(pid, "fd", O_RDONLY | O_DIRECTORY))
		say("fd");
	if (can_open(pid, "exe", O_WRONLY | O_APPEND))
		say("written");
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 1);
	unsigned long looks = 0;

	while (time(NULL) < end) {
		DIR *proc = opendir("/proc");

		for (struct dirent *e; proc && (e = readdir(proc));) {
			if (e->d_name[0] < '1' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
				continue;
			look_at(e->d_name, argv[1]);
			looks++;
		}
		if (proc)
			closedir(proc);
	}
	printf("watched %lu\n", looks);
	return 0;
}
