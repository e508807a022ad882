/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "monitor/protocol.h"
#include "monitor/timer.h"

enum { EXIT_MODE = 0644 };

static void finish(struct ending *ending)
{
	loop_close_source(ending->loop, &ending->client);
	loop_close_source(ending->loop, &ending->delay);
	ending->done = true;
	ending->finished(ending->owner);
}

static void write_exit(const char *dir, const char *name, const char *text)
{
	autofree char *path = dir ? keg_path_join(dir, name) : NULL;
	struct keg_err err;

	if (path && keg_file_write(AT_FDCWD, path, text, strlen(text), EXIT_MODE, 0, &err) < 0)
		keg_warn("exit status: %s", err.msg);
}

static void run_command(struct ending *ending)
{
	auto(keg_strv) argv = { 0 };
	struct keg_err err;

	keg_strv_add(&argv, ending->opt->exit_command);
	keg_strv_extend(&argv, (const char *const *)ending->opt->exit_args.v,
			ending->opt->exit_args.n);
	const struct keg_spawn what = {
		.argv = (const char *const *)argv.v,
		.in = KEG_SPAWN_NULL,
		.out = KEG_SPAWN_NULL,
		.errfd = KEG_SPAWN_NULL,
	};

	int pidfd = keg_spawn(&what, &ending->command, &err);
	if (pidfd < 0) {
		keg_warn("exit command: %s", err.msg);
		ending->command = 0;
		finish(ending);
		return;
	}
	close(pidfd); /* SIGCHLD tells */
}

static void on_delay(struct loop_source *source, uint32_t events)
{
	struct ending *ending = source->owner;

	(void)events;
	loop_close_source(ending->loop, source);
	run_command(ending);
}

static void start_command(struct ending *ending)
{
	struct keg_err err;

	if (!ending->opt->exit_command) {
		finish(ending);
		return;
	}
	ending->delay = (struct loop_source){ .fd = -1, .ready = on_delay, .owner = ending };
	if (ending->opt->exit_delay > 0 &&
	    timer_start(ending->loop, &ending->delay, ending->opt->exit_delay, &err) == 0)
		return;
	run_command(ending);
}

/* The bytes that the client has written since the last time; 0: it is gone; -1: none now. */
static ssize_t hear_client(const struct loop_source *source, char said[2])
{
	ssize_t n;

	do
		n = recv(source->fd, said, 2, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 && errno != EAGAIN ? 0 : n;
}

/* It was told the status: does it clean up? */
static void on_client(struct loop_source *source, uint32_t events)
{
	struct ending *ending = source->owner;
	char said[2] = "";
	ssize_t n = hear_client(source, said);

	(void)events;
	if (n < 0 || (n == 1 && said[0] == MONITOR_CLIENT_STARTED))
		return;
	loop_close_source(ending->loop, source);
	if (n > 0 && said[n - 1] == MONITOR_CLIENT_CLEANS)
		finish(ending);
	else
		start_command(ending);
}

/* Only the hang-up wakes us; what it said before is there to be read. */
static void on_client_gone(struct loop_source *source, uint32_t events)
{
	struct ending *ending = source->owner;
	char said[2] = "";
	bool started = hear_client(source, said) > 0 && said[0] == MONITOR_CLIENT_STARTED;

	(void)events;
	loop_close_source(ending->loop, source);
	if (!started)
		ending->abandoned(ending->owner);
}

int ending_watch_client(struct ending *ending, struct keg_err *err)
{
	ending->client = (struct loop_source){ .fd = (int)ending->opt->client_fd,
					       .ready = on_client_gone,
					       .owner = ending };
	if (ending->client.fd < 0)
		return 0;
	return loop_watch(ending->loop, &ending->client, EPOLLRDHUP, err);
}

/* False: there is no client, or it is gone. */
static bool tell_client(struct ending *ending, const char *text)
{
	autofree char *line = keg_printf("%s\n", text);
	struct keg_err err;

	if (ending->client.fd < 0)
		return false;
	ending->client.ready = on_client;
	if (send(ending->client.fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ||
	    loop_watch(ending->loop, &ending->client, EPOLLIN, &err) < 0) {
		loop_close_source(ending->loop, &ending->client);
		return false;
	}
	return true;
}

void ending_start(struct ending *ending, int status)
{
	const struct monitor_options *opt = ending->opt;
	char text[16];

	snprintf(text, sizeof text, "%d", status);
	write_exit(opt->persist_dir, MONITOR_FILE_EXIT, text);
	write_exit(opt->exit_dir, opt->cid, text);

	ending->delay.fd = -1;
	if (!tell_client(ending, text))
		start_command(ending);
}

void ending_reaped(struct ending *ending, pid_t pid)
{
	if (!ending->command || pid != ending->command)
		return;
	ending->command = 0;
	finish(ending);
}
