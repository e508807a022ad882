/* SPDX-License-Identifier: Apache-2.0 */
/* exchange A B: what is named A is named B and back, as fast as it goes, until the input ends. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct pollfd end = { .fd = 0, .events = POLLIN };

	if (argc != 3)
		return 2;
	while (poll(&end, 1, 0) == 0) {
		for (int i = 0; i < 64; i++) {
			if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0)
				return 1;
		}
	}
	return 0;
}
