/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/remote.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "base/num.h"
#include "os/process.h"

enum { CALL_MAX = OCI_CONFIG_MAX + (1 << 16), FIRST_FD = 3 };

static const struct keg_json_field call_rows[] = {
	JSON_STR("version", struct remote_call, version, KEG_JSON_REQUIRED),
	JSON_STR("operation", struct remote_call, operation, KEG_JSON_REQUIRED),
	JSON_STR("id", struct remote_call, id, KEG_JSON_REQUIRED),
	JSON_STR("root", struct remote_call, root, KEG_JSON_REQUIRED),
	JSON_STR("cache", struct remote_call, cache, 0),
	JSON_BOOL("rootless", struct remote_call, rootless, 0),
	JSON_BOOL("noCgroups", struct remote_call, no_cgroups, 0),
	JSON_BOOL("systemd", struct remote_call, systemd, 0),
	JSON_BOOL("debug", struct remote_call, debug, 0),
	JSON_INT("answers", struct remote_call, answers, KEG_JSON_REQUIRED),
	JSON_INT("console", struct remote_call, console, KEG_JSON_REQUIRED),
	JSON_U32V("fds", struct remote_call, fds, 0),
	JSON_STR("pidFile", struct remote_call, pid_file, 0),
	JSON_STR("bundle", struct remote_call, bundle, 0),
	JSON_STR("configPath", struct remote_call, config_path, 0),
	JSON_RAW("config", struct remote_call, config, 0),
	JSON_BOOL("noPivot", struct remote_call, no_pivot, 0),
	JSON_BOOL("noNewKeyring", struct remote_call, no_new_keyring, 0),
	JSON_RAW("process", struct remote_call, process, 0),
	JSON_STRV("cgroups", struct remote_call, cgroups, 0),
	JSON_BOOL("ignorePaused", struct remote_call, ignore_paused, 0),
	JSON_BOOL("force", struct remote_call, force, 0),
	JSON_RAW("resources", struct remote_call, resources, 0),
	JSON_END,
};

int remote_write(const struct remote_call *call, struct keg_err *err)
{
	autojson document = keg_json_encode(call_rows, call);
	auto(keg_buf) text = { 0 };
	autofd int file = memfd_create("call", MFD_CLOEXEC);

	if (file < 0)
		return keg_fail_sys(err, errno, "make a file in memory");
	keg_json_print(document, &text);
	int r = keg_write_all(file, text.data, text.len, err);
	return r < 0 ? r : take_fd(&file);
}

/* A caller that is gone hears nothing; what was begun is ended all the same. */
static void answer(int fd, const struct remote_answer *message)
{
	(void)send(fd, message, sizeof *message, MSG_NOSIGNAL);
}

static void say(void *sink, enum remote_kind kind, const char *text)
{
	const struct remote_call *call = sink;
	struct remote_answer message = { .kind = kind };

	keg_format(message.err.msg, sizeof message.err.msg, "%s", text);
	answer(call->answers, &message);
}

static void warn(void *sink, const char *text)
{
	say(sink, REMOTE_WARNING, text);
}

static void debug(void *sink, const char *text)
{
	say(sink, REMOTE_DEBUG, text);
}

static void tell_orphan(void *sink, pid_t pid)
{
	const struct remote_call *call = sink;
	const struct remote_answer message = { .kind = REMOTE_ORPHAN, .pid = pid };

	answer(call->answers, &message);
}

static int move_up(int fd, size_t above, struct keg_err *err)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, (int)above);

	if (moved < 0)
		return keg_fail_sys(err, errno, "descriptor %d", fd);
	close(fd);
	return moved;
}

/*
 * The descriptors for the process become 3, 4, ..., inherited as if by us (preserved.h), and ours
 * are above them.
 */
