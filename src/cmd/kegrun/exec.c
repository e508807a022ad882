/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun exec - run another process in a container. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"
#include "cmd/kegrun/listeners.h"
#include "cmd/kegrun/log.h"

enum { EXIT_EXEC_FAILED = 255 };

struct exec_args {
	const char *console_socket, *pidfd_socket, *pid_file, *process, *cwd, *user, *apparmor,
		*label;
	struct keg_strv env, caps, gids, cgroups;
	bool tty, detach, no_new_privs, ignore_paused;
	uint64_t preserve_fds;
};

static const struct cli_opt exec_opts[] = {
	OPT_STRING(0, "console-socket", struct exec_args, console_socket, "SOCKET",
		   "send the terminal to the listener of a Unix socket"),
	OPT_STRING(0, "pidfd-socket", struct exec_args, pidfd_socket, "SOCKET",
		   "send the process' pidfd to the listener of a Unix socket"),
	OPT_STRING(0, "cwd", struct exec_args, cwd, "FOLDER", "where it runs in the container"),
	OPT_STRINGS('e', "env", struct exec_args, env, "NAME=VALUE", "set an environment variable"),
	OPT_FLAG('t', "tty", struct exec_args, tty, "with a terminal"),
	OPT_STRING('u', "user", struct exec_args, user, "UID[:GID]", "as another user"),
	OPT_STRINGS('g', "additional-gids", struct exec_args, gids, "GID", "a further group"),
	OPT_STRING('p', "process", struct exec_args, process, "FILE",
		   "read the process from a JSON file"),
	OPT_FLAG('d', "detach", struct exec_args, detach, "do not wait for its end"),
	OPT_STRING(0, "pid-file", struct exec_args, pid_file, "FILE",
		   "write the process' id to a file"),
	OPT_STRING(0, "process-label", struct exec_args, label, "LABEL", "its SELinux context"),
	OPT_STRING(0, "apparmor", struct exec_args, apparmor, "PROFILE", "its AppArmor profile"),
	OPT_FLAG(0, "no-new-privs", struct exec_args, no_new_privs,
		 "it cannot gain privileges by an exec"),
	OPT_STRINGS('c', "cap", struct exec_args, caps, "CAPABILITY", "give it a capability more"),
	OPT_UINT(0, "preserve-fds", struct exec_args, preserve_fds, "N",
		 "pass N further descriptors from 3 on"),
	OPT_STRINGS(0, "cgroup", struct exec_args, cgroups, "[CONTROLLER,...:]PATH",
		    "in a group below the container's"),
	OPT_FLAG(0, "ignore-paused", struct exec_args, ignore_paused,
		 "also in a container that is paused"),
	OPT_END,
};

static const char **plus(const char **list, size_t *n, const struct keg_strv *more,
			 struct keg_arena *arena)
{
	const char **all = keg_arena_alloc(arena, *n + more->n + 1, sizeof *all);

	for (size_t i = 0; i < *n; i++)
		all[i] = list[i];
	for (size_t i = 0; i < more->n; i++)
		all[*n + i] = more->v[i];
	*n += more->n;
	return all;
}

static int parse_user(const struct exec_args *args, struct oci_process *p, struct keg_arena *arena,
		      struct keg_err *err)
{
	struct oci_user *user = keg_arena_alloc(arena, 1, sizeof *user);
	int r = 0;

	if (p->user)
		*user = *p->user;
	p->user = user;
	if (args->user) {
		const char *colon = strchr(args->user, ':');
		autofree char *uid = keg_strndup(args->user, colon ? (size_t)(colon - args->user)
								   : strlen(args->user));

		r = keg_parse_u32(uid, &user->uid, err);
		if (r >= 0 && colon)
			r = keg_parse_u32(colon + 1, &user->gid, err);
	}
	if (r < 0)
		return keg_wrap(err, "user %s", args->user);
	if (args->gids.n == 0)
		return 0;
	uint32_t *gids =
		keg_arena_alloc(arena, user->n_additional_gids + args->gids.n, sizeof *gids);
	for (size_t i = 0; i < user->n_additional_gids; i++)
		gids[i] = user->additional_gids[i];
	for (size_t i = 0; i < args->gids.n && r >= 0; i++)
		r = keg_parse_u32(args->gids.v[i], &gids[user->n_additional_gids + i], err);
	user->additional_gids = gids;
	user->n_additional_gids += args->gids.n;
	return r < 0 ? keg_wrap(err, "additional group") : 0;
}

/*
 * More capabilities: never inheritable ones (CVE-2022-29162), and ambient ones, which have to be
 * inheritable too, only where the container has inheritable ones anyway.
 */
