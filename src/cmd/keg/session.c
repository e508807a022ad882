/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/session.h"

#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"
#include "engine/lifecycle.h"
#include "monitor/protocol.h"
#include "store/pin.h"

/* A container that lives shorter than this needs no pin: the hold kept its image. */
enum { PIN_AFTER_MS = 20 };

struct pinning {
	struct container *c;
	int *hold;
};

static void pin(struct container *c, int *hold)
{
	struct store *store;
	struct keg_err why;
	int r = engine_store(c->engine, &store, &why);

	if (r >= 0)
		r = store_pin(store, c->record.image_id, c->id, &why);
	if (r < 0)
		keg_warn("image of container %s: %s", c->id, why.msg);
	store_hold_release(hold);
}

static void pin_now(void *ctx)
{
	const struct pinning *p = ctx;

	pin(p->c, p->hold);
}

void session_pin(struct container *c, int *hold)
{
	struct stat st;

	if (*hold >= 0 && !c->record.remove && fstat(c->dir, &st) == 0 && st.st_nlink > 0)
		pin(c, hold);
}

/* Its status, and nothing of it left but what `keg ps -a` shows. */
static int finish(struct container *c, int client, int told, struct keg_err *err)
{
	int r = told >= 0 ? 1 : lifecycle_wait(c, -1, err);
	int status = told >= 0 ? told : c->state.exit_code;

	if (r >= 0)
		r = container_lock(c, err);
	if (r >= 0)
		r = lifecycle_cleanup(c, err);
	/* Gone already: another command, or the monitor's, did it first. */
	if (r < 0 && r != -KEG_ENOTFOUND)
		return r;
	if (client >= 0) {
		const char done = MONITOR_CLIENT_CLEANS;

		if (write(client, &done, 1) < 0)
			keg_debug("the monitor of container %s is gone", c->id);
	}
	return status;
}

static int stay(struct container *c, int socket, const struct attach_request *req,
		struct keg_err *err)
{
	struct keg_err ignored;
	int told;

	/* Whoever cleans up a --rm container waits until we have read its status. */
	if (c->run >= 0 && req->client < 0 && keg_lock_flock(c->run, KEG_LOCK_SHARED, &ignored) < 0)
		keg_debug("%s", ignored.msg);
	int r = attach_run(c, socket, req, &told, err);
	if (r < 0)
		return r;
	if (r == ATTACH_DETACHED)
		return 0;
	return finish(c, req->client, told, err);
}

int session_start(struct container *c, const struct attach_request *req,
		  int *hold, /* NOLINT(readability-non-const-parameter): pin_now() sets it */
		  struct keg_err *err)
{
	auto(monitor_link) link = MONITOR_LINK_INIT;
	struct pinning pinning = { c, hold };
	autofd int socket = -1;

	attach_block_signals();
	int r = lifecycle_start(c, true, &link, err);
	if (r >= 0 && (req->in || req->out || req->err))
		r = socket = attach_open(c, err);
	if (r >= 0)
		r = lifecycle_begin(c, &link, err);
	if (r < 0)
		return r;
	container_unlock(c);
	struct attach_request run = *req;

	run.client = link.client;
	if (hold && *hold >= 0) {
		run.later = pin_now;
		run.later_ms = PIN_AFTER_MS;
		run.later_ctx = &pinning;
	}
	return stay(c, socket, &run, err);
}

int session_attach(struct container *c, struct attach_request *req, struct keg_err *err)
{
	attach_block_signals();
	autofd int socket = attach_open(c, err);

	if (socket < 0)
		return socket;
	req->client = -1;
	return stay(c, socket, req, err);
}

int session_streams(const struct keg_strv *attach, bool interactive, struct attach_request *out,
		    struct keg_err *err)
{
	if (attach->n == 0) {
		out->in = interactive;
		out->out = out->err = true;
		return 0;
	}
	for (size_t i = 0; i < attach->n; i++) {
		if (strcasecmp(attach->v[i], "stdin") == 0)
			out->in = true;
		else if (strcasecmp(attach->v[i], "stdout") == 0)
			out->out = true;
		else if (strcasecmp(attach->v[i], "stderr") == 0)
			out->err = true;
		else
			return keg_fail(err, KEG_EUSAGE,
					"invalid stream \"%s\" for --attach - must be one of "
					"stdin, stdout, or stderr",
					attach->v[i]);
	}
	return 0;
}
