/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/container_select.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "engine/container_filter.h"

struct latest {
	char id[KEG_ID_LEN + 1];
	int64_t created;
};

static int compare_created(void *ctx, struct container *c, struct keg_err *err)
{
	struct latest *best = ctx;

	(void)err;
	if (*best->id && c->record.created <= best->created)
		return 0;
	memcpy(best->id, c->id, sizeof best->id);
	best->created = c->record.created;
	return 0;
}

int select_latest(struct engine *engine, struct container *out, struct keg_err *err)
{
	struct latest best = { 0 };
	int r = container_each(engine, compare_created, &best, err);

	if (r < 0)
		return r;
	if (!*best.id)
		return keg_fail(err, KEG_ENOTFOUND, "no containers found");
	return container_open_id(engine, best.id, out, err);
}

int select_one(const struct cli_call *call, bool latest, struct engine *engine,
	       struct container *out, struct keg_err *err)
{
	if (latest)
		return select_latest(engine, out, err);
	return container_open(engine, call->operands[0], out, err);
}

/* --- several ------------------------------------------------------------------------------ */

struct chosen {
	const struct select_request *req;
	const struct container_filter *filter;
	struct keg_strv *names;
};

static int choose_matching(void *ctx, struct container *c, struct keg_err *err)
{
	struct chosen *ch = ctx;

	(void)err;
	if (container_filter_matches(ch->filter, c) &&
	    (!ch->req->only_running || c->state.status == CONTAINER_RUNNING ||
	     c->state.status == CONTAINER_PAUSED))
		keg_strv_add(ch->names, c->id);
	return 0;
}

static int add_cidfile(const char *path, struct keg_strv *names, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, path, 4096, &text, err);

	if (r < 0) {
		/* It is no container that is missing. */
		err->code = KEG_EUSAGE;
		return keg_wrap(err, "reading CIDFile");
	}
	text.len = strcspn(keg_buf_text(&text), "\n");
	keg_strv_take(names, keg_strndup(keg_buf_text(&text), text.len));
	return 0;
}

static int choose(const struct select_request *req, struct keg_strv *names, struct keg_err *err)
{
	const struct select_args *a = req->args;
	auto(container_filter) filter = { 0 };
	int r = 0;

	if (a->all && (req->call->n_operands || a->latest || a->cidfiles.n))
		return keg_fail(err, KEG_EUSAGE, "no arguments are needed with --all");
	if (a->latest && (req->call->n_operands || a->cidfiles.n))
		return keg_fail(err, KEG_EUSAGE,
				"--all, --latest, and containers cannot be used "
				"together");
	for (int i = 0; i < req->call->n_operands; i++)
		keg_strv_add(names, req->call->operands[i]);
	for (size_t i = 0; r >= 0 && i < a->cidfiles.n; i++)
		r = add_cidfile(a->cidfiles.v[i], names, err);
	if (r >= 0 && a->latest) {
		auto(container) c = CONTAINER_INIT;

		r = select_latest(req->engine, &c, err);
		if (r >= 0)
			keg_strv_add(names, c.id);
	}
	if (r < 0 || (!a->all && !a->filters.n))
		return r;
	struct chosen ch = { req, &filter, names };
	r = container_filter_parse(&a->filters, req->engine, &filter, err);
	return r < 0 ? r : container_each(req->engine, choose_matching, &ch, err);
}

int select_each(const struct select_request *req, struct keg_err *err)
{
	auto(keg_strv) names = { 0 };
	bool whole = req->args->all || req->args->filters.n;
	int r = choose(req, &names, err), worst = 0;

	if (r < 0)
		return r;
	if (names.n == 0 && !whole && req->nothing)
		return keg_fail(err, KEG_EUSAGE, "%s", req->nothing);
	for (size_t i = 0; i < names.n; i++) {
		auto(container) c = CONTAINER_INIT;
		struct keg_err why;

		r = container_open(req->engine, names.v[i], &c, &why);
		if (r == -KEG_ENOTFOUND && (req->args->ignore || whole))
			continue;
		if (r >= 0)
			r = req->each(req->ctx, &c, names.v[i], &why);
		/* With --all one that disappears meanwhile is no error. */
		if (r >= 0 || (r == -KEG_ENOTFOUND && whole))
			continue;
		if (worst < 0)
			keg_err_print(err, stderr);
		*err = why;
		worst = r;
	}
	return worst;
}
