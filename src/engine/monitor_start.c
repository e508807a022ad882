/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/monitor_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/spawn.h"
#include "engine/runtime_call.h"
#include "engine/userns.h"
#include "monitor/protocol.h"

#define RUNTIME_LOG "oci-log"

enum { MAX_REPORT = 1 << 16 };

char *monitor_program(const char *name)
{
	autofree char *self = NULL;
	struct keg_err ignored;

	if (keg_readlink(AT_FDCWD, "/proc/self/exe", &self, &ignored) >= 0) {
		autofree char *dir = keg_path_dir(self);
		autofree char *beside = keg_path_join(dir, name);

		if (access(beside, X_OK) == 0)
			return take_ptr(&beside);
	}
	return keg_path_join(KEG_BINDIR, name);
}

static bool is_ours(const char *monitor)
{
	return strcmp(keg_path_base(monitor), "kegmon") == 0;
}

struct launch {
	struct container *c;
	const struct monitor_request *req;
	char *monitor; /* its path */
	bool ours;
	struct keg_strv argv;
	struct keg_strv env;
	int keep[4];
	size_t n_keep;
};

static void launch_done(struct launch *l)
{
	free(l->monitor);
	keg_strv_done(&l->argv);
	keg_strv_done(&l->env);
}
KEG_AUTO(launch, launch_done)

static void add(struct launch *l, const char *option, const char *value)
{
	keg_strv_add(&l->argv, option);
	if (value)
		keg_strv_add(&l->argv, value);
}

static void add_path(struct launch *l, const char *option, const char *dir, const char *file)
{
	keg_strv_add(&l->argv, option);
	keg_strv_take(&l->argv, keg_path_join(dir, file));
}

static void add_exit_word(struct launch *l, const char *word)
{
	add(l, "--exit-command-arg", word);
}

static void add_exit_option(struct launch *l, const char *option, const char *value)
{
	if (!value)
		return;
	add_exit_word(l, option);
	add_exit_word(l, value);
}

/* keg with the places that we were given, and: container cleanup ID. */
static void add_exit_command(struct launch *l)
{
	const struct engine_request *r = &l->c->engine->request;
	autofree char *self = NULL;
	struct keg_err ignored;

	if (keg_readlink(AT_FDCWD, "/proc/self/exe", &self, &ignored) < 0)
		self = keg_path_join(KEG_BINDIR, "keg");
	add(l, "--exit-command", self);
	add_exit_option(l, "--root", r->root);
	add_exit_option(l, "--runroot", r->runroot);
	add_exit_option(l, "--tmpdir", r->tmpdir);
	add_exit_option(l, "--storage-driver", r->storage_driver);
	add_exit_option(l, "--imagestore", r->imagestore);
	for (size_t i = 0; r->storage_opts && i < r->storage_opts->n; i++)
		add_exit_option(l, "--storage-opt", r->storage_opts->v[i]);
	for (size_t i = 0; r->runtime_flags && i < r->runtime_flags->n; i++)
		add_exit_option(l, "--runtime-flag", r->runtime_flags->v[i]);
	add_exit_word(l, "container");
	add_exit_word(l, "cleanup");
	if (l->c->record.remove)
		add_exit_word(l, "--rm");
	add_exit_word(l, l->c->id);
}

/* The built-in runtime is called in the monitor; for another monitor kegrun stands in. */
static void add_runtime(struct launch *l)
{
	struct container *c = l->c;
	const char *root = runtime_call_root(c);
	const struct keg_strv *flags = c->engine->request.runtime_flags;

	if (!c->record.runtime && l->ours) {
		add(l, MONITOR_OPT_RUNTIME_ROOT, root);
		if (c->record.no_cgroups)
			add(l, MONITOR_OPT_NO_CGROUPS, NULL);
		return;
	}
	autofree char *kegrun = c->record.runtime ? NULL : monitor_program("kegrun");
	add(l, "--runtime", c->record.runtime ? c->record.runtime : kegrun);
	keg_strv_addf(&l->argv, "--runtime-arg=--root=%s", root);
	keg_strv_add(&l->argv, "--runtime-arg=--log-format=json");
	keg_strv_addf(&l->argv, "--runtime-arg=--log=%s/" RUNTIME_LOG, c->run_path);
	if (c->record.no_cgroups)
		keg_strv_add(&l->argv, "--runtime-arg=--cgroup-manager=disabled");
	for (size_t i = 0; flags && i < flags->n; i++)
		keg_strv_addf(&l->argv, "--runtime-arg=--%s", flags->v[i]);
}

