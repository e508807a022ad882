/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/globals.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "cmd/kegrun/log.h"
#include "os/cgroup_manager.h"
#include "os/namespace.h"

const struct cli_opt kegrun_globals_opts[] = {
	OPT_FLAG(0, "debug", struct kegrun_globals, debug, "log what is done"),
	OPT_STRING(0, "log", struct kegrun_globals, log, "WHERE",
		   "write errors there as well: [file:]PATH, syslog:NAME or journald:NAME"),
	OPT_STRING(0, "log-format", struct kegrun_globals, log_format, "FORMAT",
		   "of the log: text or json"),
	OPT_STRING(0, "log-level", struct kegrun_globals, log_level, "LEVEL",
		   "error, warning (the default), or debug"),
	OPT_STRING(0, "root", struct kegrun_globals, root, "FOLDER",
		   "where the state of the containers is kept"),
	OPT_FLAG(0, "systemd-cgroup", struct kegrun_globals, systemd_cgroup,
		 "let systemd make the cgroups of new containers"),
	OPT_STRING(0, "cgroup-manager", struct kegrun_globals, cgroup_manager, "MANAGER",
		   "cgroupfs, systemd or disabled"),
	OPT_STRING(0, "rootless", struct kegrun_globals, rootless, "WHETHER",
		   "do without cgroups that may not be made: true, false or auto"),
	OPT_FLAG('v', "version", struct kegrun_globals, version, "print the version"),
	OPT_FLAG('V', "version", struct kegrun_globals, version, "the same", .flags = CLI_HIDDEN),
	OPT_REFUSED(0, "criu", "PATH"),
	OPT_END,
};

void kegrun_globals_as_crun(void *globals)
{
	struct kegrun_globals *g = globals;

	g->as_crun = true;
}

/* runc has no such option: who gives it talks to crun. */
static bool is_for_crun(const struct kegrun_globals *g)
{
	return g->as_crun || g->cgroup_manager;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (!text || strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

/* "" and "/": each folder of the host would be taken for a container. */
static bool is_top(const char *path)
{
	return path[strspn(path, "/.")] == '\0' && (*path == '/' || *path == '\0');
}

static bool wants_systemd(const struct kegrun_globals *g)
{
	return g->systemd_cgroup || keg_str_eq(g->cgroup_manager, "systemd");
}

int kegrun_globals_start(const void *globals, struct keg_err *err)
{
	static const char *const formats[] = { "text", "json", NULL };
	/* What Go's flags take for a truth, and "auto". */
	static const char *const whether[] = { "true",	"false", "auto", "1",	  "0",
					       "t",	"f",	 "TRUE", "FALSE", "True",
					       "False", "T",	 "F",	 "",	  NULL };
	static const char *const managers[] = { "cgroupfs", "systemd", "disabled", NULL };
	const struct kegrun_globals *g = globals;

	int r = kegrun_log_check(g, err);

	if (r < 0)
		return r;
	if (kegrun_log_wants_debug(g))
		keg_log_set_level(KEG_LOG_DEBUG);
	if (!is_one_of(g->log_format, formats))
		return keg_fail(err, KEG_EUSAGE, "invalid log-format: %s", g->log_format);
	if (!is_one_of(g->rootless, whether))
		return keg_fail(err, KEG_EUSAGE, "invalid --rootless: %s", g->rootless);
	if (!is_one_of(g->cgroup_manager, managers))
		return keg_fail(err, KEG_EUSAGE, "invalid --cgroup-manager: %s", g->cgroup_manager);
	if (g->root && is_top(g->root))
		return keg_fail(err, KEG_EUSAGE, "Option --root argument should not be set to /");
	return 0;
}

static void init(struct kegrun_context *ctx, const struct kegrun_globals *g)
{
	char said = keg_str_empty(g->rootless) ? 'a' : (char)tolower((unsigned char)*g->rootless);
	const char *notify = getenv("NOTIFY_SOCKET");
	bool rootless = said == 't' || said == '1' ||
			(said == 'a' && (geteuid() != 0 || namespace_user_is_partial()));

	*ctx = (struct kegrun_context){ .root = g->root ? keg_strdup(g->root)
							: runtime_default_root(),
					.cache = runtime_default_cache() };
	ctx->runtime = (struct runtime_context){
		.root = ctx->root,
		.seccomp_cache = ctx->cache,
		.rootless = rootless,
		.no_cgroups = keg_str_eq(g->cgroup_manager, "disabled"),
		.manager = &cgroup_systemd,
		.systemd = wants_systemd(g),
		.as_crun = is_for_crun(g),
		.notify_socket = keg_str_empty(notify) ? NULL : notify,
		.warn = kegrun_log_warning,
		.debug = kegrun_log_wants_debug(g) ? kegrun_log_debug : NULL,
		.sink = (void *)(uintptr_t)g,
	};
}

void kegrun_context_init(struct kegrun_context *ctx, const struct cli_call *call)
{
	init(ctx, call->globals);
}

void kegrun_candidates(const void *globals, enum cli_operand kind, struct keg_strv *out)
{
	auto(kegrun_context) ctx = { 0 };
	auto(keg_strv) ids = { 0 };
	struct keg_err ignored;

	if (kind != CLI_CONTAINER && kind != CLI_RUNNING)
		return;
	init(&ctx, globals);
	if (runtime_list(&ctx.runtime, &ids, &ignored) < 0)
		return;
	for (size_t i = 0; i < ids.n; i++) {
		auto(keg_arena) arena = { 0 };
		struct runtime_state state;

		if (runtime_state(&ctx.runtime, ids.v[i], &state, &arena, &ignored) >= 0 &&
		    (kind == CLI_CONTAINER || state.status != RUNTIME_STOPPED))
			keg_strv_add(out, ids.v[i]);
	}
}

void kegrun_context_done(struct kegrun_context *ctx)
{
	free(ctx->root);
	free(ctx->cache);
}

int kegrun_start_failed(struct keg_err *err)
{
	if (err->code == KEG_ENOCOMMAND || err->code == KEG_EBADCOMMAND)
		err->code = KEG_ESYSTEM;
	return -(int)err->code;
}
