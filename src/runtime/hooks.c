/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spawn.h"
#include "runtime/annotations.h"

enum { OUTPUT_MOST = 2048, MS = 1000 };

/* The state as a file: unlike a pipe it is never full, and a hook need not read it. */
static int memory_file(const char *text, struct keg_err *err)
{
	autofd int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return keg_fail_sys(err, errno, "make a memory file");
	int r = keg_write_all(fd, text, strlen(text), err);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return keg_fail_sys(err, errno, "rewind a memory file");
	return take_fd(&fd);
}

/* What it said, for the error: the end of it, on one line. */
static void read_back(int fd, struct keg_buf *out)
{
	struct keg_err err;

	if (lseek(fd, 0, SEEK_SET) < 0 || keg_fd_read_all(fd, OUTPUT_MOST, out, &err) < 0)
		return;
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		keg_buf_cut(out, out->len - 1);
	for (size_t i = 0; i < out->len; i++) {
		if (out->data[i] == '\n')
			out->data[i] = ' ';
	}
}

/* "signal: bad system call", as Go says it. */
static char *signal_text(int sig)
{
	const char *name = sigdescr_np(sig);
	char *text = keg_printf("signal: %s", name ? name : "unknown");
	size_t first = sizeof "signal: " - 1;

	text[first] = (char)tolower((unsigned char)text[first]);
	return text;
}

/* *end says how; the exit status is as shells give it. */
static int wait_hook(int pidfd, const struct oci_hook *hook, siginfo_t *end, struct keg_err *err)
{
	struct pollfd poll_for = { .fd = pidfd, .events = POLLIN };
	int seconds = hook->timeout && *hook->timeout > 0 ? *hook->timeout : 0;
	int timeout = seconds == 0 ? -1 : seconds > INT_MAX / MS ? INT_MAX : seconds * MS;
	int ready;

	do
		ready = poll(&poll_for, 1, timeout);
	while (ready < 0 && errno == EINTR);
	if (ready > 0) {
		(void)waitid(P_PIDFD, (id_t)pidfd, end, WEXITED | WNOWAIT);
		return keg_spawn_wait(pidfd, err);
	}

	int failed = ready < 0 ? errno : 0;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	(void)!keg_spawn_wait(pidfd, err);
	if (failed)
		return keg_fail_sys(err, failed, "wait for the hook");
	return keg_fail(err, KEG_ESYSTEM, "hook ran past specified timeout of %ds", seconds);
}

static int run_one(const struct hooks_call *call, const struct oci_hook *hook, const char *state,
		   struct keg_err *err)
{
	const char *const only_path[] = { hook->path, NULL };
	autofd int in = memory_file(state, err);
	autofd int out = memory_file("", err);
	autofd int errout = memory_file("", err);

	if (in < 0 || out < 0 || errout < 0)
		return -(int)err->code;
	const struct keg_spawn what = {
		.program = hook->path,
		.argv = hook->n_args ? hook->args : only_path,
		.env = hook->env ? hook->env : call->env,
		.in = in,
		.out = call->output.out >= 0 ? call->output.out : out,
		.errfd = call->output.errfd >= 0 ? call->output.errfd : errout,
	};
	autofd int pidfd = keg_spawn(&what, NULL, err);
	if (pidfd < 0)
		return pidfd;

	siginfo_t end = { 0 };
	int status = wait_hook(pidfd, hook, &end, err);
	if (status <= 0)
		return status;
	auto(keg_buf) said = { 0 }, complained = { 0 };
	read_back(out, &said);
	read_back(errout, &complained);
	/* The lenient text is crun's: of these hooks runc's users have none to look for. */
	autofree char *how = end.si_code != CLD_EXITED ? signal_text(end.si_status)
			     : call->lenient
				     ? keg_printf("poststop hook failed with exit code %d", status)
				     : keg_printf("exit status %d", status);
	return keg_fail(err, KEG_ESYSTEM, "%s, stdout: %s, stderr: %s", how, keg_buf_text(&said),
			keg_buf_text(&complained));
}

