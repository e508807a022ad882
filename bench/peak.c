/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak PROGRAM [ARG...] - print the kilobytes that the largest of its processes had resident at
 * once, shared pages counted in full: PROGRAM's, over all its execs, and those that it waited for.
 * The kernel carries a process's peak over an exec, so whoever starts PROGRAM must be small itself:
 * hence no script, and a static program.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;

	if (argc < 2) {
		fputs("usage: peak PROGRAM [ARG...]\n", stderr);
		return 125;
	}
	pid_t pid = fork();
	if (pid == 0) {
		execv(argv[1], argv + 1);
		perror(argv[1]);
		_exit(125);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0) {
		perror("peak");
		return 125;
	}
	printf("%ld\n", used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