static void add_log(struct launch *l)
{
	const struct container_record *rec = &l->c->record;

	if (l->req->exec_id || strcmp(rec->log_driver, "none") == 0) {
		add(l, "--log-path", "none");
		return;
	}
	if (strcmp(rec->log_driver, "k8s-file") == 0)
		keg_strv_addf(&l->argv, "--log-path=k8s-file:%s", rec->log_path);
	else
		add(l, "--log-path", rec->log_driver);
	if (rec->log_size_max > 0)
		keg_strv_addf(&l->argv, "--log-size-max=%lld", (long long)rec->log_size_max);
}

static void add_common(struct launch *l)
{
	struct container *c = l->c;

	add(l, l->monitor, NULL);
	add(l, "--api-version", "1");
	add(l, "--cid", c->id);
	add(l, "--cuuid", l->req->exec_id ? l->req->exec_id : c->id);
	add(l, "--name", c->record.name);
	if (l->req->exec_id)
		keg_strv_addf(&l->argv, "--bundle=%s/exec/%s", c->run_path, l->req->exec_id);
	else
		add(l, "--bundle", c->run_path);
	add(l, "--full-attach", NULL);
	add_runtime(l);
	add_log(l);
	if (l->req->tty)
		add(l, "--terminal", NULL);
	if (l->req->interactive)
		add(l, "--stdin", NULL);
}

static void add_container(struct launch *l)
{
	struct container *c = l->c;

	add_path(l, "--container-pidfile", c->run_path, CONTAINER_FILE_PID);
	add_path(l, "--conmon-pidfile", c->run_path, CONTAINER_FILE_MONITOR_PID);
	add(l, "--exit-dir", c->run_path);
	add(l, "--persist-dir", c->run_path);
	if (!l->req->foreground && l->req->interactive)
		add(l, "--leave-stdin-open", NULL);
	if (c->record.timeout > 0)
		keg_strv_addf(&l->argv, "--timeout=%lld", (long long)c->record.timeout);
	add_exit_command(l);
}

static void keep(struct launch *l, int fd)
{
	l->keep[l->n_keep++] = fd;
}

static void keep_as_option(struct launch *l, const char *option, int fd)
{
	keg_strv_add(&l->argv, option);
	keg_strv_addf(&l->argv, "%d", fd);
	keep(l, fd);
}

static int choose_monitor(struct launch *l, struct keg_err *err)
{
	l->monitor =
		l->c->engine->conmon ? keg_strdup(l->c->engine->conmon) : monitor_program("kegmon");
	l->ours = is_ours(l->monitor);
	if (access(l->monitor, X_OK) < 0)
		return keg_fail_sys(err, errno, "monitor %s", l->monitor);
	return 0;
}

static int spawn(struct launch *l, int sync, struct keg_err *err)
{
	struct keg_spawn what = {
		.in = KEG_SPAWN_NULL,
		.out = KEG_SPAWN_NULL,
		.errfd = KEG_SPAWN_KEEP,
		.keep = l->keep,
	};

	keg_strv_extend(&l->env, (const char *const *)environ, 0);
	for (char **at = environ; *at; at++)
		keg_strv_add(&l->env, *at);
	keg_strv_addf(&l->env, MONITOR_ENV_SYNC "=%d", sync);
	keep(l, sync);
	/* With the runtime built in it would otherwise have to start itself a second time. */
	autofd int opened =
		l->ours && !l->c->record.runtime ? runtime_open_protected(l->monitor) : -1;
	what.opened = opened;
	what.argv = (const char *const *)l->argv.v;
	what.env = (const char *const *)l->env.v;
	what.n_keep = l->n_keep;
	return keg_spawn(&what, NULL, err);
}

/*
 * Until there is something to read, or the monitor is gone: others may hold the pipe's other
 * end, so its end alone does not tell. 1: read, 0: nothing will come.
 *
 * Signals that came while all were blocked for the container would wait for a container that
 * may never be. Their default actions are right here: the monitor sees that we are gone.
 */
static int wait_for_report(int sync, int client)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
	struct pollfd p[] = { { .fd = sync, .events = POLLIN }, { .fd = client } };
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (size_t i = 0; i < KEG_COUNT(ending); i++)
		sigdelset(&mask, ending[i]);
	while (ppoll(p, KEG_COUNT(p), NULL, &mask) < 0) {
		if (errno != EINTR)
			return -1;
	}
	/* It may have written before it went. */
	return p[0].revents || poll(p, 1, 0) > 0;
}

