/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun-systemd - started by a static kegrun, which speaks to systemd through it. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/systemd_wire.h"

int main(int argc, char **argv)
{
	struct keg_err err = { 0 };
	struct stat in;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("kegrun-systemd version " KEG_VERSION);
		return 0;
	}
	if (argc > 1 || fstat(STDIN_FILENO, &in) < 0 || !S_ISSOCK(in.st_mode)) {
		fputs("kegrun-systemd is started by kegrun, which speaks to systemd through it; "
		      "see kegrun(1), --systemd-cgroup\n",
		      stderr);
		return 1;
	}
	if (systemd_serve(STDIN_FILENO, STDOUT_FILENO, &err) < 0) {
		keg_err_print(&err, stderr);
		return 1;
	}
	return 0;
}
