/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "monitor/attach.h"
#include "monitor/console.h"
#include "monitor/ctl.h"
#include "monitor/ctrlog.h"
#include "monitor/daemon.h"
#include "monitor/ending.h"
#include "monitor/input.h"
#include "monitor/launch.h"
#include "monitor/loop.h"
#include "monitor/notify.h"
#include "monitor/oom.h"
#include "monitor/oomscore.h"
#include "monitor/output.h"
#include "monitor/pipes.h"
#include "monitor/report.h"
#include "monitor/space.h"
#include "monitor/timer.h"

enum { STATUS_SIGNALED = 128, STATUS_TIMED_OUT = -1, STATUS_ABANDONED = 128 + SIGKILL };

/* One container, or one exec session. */
struct monitor {
	struct monitor_options *opt;
	struct monitor_space *space;
	struct space_plan plan;
	struct loop loop;
	int bundle;
	struct ctrlog log;
	struct pipes pipes;
	struct console console;
	struct launch launch;
	struct input input;
	struct output out, err;
	struct attach attach;
	struct ctl ctl;
	struct oom oom;
	struct notify notify;
	struct ending ending;
	struct loop_source signals, timeout;
	struct winsize size;
	pid_t runtime, container; /* 0: not yet, or no more */
	int master;		  /* the terminal; not owned: `out` closes it */
	bool failed, timed_out;
	bool abandoned; /* whoever was to start the container is gone */
	char oom_score[OOMSCORE_LEN];
};

/* The container will not exist; the engine is told why, once. */
static void fail(struct monitor *m, const struct keg_err *err)
{
	report_failure(m->opt, err, m->opt->runtime_root != NULL);
	m->failed = true;
	if (!m->abandoned) {
		loop_stop(&m->loop);
		return;
	}
	/* Nobody else cleans up what there is by now. */
	attach_finish(&m->attach);
	ending_start(&m->ending, STATUS_ABANDONED);
}

/* Its end, or the runtime's, is seen as any other. */
static void on_abandoned(void *owner)
{
	struct monitor *m = owner;
	pid_t target = m->container ? m->container : m->runtime;

	m->abandoned = true;
	if (target)
		kill(target, SIGKILL);
}

static void stop_when_done(void *owner)
{
	struct monitor *m = owner;

	if (m->ending.done && attach_is_done(&m->attach))
		loop_stop(&m->loop);
}

static void on_clients_changed(void *owner)
{
	struct monitor *m = owner;

	output_rewatch(&m->out);
	output_rewatch(&m->err);
	stop_when_done(m);
}

static void on_input_drained(void *owner)
{
	attach_resume_input(owner);
}

static void on_request(const struct ctl_request *request, void *owner)
{
	struct monitor *m = owner;

	if (request->verb == MONITOR_CTL_REOPEN) {
		logfile_reopen(&m->log.file);
		return;
	}
	m->size.ws_row = (unsigned short)request->height;
	m->size.ws_col = (unsigned short)request->width;
	if (m->master >= 0)
		ioctl(m->master, TIOCSWINSZ, &m->size);
}

static void on_terminal(int master, void *owner)
{
	struct monitor *m = owner;
	struct keg_err err;

	if (m->master >= 0) { /* one is all that was asked for */
		close(master);
		return;
	}
	m->master = master;
	if (m->size.ws_row)
		ioctl(master, TIOCSWINSZ, &m->size);
	/* A second entry in the epoll set: reading and writing wait apart. */
	input_init(&m->input, &m->loop, fcntl(master, F_DUPFD_CLOEXEC, 3));
	if (output_start(&m->out, master, &err) < 0)
		fail(m, &err);
}

static void on_timeout(struct loop_source *source, uint32_t events)
{
	struct monitor *m = source->owner;

	(void)events;
	loop_close_source(&m->loop, source);
	if (m->container) {
		m->timed_out = true;
		kill(m->container, SIGKILL);
	}
}