static const struct oci_hook *list_of(const struct oci_config *config, enum hooks_kind kind,
				      size_t *n)
{
	static const struct oci_hooks none = { 0 };
	const struct oci_hooks *h = config->hooks ? config->hooks : &none;
	const struct {
		const struct oci_hook *list;
		size_t n;
	} lists[] = {
		[HOOKS_PRESTART] = { h->prestart, h->n_prestart },
		[HOOKS_CREATE_RUNTIME] = { h->create_runtime, h->n_create_runtime },
		[HOOKS_CREATE_CONTAINER] = { h->create_container, h->n_create_container },
		[HOOKS_START_CONTAINER] = { h->start_container, h->n_start_container },
		[HOOKS_POSTSTART] = { h->poststart, h->n_poststart },
		[HOOKS_POSTSTOP] = { h->poststop, h->n_poststop },
	};

	*n = lists[kind].n;
	return lists[kind].list;
}

bool hooks_any(const struct oci_config *config, enum hooks_kind kind)
{
	size_t n;

	(void)list_of(config, kind, &n);
	return n > 0;
}

int hooks_run(const struct hooks_call *call, enum hooks_kind kind, struct keg_err *err)
{
	static const char *const names[] = {
		[HOOKS_PRESTART] = "prestart",
		[HOOKS_CREATE_RUNTIME] = "createRuntime",
		[HOOKS_CREATE_CONTAINER] = "createContainer",
		[HOOKS_START_CONTAINER] = "startContainer",
		[HOOKS_POSTSTART] = "poststart",
		[HOOKS_POSTSTOP] = "poststop",
	};
	auto(keg_buf) text = { 0 };
	size_t n;
	const struct oci_hook *hooks = list_of(call->config, kind, &n);

	if (n == 0)
		return 0;
	autojson state = state_document(call->record, call->status, call->config);
	keg_json_print(state, &text);
	for (size_t i = 0; i < n; i++) {
		if (run_one(call, &hooks[i], keg_buf_text(&text), err) >= 0)
			continue;
		int r = keg_wrap(err, "error running %s hook #%zu: error running hook", names[kind],
				 i);
		if (!call->lenient)
			return r;
		if (call->lenient->warn)
			call->lenient->warn(call->lenient->sink, err->msg);
	}
	return 0;
}

static int open_output(const struct oci_config *config, const char *annotation, int *out,
		       struct keg_err *err)
{
	const char *path = oci_annotation(config, annotation);

	*out = -1;
	if (!path)
		return 0;
	int fd = keg_open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0600, err);
	if (fd < 0)
		return keg_wrap(err, "annotation %s", annotation);
	*out = fd;
	return 0;
}

int hooks_output_open(const struct oci_config *config, struct hooks_output *out,
		      struct keg_err *err)
{
	int r = open_output(config, ANNOTATION_HOOKS_STDOUT, &out->out, err);

	out->errfd = -1;
	return r < 0 ? r : open_output(config, ANNOTATION_HOOKS_STDERR, &out->errfd, err);
}

void hooks_output_close(struct hooks_output *output)
{
	if (output->out >= 0)
		close(output->out);
	if (output->errfd >= 0)
		close(output->errfd);
	*output = (struct hooks_output){ -1, -1 };
}

static int run_outside(struct hooks_call *call, enum hooks_kind kind, struct keg_err *err)
{
	auto(hooks_output) output = { -1, -1 };
	int r = hooks_any(call->config, kind) ? hooks_output_open(call->config, &output, err) : 0;

	call->output = output;
	return r < 0 ? r : hooks_run(call, kind, err);
}

int hooks_run_poststart(const struct oci_config *config, const struct state_record *record,
			struct keg_err *err)
{
	struct hooks_call call = { .config = config, .record = record, .status = "running" };

	return run_outside(&call, HOOKS_POSTSTART, err);
}

/* runtime.md: of one that fails the runtime warns, and the remaining ones continue. */
void hooks_run_poststop(const struct runtime_context *ctx, const struct oci_config *config,
			const struct state_record *record)
{
	struct hooks_call call = {
		.config = config, .record = record, .status = "stopped", .lenient = ctx
	};
	struct keg_err err;

	if (run_outside(&call, HOOKS_POSTSTOP, &err) < 0 && ctx->warn)
		ctx->warn(ctx->sink, err.msg);
}
