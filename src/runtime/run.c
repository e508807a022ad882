/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "runtime/creation.h"
#include "runtime/delete.h"
#include "runtime/foreground.h"
#include "runtime/ready.h"
#include "runtime/start.h"

/* Say GO; the end of the conversation is the exec, an error its failure. */
static int let_go(struct creation *c, struct keg_err *err)
{
	int r = sync_send(c->sync.parent, SYNC_GO, 0, err);

	if (r >= 0)
		r = sync_receive(c->sync.parent, NULL, err);
	if (r == SYNC_END)
		return start_hooks(&c->record, &c->config, err);
	return r < 0 ? r : keg_fail(err, KEG_ESYSTEM, "unexpected message %d", r);
}

static int delete_again(struct creation *c, struct keg_err *err)
{
	const struct state_container ended = {
		.folder = c->folder,
		.record = c->record,
		.config = c->config,
	};

	return delete_ended(c->ctx, &ended, c->launch.group, err);
}

/* The container runs; what the manager does not hear is no reason to end it. */
static void warn(const struct runtime_context *ctx, const struct keg_err *err)
{
	if (ctx->warn)
		ctx->warn(ctx->sink, err->msg);
}

static void pass_on(void *data)
{
	struct ready *ready = data;
	struct keg_err err;

	if (ready_receive(ready, &err) < 0)
		warn(ready->ctx, &err);
}

static int run_foreground(struct creation *c, struct foreground *f, struct keg_err *err)
{
	auto(ready) ready = { .socket = -1, .host = -1 };
	int r = foreground_attach(f, err);

	if (r >= 0)
		r = ready_open(&ready, c->ctx, c->folder, &c->config, err);
	if (r >= 0)
		r = let_go(c, err);
	if (r < 0) {
		creation_abandon(c);
		return r;
	}

	/* Signals to us reach the container, and we end as it does. */
	ready.main = getpid();
	f->watched = ready.socket;
	f->on_watched = pass_on;
	// cppcheck-suppress autoVariables ; taken back below
	f->data = &ready;
	int status = foreground_wait(f, c->pidfd, c->pid, err);
	f->on_watched = NULL;
	f->data = NULL;
	if (status >= 0 && !c->req->keep) {
		r = delete_again(c, err);
		if (r < 0)
			return r;
	}
	return status;
}

static int run_detached(const struct runtime_context *ctx, const char *id,
			const struct runtime_create_request *req, struct keg_err *err)
{
	auto(ready) ready = { .socket = -1, .host = -1 };
	auto(creation) c = { 0 };
	struct keg_err untold;
	int r = creation_begin(&c, ctx, id, req, -1, false, err);

	if (r < 0)
		return r;
	r = ready_open(&ready, ctx, c.folder, &c.config, err);
	if (r >= 0)
		r = let_go(&c, err);
	if (r < 0) {
		creation_abandon(&c);
		return r;
	}
	ready.main = c.pid;
	if (ready_wait(&ready, c.pidfd, &untold) < 0)
		warn(ctx, &untold);
	return 0;
}

int runtime_run(const struct runtime_context *ctx, const char *id,
		const struct runtime_create_request *req, struct keg_err *err)
{
	/* Whether there is a terminal only the config says; a pair of sockets too much is cheap. */
	bool own_terminal = !req->io.console_socket && req->io.console_fd < 0;
	auto(foreground) f = { 0 };
	auto(creation) c = { 0 };
	int r;

	if (req->detach)
		return run_detached(ctx, id, req, err);
	r = foreground_open(&f, own_terminal, err);
	if (r >= 0)
		r = creation_begin(&c, ctx, id, req, f.console[1], false, err);
	if (r < 0)
		return r;
	if (own_terminal && !c.config.process->terminal)
		foreground_drop_terminal(&f);
	return run_foreground(&c, &f, err);
}