static void on_container_exit(struct monitor *m, int wait_status)
{
	int status = WIFSIGNALED(wait_status) ? STATUS_SIGNALED + WTERMSIG(wait_status)
					      : WEXITSTATUS(wait_status);

	m->container = 0;
	if (m->timed_out)
		status = STATUS_TIMED_OUT;
	attach_poll(&m->attach);
	output_drain(&m->out);
	output_drain(&m->err);
	oom_finish(&m->oom);
	loop_close_source(&m->loop, &m->timeout);
	ending_start(&m->ending, status);
	if (m->opt->exec)
		report_exec_end(m->opt, status, m->timed_out ? "command timed out" : NULL);
	attach_finish(&m->attach);
	if (!m->opt->no_sync_log)
		logfile_sync(&m->log.file);
	stop_when_done(m);
}

/* The container exists: carry its output from now on. */
static int begin_watching(struct monitor *m, struct keg_err *err)
{
	pipes_close_child(&m->pipes);
	if (m->opt->rootfs_fd >= 0)
		close((int)m->opt->rootfs_fd);
	daemon_close_inherited();
	attach_poll(&m->attach);
	if (m->opt->terminal) {
		console_poll(&m->console);
		console_close(&m->console);
	} else if (m->pipes.own[1] >= 0 && output_start(&m->out, m->pipes.own[1], err) < 0) {
		return -(int)err->code;
	}
	if (m->pipes.own[2] >= 0 && output_start(&m->err, m->pipes.own[2], err) < 0)
		return -(int)err->code;
	oom_watch(&m->oom, m->container);
	if (m->opt->timeout > 0)
		return timer_start(&m->loop, &m->timeout, m->opt->timeout, err);
	return 0;
}

static void on_runtime_exit(struct monitor *m, int wait_status)
{
	struct keg_err err;

	m->runtime = 0;
	if (launch_result(&m->launch, wait_status, &m->container, &err) < 0 ||
	    begin_watching(m, &err) < 0) {
		m->container = 0;
		fail(m, &err);
		return;
	}
	report_created(m->opt, m->container);
	if (m->abandoned)
		kill(m->container, SIGKILL);
}

/*
 * Nothing is reaped before the runtime is: until then we cannot tell the container's first
 * process from other orphans, and an exec session may be over before its runtime.
 */
static void reap(struct monitor *m)
{
	int status;
	pid_t pid;

	if (m->runtime && waitpid(m->runtime, &status, WNOHANG) == m->runtime)
		on_runtime_exit(m, status);
	if (m->runtime)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == m->container)
			on_container_exit(m, status);
		else
			ending_reaped(&m->ending, pid);
	}
}