static void add_caps(const struct exec_args *args, struct oci_process *p, struct keg_arena *arena)
{
	struct oci_capabilities *c = keg_arena_alloc(arena, 1, sizeof *c);

	if (args->caps.n == 0)
		return;
	if (p->capabilities)
		*c = *p->capabilities;
	c->bounding = plus(c->bounding, &c->n_bounding, &args->caps, arena);
	c->effective = plus(c->effective, &c->n_effective, &args->caps, arena);
	c->permitted = plus(c->permitted, &c->n_permitted, &args->caps, arena);
	if (c->n_inheritable > 0)
		c->ambient = plus(c->ambient, &c->n_ambient, &args->caps, arena);
	p->capabilities = c;
}

/* What the options add to the container's own. */
static int amend_process(const void *data, struct oci_process *p, struct keg_arena *arena,
			 struct keg_err *err)
{
	const struct exec_args *args = data;

	p->env = plus(p->env, &p->n_env, &args->env, arena);
	add_caps(args, p, arena);
	return parse_user(args, p, arena, err);
}

/* From the options, without what the container has to say. */
static int build_process(const struct cli_call *call, struct oci_process *p,
			 struct keg_arena *arena, struct keg_err *err)
{
	const struct exec_args *args = call->args;
	size_t n = (size_t)call->n_operands - 1;

	if (n == 0)
		return keg_fail(err, KEG_EUSAGE, "process args cannot be empty");
	p->terminal = args->tty;
	p->args = keg_arena_alloc(arena, n + 1, sizeof *p->args);
	for (size_t i = 0; i < n; i++)
		p->args[i] = call->operands[i + 1];
	p->n_args = n;
	p->cwd = args->cwd;
	p->apparmor_profile = args->apparmor;
	p->selinux_label = args->label;
	return 0;
}

static int read_process(const char *path, struct oci_process *p, struct keg_arena *arena,
			struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, path, OCI_CONFIG_MAX, &text, err);

	if (r >= 0)
		r = oci_process_parse(keg_buf_text(&text), text.len, p, arena, err);
	return r < 0 ? keg_wrap(err, "process %s", path) : 0;
}

/* To what it has in its environment, or would have from the container. */
static int announce(const struct kegrun_context *ctx, const char *id, unsigned listeners,
		    struct oci_process *p, struct keg_arena *arena, struct keg_err *err)
{
	struct oci_config config;
	int r = p->env ? 0 : runtime_config(&ctx->runtime, id, &config, arena, err);

	if (r < 0)
		return r;
	if (!p->env && config.process) {
		p->env = config.process->env;
		p->n_env = config.process->n_env;
	}
	listeners_announce(listeners, p, arena);
	return 0;
}

static int exec_in(const struct cli_call *call, struct keg_err *err)
{
	const struct exec_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	struct oci_process process = { 0 };
	const unsigned listeners = listeners_count();

	if (args->preserve_fds > UINT16_MAX)
		return keg_fail(err, KEG_EUSAGE, "--preserve-fds is too large");
	kegrun_context_init(&ctx, call);
	int r = args->process ? read_process(args->process, &process, &arena, err)
			      : build_process(call, &process, &arena, err);
	if (r < 0)
		return r;
	if (listeners > 0)
		r = announce(&ctx, call->operands[0], listeners, &process, &arena, err);
	if (r < 0)
		return r;
	const struct runtime_exec_request req = {
		.process = &process,
		.amend = args->process ? NULL : amend_process,
		.amend_data = args,
		.io = { .console_socket = args->console_socket,
			.pidfd_socket = args->pidfd_socket,
			.console_fd = -1,
			.preserve_fds = (unsigned)args->preserve_fds + listeners },
		.pid_file = args->pid_file,
		.detach = args->detach,
		.no_new_privileges = args->no_new_privs,
		.cgroups = (const char *const *)args->cgroups.v,
		.n_cgroups = args->cgroups.n,
		.ignore_paused = args->ignore_paused,
	};
	return runtime_exec(&ctx.runtime, call->operands[0], &req, err);
}

/* runc's status for an exec that never came to run, whatever the reason. */
static int exec_run(const struct cli_call *call, struct keg_err *err)
{
	int r = exec_in(call, err);

	if (r >= 0)
		return r;
	keg_wrap(err, "exec failed");
	kegrun_log_error(call->globals, err);
	return EXIT_EXEC_FAILED;
}

const struct cli_cmd kegrun_exec = {
	.name = "exec",
	.operands = "CONTAINER [COMMAND [ARG...]]",
	.argp_operands = "CONTAINER cmd",
	.summary = "Run another process in a container",
	.alike = "runc exec and crun exec",
	.opts = exec_opts,
	.args_size = sizeof(struct exec_args),
	.min = 1,
	.max = -1,
	.stop_at_operand = true,
	.completes = CLI_RUNNING,
	.run = exec_run,
};
