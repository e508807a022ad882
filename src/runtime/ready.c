/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "os/sdnotify.h"

#define FOLDER "notify"
#define VARIABLE "NOTIFY_SOCKET="

enum { FOLDER_MODE = 0755 };

/*
 * crun's place for the folder is the path of the host's socket, runc's always the same. systemd in
 * a container would fail at a folder in the place of its own socket; so of a systemd's socket, and
 * of one without a path, the place is runc's.
 */
static const char *path_inside(const char *host, struct keg_arena *arena)
{
	if (host[0] != '/' || keg_str_ends(host, "/systemd/notify"))
		return "/run/notify/notify.sock";
	return keg_arena_printf(arena, "%s/notify", host);
}

static void add_mount(struct oci_config *config, const char *source, const char *inside,
		      struct keg_arena *arena)
{
	static const char *options[] = { "bind", "nosuid", "noexec", "nodev", "ro" };
	struct oci_mount *mounts =
		keg_arena_alloc(arena, config->n_mounts + 1, sizeof *config->mounts);
	autofree char *destination = keg_path_dir(inside);

	if (config->n_mounts)
		memcpy(mounts, config->mounts, config->n_mounts * sizeof *mounts);
	mounts[config->n_mounts++] = (struct oci_mount){
		.destination = keg_arena_strdup(arena, destination),
		.type = "bind",
		.source = source,
		.options = options,
		.n_options = KEG_COUNT(options),
	};
	config->mounts = mounts;
}

static void add_variable(struct oci_config *config, const char *inside, struct keg_arena *arena)
{
	struct oci_process *process = keg_arena_alloc(arena, 1, sizeof *process);
	const char **env = keg_arena_alloc(arena, config->process->n_env + 1, sizeof *env);
	size_t n = 0;

	*process = *config->process;
	for (size_t i = 0; i < process->n_env; i++) {
		if (!keg_str_starts(process->env[i], VARIABLE))
			env[n++] = process->env[i];
	}
	env[n++] = keg_arena_printf(arena, VARIABLE "%s", inside);
	process->env = env;
	process->n_env = n;
	config->process = process;
}

int ready_offer(const struct runtime_context *ctx, const char *id, struct oci_config *config,
		struct keg_arena *arena, struct keg_err *err)
{
	if (!ctx->notify_socket)
		return 0;
	if (sdnotify_check(ctx->notify_socket, err) < 0)
		return keg_wrap(err, "NOTIFY_SOCKET");

	autofree char *root = NULL;
	int r = keg_path_absolute(ctx->root, &root, err);
	if (r < 0)
		return r;
	const char *inside = path_inside(ctx->notify_socket, arena);
	add_mount(config, keg_arena_printf(arena, "%s/%s/" FOLDER, root, id), inside, arena);
	add_variable(config, inside, arena);
	return 0;
}

int ready_make_folder(const struct runtime_context *ctx, int folder, struct keg_err *err)
{
	if (!ctx->notify_socket)
		return 0;
	/* A user of the container has to pass, whatever our umask. */
	if (mkdirat(folder, FOLDER, FOLDER_MODE) < 0 ||
	    fchmodat(folder, FOLDER, FOLDER_MODE, 0) < 0)
		return keg_fail_sys(err, errno, "make folder " FOLDER);
	return 0;
}

static const char *variable_of(const struct oci_config *config)
{
	const struct oci_process *process = config->process;

	for (size_t i = 0; process && i < process->n_env; i++) {
		const char *value = keg_str_after(process->env[i], VARIABLE);

		if (value)
			return value;
	}
	return NULL;
}

int ready_open(struct ready *ready, const struct runtime_context *ctx, int folder,
	       const struct oci_config *config, struct keg_err *err)
{
	const char *inside = variable_of(config);

	*ready = (struct ready){ .ctx = ctx, .socket = -1, .host = -1 };
	if (!ctx->notify_socket || !inside)
		return 0;
	autofd int place = openat(folder, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (place < 0 && errno == ENOENT)
		return 0;
	if (place < 0)
		return keg_fail_sys(err, errno, "open folder " FOLDER);
	ready->socket = sdnotify_bind(place, keg_path_base(inside), err);
	return ready->socket < 0 ? ready->socket : 0;
}

int ready_receive(struct ready *ready, struct keg_err *err)
{
	autofree char *main = keg_printf("MAINPID=%d", (int)ready->main);

	if (!sdnotify_take_ready(ready->socket) || ready->host >= 0)
		return 0;
	int r = ready->host = sdnotify_connect(ready->ctx->notify_socket, err);
	if (r >= 0)
		r = sdnotify_send(ready->host, "READY=1", err);
	if (r >= 0)
		r = sdnotify_send(ready->host, main, err);
	return r < 0 ? keg_wrap(err, "the container is ready") : 1;
}

int ready_wait(struct ready *ready, int pidfd, struct keg_err *err)
{
	struct pollfd fds[] = { { .fd = ready->socket, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };
	int r = 0;

	if (ready->socket < 0)
		return 0;
	/* What it said before its end is there by then. */
	while (r == 0) {
		if (poll(fds, KEG_COUNT(fds), -1) < 0 && errno != EINTR)
			return keg_fail_sys(err, errno, "wait");
		if (!fds[0].revents && fds[1].revents)
			return 0;
		r = ready_receive(ready, err);
	}
	return r < 0 ? r : sdnotify_barrier(ready->host, err);
}

void ready_done(struct ready *ready)
{
	if (ready->socket >= 0)
		close(take_fd(&ready->socket));
	if (ready->host >= 0)
		close(take_fd(&ready->host));
}