static void on_signal(struct loop_source *source, uint32_t events)
{
	struct monitor *m = source->owner;
	struct signalfd_siginfo info;
	pid_t target = m->container ? m->container : m->runtime;

	(void)events;
	if (read(source->fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(m);
	else if (target)
		kill(target, (int)info.ssi_signo);
	else
		loop_stop(&m->loop);
}

static int watch_signals(struct monitor *m, struct keg_err *err)
{
	static const int watched[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < KEG_COUNT(watched); i++)
		sigaddset(&set, watched[i]);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return keg_fail_sys(err, errno, "block signals");
	m->signals = (struct loop_source){ .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
					   .ready = on_signal,
					   .owner = m };
	if (m->signals.fd < 0)
		return keg_fail_sys(err, errno, "watch signals");
	return loop_watch(&m->loop, &m->signals, EPOLLIN, err);
}

/* A byte or the end: the engine is ready. */
static void wait_for_engine(const struct monitor_options *opt)
{
	char byte[64];

	while (opt->start_fd >= 0 && read(opt->start_fd, byte, sizeof byte) < 0 && errno == EINTR)
		;
}

static int open_stdio(struct monitor *m, struct keg_err *err)
{
	int r = m->log.passthrough
			? pipes_pass_through(&m->pipes, err)
			: pipes_open(&m->pipes, m->opt->stdin_open, m->opt->terminal, err);

	if (r < 0)
		return r;
	input_init(&m->input, &m->loop, m->pipes.own[0]);
	return m->opt->terminal ? console_open(&m->console, err) : 0;
}

/* Everything that clients and the runtime need to find. */
static int open_all(struct monitor *m, struct keg_err *err)
{
	if (loop_open(&m->loop, err) < 0 || watch_signals(m, err) < 0 || open_stdio(m, err) < 0)
		return -(int)err->code;
	if (!m->log.passthrough && attach_listen(&m->attach, m->opt, m->bundle, err) < 0)
		return -(int)err->code;
	if (ctl_open(&m->ctl, m->bundle, err) < 0)
		return -(int)err->code;
	if (m->opt->sdnotify_socket && notify_open(&m->notify, m->opt, m->bundle, err) < 0)
		return -(int)err->code;
	if (ending_watch_client(&m->ending, err) < 0)
		return -(int)err->code;
	if (!m->opt->exec_attach)
		return 0;
	report_attachable(m->opt);
	wait_for_engine(m->opt);
	return 0;
}

static int launch(struct monitor *m, struct keg_err *err)
{
	autofree char *pidfile = NULL;

	if (!m->opt->container_pidfile)
		pidfile = keg_printf("pidfile-%s", m->opt->cid);
	m->launch = (struct launch){
		.opt = m->opt,
		.pipes = &m->pipes,
		.pidfile = pidfile ? take_ptr(&pidfile) : m->opt->container_pidfile,
		.console_socket = m->console.path,
		.oom_score = m->oom_score,
	};
	return launch_start(&m->launch, &m->runtime, err);
}

static void wire(struct monitor *m)
{
	space_plan(&m->plan, m->space);
	m->loop.plan = &m->plan;
	m->input.drained = on_input_drained;
	m->input.owner = &m->attach;
	m->console.loop = m->attach.loop = m->ctl.loop = m->oom.loop = &m->loop;
	m->notify.loop = m->ending.loop = &m->loop;
	m->console.arrived = on_terminal;
	m->console.owner = m->attach.owner = m->ctl.owner = m->ending.owner = m;
	m->attach.space = m->space;
	m->attach.input = &m->input;
	m->attach.changed = on_clients_changed;
	m->ctl.asked = on_request;
	m->ending.opt = m->opt;
	m->oom.bundle = m->bundle;
	m->oom.persist_dir = m->opt->persist_dir;
	m->ending.abandoned = on_abandoned;
	m->ending.finished = stop_when_done;
	m->timeout = (struct loop_source){ .fd = -1, .ready = on_timeout, .owner = m };
	m->out = (struct output){ .loop = &m->loop,
				  .space = m->space,
				  .log = &m->log,
				  .attach = &m->attach,
				  .stream = MONITOR_STDOUT,
				  .source.fd = -1 };
	m->err = m->out;
	m->err.stream = MONITOR_STDERR;
}

static int live(struct monitor *m, struct keg_err *err)
{
	oomscore_protect(m->oom_score);
	if (!m->log.passthrough && daemon_mute(err) < 0)
		return -(int)err->code;
	if (open_all(m, err) < 0 || launch(m, err) < 0)
		return -(int)err->code;
	if (m->log.passthrough && daemon_mute(err) < 0)
		return -(int)err->code;
	return loop_run(&m->loop, err);
}

int monitor_run(struct monitor_options *opt, struct keg_err *err)
{
	struct monitor m = {
		.opt = opt,
		.bundle = -1,
		.master = -1,
		.pipes = { { -1, -1, -1 }, { -1, -1, -1 } },
		.attach.listener.fd = -1,
		.console.listener.fd = -1,
		.oom.source.fd = -1,
		.launch.errors = -1,
	};

	m.bundle = open(opt->bundle ? opt->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (m.bundle < 0)
		return keg_fail_sys(err, errno, "open bundle %s", opt->bundle);
	if (space_map(&m.space, err) < 0 || ctrlog_open(&m.log, opt, m.space, err) < 0)
		return -(int)err->code;
	wait_for_engine(opt);
	int first = daemon_start(opt, err);
	if (first != 0)
		return first < 0 ? first : 0;

	wire(&m);
	if (live(&m, err) < 0 && !m.failed)
		fail(&m, err);
	console_close(&m.console);
	if (m.failed)
		attach_finish(&m.attach);
	return m.failed ? 1 : 0;
}
