/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

static bool read_stat(pid_t pid, char *state, uint64_t *born)
{
	enum { STAT_MAX = 1024 };
	char path[32], text[STAT_MAX];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* The name may hold anything, so count from its closing bracket: the state is next. */
	const char *at = strrchr(text, ')');
	unsigned long long ticks;
	if (!at || sscanf(at + 1,
			  " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			  "%*s %*s %llu",
			  state, &ticks) != 2)
		return false;
	*born = ticks;
	return true;
}

uint64_t process_born(pid_t pid)
{
	uint64_t born;
	char state;

	return read_stat(pid, &state, &born) ? born : 0;
}

bool process_is(pid_t pid, uint64_t born)
{
	uint64_t now;
	char state;

	return pid > 0 && read_stat(pid, &state, &now) && now == born && state != 'Z' &&
	       state != 'X';
}