/* One line: of an exec session another one follows, at its end. */
static int read_line(int fd, int client, struct keg_buf *out, struct keg_err *err)
{
	while (out->len < MAX_REPORT && !(out->len && out->data[out->len - 1] == '\n')) {
		ssize_t n = wait_for_report(fd, client);

		if (n > 0)
			n = read(fd, keg_buf_reserve(out, 4096), 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return keg_fail_sys(err, errno, "read");
		if (n == 0)
			break;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
	return 0;
}

/* {"data": PID} or {"data": -1, "message": ..., "code": ...} */
static int read_report(struct container *c, int sync, int client, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson tree = NULL;
	int r = read_line(sync, client, &text, err);

	if (r < 0)
		return keg_wrap(err, "container %s: the monitor's report", c->id);
	if (text.len == 0)
		return keg_fail(err, KEG_ESYSTEM, "container %s: the monitor ended early", c->id);
	text.data[strcspn(text.data, "\n")] = '\0';
	r = keg_json_parse(text.data, strlen(text.data), &tree, err);
	if (r < 0)
		return keg_wrap(err, "container %s: the monitor's report", c->id);
	int64_t data = keg_json_i64(tree, "data", -1);
	if (data > 0)
		return (int)data;
	const char *message = keg_json_str(tree, "message", "the runtime failed without a message");
	int64_t code = keg_json_i64(tree, "code", 0);
	if (code == 0) {
		r = runtime_call_read_log(c, RUNTIME_LOG, err);
		return r < 0 ? r : runtime_call_classify(err, message);
	}
	keg_fail(err, (enum keg_code)code, "%s", message);
	err->sys = (int)keg_json_i64(tree, "errno", 0);
	const char *hint = keg_json_str(tree, "hint", "");
	return *hint ? keg_hint(err, "%s", hint) : -(int)code;
}

static int open_pipes(const struct launch *l, int sync[2], int client[2], struct keg_err *err)
{
	if (pipe2(sync, O_CLOEXEC) < 0)
		return keg_fail_sys(err, errno, "pipe");
	if (l->ours && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client) < 0)
		return keg_fail_sys(err, errno, "socketpair");
	return 0;
}

static int launch(struct launch *l, struct monitor_link *link, struct keg_err *err)
{
	int sync[2] = { -1, -1 }, client[2] = { -1, -1 };
	int r = open_pipes(l, sync, client, err);
	autofd int sync_read = sync[0], sync_write = sync[1];
	autofd int ours = client[0], theirs = client[1];

	if (r < 0)
		return r;
	if (theirs >= 0)
		keep_as_option(l, MONITOR_OPT_CLIENT_FD, theirs);
	if (l->ours && !l->c->record.runtime && !l->req->exec_id && l->c->rootfs >= 0)
		keep_as_option(l, MONITOR_OPT_ROOTFS_FD, l->c->rootfs);
	autofd int process = spawn(l, sync_write, err);
	if (process < 0)
		return process;
	close(take_fd(&sync_write));
	if (theirs >= 0)
		close(take_fd(&theirs));
	r = read_report(l->c, sync_read, ours, err);
	struct keg_err ignored;
	if (keg_spawn_wait(process, &ignored) < 0)
		keg_debug("wait for the monitor: %s", ignored.msg);
	if (r >= 0)
		link->client = take_fd(&ours);
	return r;
}

int monitor_start(struct container *c, const struct monitor_request *req, struct monitor_link *link,
		  struct keg_err *err)
{
	auto(launch) l = { .c = c, .req = req };
	int r = choose_monitor(&l, err);

	link->client = -1;
	if (r < 0)
		return r;
	add_common(&l);
	if (req->exec_id) {
		add(&l, "--exec", NULL);
		add(&l, "--exec-process-spec", req->process_file);
		keg_strv_addf(&l.argv, "--container-pidfile=%s/exec/%s/pidfile", c->run_path,
			      req->exec_id);
	} else {
		add_container(&l);
	}
	return launch(&l, link, err);
}

void monitor_started(const struct monitor_link *link)
{
	const char started = MONITOR_CLIENT_STARTED;

	if (link->client >= 0 && send(link->client, &started, 1, MSG_NOSIGNAL) < 0)
		keg_debug("tell the monitor: %s", strerrordesc_np(errno));
}

void monitor_link_done(struct monitor_link *link)
{
	if (link->client >= 0)
		close(take_fd(&link->client));
}

pid_t monitor_pid(const struct container *c)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;
	int pid;

	if (keg_file_read(c->run, CONTAINER_FILE_MONITOR_PID, 64, &text, &ignored) < 0)
		return 0;
	char *end = text.data ? text.data + strcspn(text.data, "\n") : NULL;
	if (!end)
		return 0;
	*end = '\0';
	return keg_parse_int(text.data, &pid, &ignored) < 0 ? 0 : pid;
}
