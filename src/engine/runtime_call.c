/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/runtime_call.h"

#include <signal.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/spawn.h"

enum { MAX_OUTPUT = 1 << 16 };

const char *runtime_call_root(struct container *c)
{
	return keg_arena_printf(&c->arena, "%s/runtime", c->engine->rundir);
}

struct runtime_context runtime_call_context(struct container *c)
{
	autofree char *cache = runtime_default_cache();

	return (struct runtime_context){
		.root = runtime_call_root(c),
		.seccomp_cache = keg_arena_strdup(&c->arena, cache),
		.rootless = c->engine->rootless,
		.no_cgroups = c->record.no_cgroups,
	};
}

int runtime_call_classify(struct keg_err *err, const char *message)
{
	static const struct {
		const char *words;
		enum keg_code code;
	} known[] = {
		{ "executable file not found", KEG_ENOCOMMAND },
		{ "executable file `", KEG_ENOCOMMAND },
		{ "no such file or directory", KEG_ENOCOMMAND },
		{ "No such file or directory", KEG_ENOCOMMAND },
		{ "ermission denied", KEG_EBADCOMMAND },
		{ "peration not permitted", KEG_EBADCOMMAND },
		{ "exec format error", KEG_EBADCOMMAND },
		{ "is a directory", KEG_EBADCOMMAND },
	};

	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (strstr(message, known[i].words))
			return keg_fail(err, known[i].code, "%s", message);
	}
	return keg_fail(err, KEG_EBADCOMMAND, "OCI runtime error: %s", message);
}

int runtime_call_read_log(struct container *c, const char *file, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct keg_err ignored;
	int r = 0;

	if (keg_file_read(c->run, file, MAX_OUTPUT, &text, &ignored) < 0)
		return 0;
	char *at = text.len ? text.data : NULL;
	for (char *line; (line = strsep(&at, "\n")) != NULL;) {
		autojson tree = NULL;

		if (!*line || keg_json_parse(line, strlen(line), &tree, &ignored) < 0)
			continue;
		const char *message = keg_json_str(tree, "msg", NULL);
		if (message)
			r = runtime_call_classify(err, message);
	}
	return r;
}

/* runtime --root DIR WORDS... */
static int run_foreign(struct container *c, const char *const *words, struct keg_err *err)
{
	auto(keg_strv) argv = { 0 };
	auto(keg_buf) said = { 0 };

	keg_strv_add(&argv, c->record.runtime);
	if (c->engine->request.runtime_flags) {
		const struct keg_strv *flags = c->engine->request.runtime_flags;

		for (size_t i = 0; i < flags->n; i++)
			keg_strv_addf(&argv, "--%s", flags->v[i]);
	}
	keg_strv_add(&argv, "--root");
	keg_strv_add(&argv, runtime_call_root(c));
	for (; *words; words++)
		keg_strv_add(&argv, *words);
	int status = keg_spawn_run((const char *const *)argv.v, NULL, MAX_OUTPUT, NULL, &said, err);
	if (status <= 0)
		return status;
	while (said.len && (said.data[said.len - 1] == '\n'))
		keg_buf_cut(&said, said.len - 1);
	const char *last = strrchr(keg_buf_text(&said), '\n');
	return runtime_call_classify(err, last ? last + 1 : keg_buf_text(&said));
}

int runtime_call_start(struct container *c, struct keg_err *err)
{
	if (c->record.runtime)
		return run_foreign(c, (const char *const[]){ "start", c->id, NULL }, err);
	struct runtime_context ctx = runtime_call_context(c);
	return runtime_start(&ctx, c->id, err);
}

int runtime_call_kill(struct container *c, int sig, bool all, struct keg_err *err)
{
	if (!c->record.runtime) {
		struct runtime_context ctx = runtime_call_context(c);

		return runtime_kill(&ctx, c->id, sig, all, err);
	}
	autofree char *number = keg_printf("%d", sig);
	const char *words[] = { "kill", c->id, number, NULL, NULL };
	if (all) {
		words[1] = "--all";
		words[2] = c->id;
		words[3] = number;
	}
	return run_foreign(c, words, err);
}

int runtime_call_delete(struct container *c, struct keg_err *err)
{
	if (!c->record.runtime) {
		struct runtime_context ctx = runtime_call_context(c);

		return runtime_delete(&ctx, c->id, true, err);
	}
	return run_foreign(c, (const char *const[]){ "delete", "--force", c->id, NULL }, err);
}