static int arrange(struct remote_call *call, struct keg_err *err)
{
	const size_t above = FIRST_FD + call->n_fds;
	int r = move_up(call->answers, above, err);

	if (r < 0)
		return r;
	call->answers = r;
	if (call->console >= 0) {
		r = call->console = move_up(call->console, above, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < call->n_fds; i++) {
		r = move_up((int)call->fds[i], above, err);
		if (r < 0)
			return r;
		call->fds[i] = (uint32_t)r;
	}
	for (size_t i = 0; i < call->n_fds; i++) {
		if (dup2((int)call->fds[i], FIRST_FD + (int)i) < 0)
			return keg_fail_sys(err, errno, "descriptor %zu", FIRST_FD + i);
		close((int)call->fds[i]);
	}
	return 0;
}

static struct runtime_io io_of(const struct remote_call *call)
{
	return (struct runtime_io){
		.console_fd = call->console,
		.preserve_fds = (unsigned)call->n_fds,
	};
}

static int create(const struct runtime_context *ctx, const struct remote_call *call, pid_t *pid,
		  struct keg_arena *arena, struct keg_err *err)
{
	struct oci_config config = { 0 };
	const struct runtime_create_request req = {
		.bundle = call->bundle,
		.config = call->config ? &config : NULL,
		.config_path = call->config_path,
		.rootfs = -1,
		.io = io_of(call),
		.pid_file = call->pid_file,
		.no_pivot = call->no_pivot,
		.no_new_keyring = call->no_new_keyring,
	};
	int r = call->config ? oci_config_decode(call->config, &config, arena, err) : 0;

	return r < 0 ? r : runtime_create(ctx, call->id, &req, pid, err);
}

static void note_pid(void *pid, pid_t started)
{
	*(pid_t *)pid = started;
}

static int exec(const struct runtime_context *ctx, const struct remote_call *call, pid_t *pid,
		struct keg_arena *arena, struct keg_err *err)
{
	struct oci_process process = { 0 };
	auto(keg_buf) text = { 0 };
	pid_t begun = 0;
	const struct runtime_exec_request req = {
		.process = &process,
		.io = io_of(call),
		.pid_file = call->pid_file,
		.detach = true,
		.cgroups = call->cgroups,
		.n_cgroups = call->n_cgroups,
		.ignore_paused = call->ignore_paused,
		.started = note_pid,
		.data = &begun,
	};

	keg_json_print(call->process, &text);
	int r = oci_process_parse(keg_buf_text(&text), text.len, &process, arena, err);
	if (r == 0)
		r = runtime_exec(ctx, call->id, &req, err);
	*pid = begun;
	return r;
}

static int update(const struct runtime_context *ctx, const struct remote_call *call,
		  struct keg_arena *arena, struct keg_err *err)
{
	struct oci_resources want = { 0 };
	auto(keg_buf) text = { 0 };

	keg_json_print(call->resources, &text);
	int r = oci_resources_parse(keg_buf_text(&text), text.len, &want, arena, err);
	return r < 0 ? r : runtime_update(ctx, call->id, &want, err);
}

static int carry_out(struct remote_call *call, const struct cgroup_manager *manager, pid_t *pid,
		     struct keg_arena *arena, struct keg_err *err)
{
	const struct runtime_context ctx = {
		.root = call->root,
		.seccomp_cache = call->cache,
		.rootless = call->rootless,
		.no_cgroups = call->no_cgroups,
		.manager = manager,
		.systemd = call->systemd,
		.warn = warn,
		.debug = call->debug ? debug : NULL,
		.orphan = tell_orphan,
		.sink = call,
	};

	if (call->systemd && !manager)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"systemd cannot manage the cgroups: kegrun is a static program");
	if (strcmp(call->operation, REMOTE_CREATE) == 0)
		return create(&ctx, call, pid, arena, err);
	if (strcmp(call->operation, REMOTE_EXEC) == 0)
		return exec(&ctx, call, pid, arena, err);
	if (strcmp(call->operation, REMOTE_START) == 0)
		return runtime_start(&ctx, call->id, err);
	if (strcmp(call->operation, REMOTE_DELETE) == 0)
		return runtime_delete(&ctx, call->id, call->force, err);
	if (strcmp(call->operation, REMOTE_UPDATE) == 0)
		return update(&ctx, call, arena, err);
	return keg_fail(err, KEG_EUSAGE, "unknown operation %s", call->operation);
}

static int read_call(const char *file, struct remote_call *call, struct keg_arena *arena,
		     struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson document = NULL;
	uint32_t fd = 0;
	int r = keg_parse_u32(file, &fd, err);

	if (r >= 0 && lseek((int)fd, 0, SEEK_SET) < 0)
		r = keg_fail_sys(err, errno, "descriptor %s", file);
	if (r >= 0)
		r = keg_fd_read_all((int)fd, CALL_MAX, &text, err);
	if (r >= 0)
		r = process_pass_descriptors(NULL, 0, err);
	if (r < 0)
		return r;
	close((int)fd);
	r = keg_json_parse(keg_buf_text(&text), text.len, &document, err);
	return r < 0 ? r : keg_json_decode(document, call_rows, call, arena, err);
}

int remote_serve(const char *file, const char *version, const struct cgroup_manager *manager)
{
	auto(keg_arena) arena = { 0 };
	struct remote_call call = { 0 };
	struct remote_answer last = { .kind = REMOTE_DONE };

	/* Without a call nobody can be told by a message: it was not libkeg that started us. */
	if (read_call(file, &call, &arena, &last.err) < 0) {
		keg_err_print(&last.err, stderr);
		return 1;
	}
	int r = arrange(&call, &last.err);
	if (r >= 0 && strcmp(call.version, version) != 0)
		r = keg_fail(&last.err, KEG_EUNSUPPORTED, "libkeg is %s, and its kegrun %s",
			     call.version, version);
	if (r >= 0)
		r = carry_out(&call, manager, &last.pid, &arena, &last.err);
	if (r < 0)
		last.kind = REMOTE_FAILED;
	answer(call.answers, &last);
	return r < 0;
}
