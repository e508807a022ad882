/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/oomscore.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

static const char file[] = "/proc/self/oom_score_adj";

void oomscore_protect(char old[OOMSCORE_LEN])
{
	static const char lowest[] = "-1000";
	autofd int fd = open(file, O_RDWR | O_CLOEXEC);

	old[0] = '\0';
	if (fd < 0)
		return;
	ssize_t n = read(fd, old, OOMSCORE_LEN - 1);
	if (n <= 0)
		return;
	old[n] = '\0';
	if (pwrite(fd, lowest, sizeof lowest - 1, 0) < 0)
		old[0] = '\0'; /* unchanged, so nothing is to be restored */
}

void oomscore_set(const char *score)
{
	autofd int fd = -1;

	if (!score || !*score)
		return;
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!write(fd, score, strlen(score));
}
