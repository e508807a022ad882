/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/lib.h"

struct keg_runtime_state {
	struct keg_arena arena;
	struct runtime_state state;
};

_Static_assert((int)KEG_RUNTIME_CREATING == RUNTIME_CREATING &&
		       (int)KEG_RUNTIME_CREATED == RUNTIME_CREATED &&
		       (int)KEG_RUNTIME_RUNNING == RUNTIME_RUNNING &&
		       (int)KEG_RUNTIME_PAUSED == RUNTIME_PAUSED &&
		       (int)KEG_RUNTIME_STOPPED == RUNTIME_STOPPED,
	       "the public states are ours");

/* The pointers and what they point to as one piece of memory. */
static char **one_piece(const struct keg_strv *list)
{
	size_t room = (list->n + 1) * sizeof(char *);

	for (size_t i = 0; i < list->n; i++)
		room += strlen(list->v[i]) + 1;
	char **made = keg_alloc(1, room);
	char *text = (char *)(made + list->n + 1);
	for (size_t i = 0; i < list->n; i++) {
		made[i] = text;
		text = stpcpy(text, list->v[i]) + 1;
	}
	return made;
}

int keg_runtime_list(const struct keg_runtime *rt, char ***ids, struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	auto(keg_strv) list = { 0 };
	struct keg_err err = { 0 };

	if (runtime_list(&ctx, &list, &err) < 0)
		return lib_fail(error, &err);
	*ids = one_piece(&list);
	return (int)list.n;
}

const char *keg_runtime_status_name(enum keg_runtime_status status)
{
	return status >= KEG_RUNTIME_CREATING && status <= KEG_RUNTIME_STOPPED
		       ? runtime_status_name((enum runtime_status)status)
		       : "unknown";
}

int keg_runtime_state(const struct keg_runtime *rt, const char *id, struct keg_runtime_state **out,
		      struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_runtime_state *made = keg_alloc(1, sizeof *made);
	struct keg_err err = { 0 };

	if (runtime_state(&ctx, id, &made->state, &made->arena, &err) < 0) {
		keg_runtime_state_free(made);
		return lib_fail(error, &err);
	}
	*out = made;
	return 0;
}

void keg_runtime_state_free(struct keg_runtime_state *state)
{
	if (!state)
		return;
	keg_arena_done(&state->arena);
	free(state);
}

enum keg_runtime_status keg_runtime_state_status(const struct keg_runtime_state *state)
{
	return (enum keg_runtime_status)state->state.status;
}

pid_t keg_runtime_state_pid(const struct keg_runtime_state *state)
{
	return state->state.pid;
}

const char *keg_runtime_state_id(const struct keg_runtime_state *state)
{
	return state->state.id;
}

const char *keg_runtime_state_bundle(const struct keg_runtime_state *state)
{
	return state->state.bundle;
}

const char *keg_runtime_state_rootfs(const struct keg_runtime_state *state)
{
	return state->state.rootfs;
}

const char *keg_runtime_state_created(const struct keg_runtime_state *state)
{
	return state->state.created;
}

const char *keg_runtime_state_annotation(const struct keg_runtime_state *state, const char *name)
{
	for (size_t i = 0; i < state->state.n_annotations; i++) {
		if (strcmp(state->state.annotations[i].key, name) == 0)
			return state->state.annotations[i].value;
	}
	return NULL;
}

int keg_runtime_config(const struct keg_runtime *rt, const char *id, char **json,
		       struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	struct oci_config config;
	struct keg_err err = { 0 };

	if (runtime_config(&ctx, id, &config, &arena, &err) < 0)
		return lib_fail(error, &err);
	autojson document = oci_config_encode(&config);
	keg_json_print(document, &text);
	*json = keg_buf_take(&text);
	return 0;
}

int keg_runtime_pids(const struct keg_runtime *rt, const char *id, pid_t **pids,
		     struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_err err = { 0 };
	size_t n = 0;

	return runtime_pids(&ctx, id, pids, &n, &err) < 0 ? lib_fail(error, &err) : (int)n;
}

int keg_runtime_stats(const struct keg_runtime *rt, const char *id, struct keg_runtime_stats *out,
		      struct keg_runtime_error **error)
{
	const struct runtime_context ctx = lib_context(rt);
	struct keg_runtime_stats known;
	struct cgroup_stat stat;
	struct keg_err err = { 0 };
	size_t size = out->size;

	if (size < sizeof size || size > UINT16_MAX)
		(void)!keg_fail(&err, KEG_EUSAGE, "a struct was not made by its _INIT macro");
	else
		(void)!runtime_stat(&ctx, id, &stat, &err);
	if (err.code)
		return lib_fail(error, &err);
	known = (struct keg_runtime_stats){
		.size = size,
		.memory_usage = stat.memory_usage,
		.memory_peak = stat.memory_peak,
		.memory_limit = stat.memory_limit,
		.memory_inactive_file = stat.memory_inactive_file,
		.oom_kills = stat.oom_kills,
		.cpu_usage_ns = stat.cpu_usage_ns,
		.cpu_user_ns = stat.cpu_user_ns,
		.cpu_system_ns = stat.cpu_system_ns,
		.pids_current = stat.pids_current,
		.pids_limit = stat.pids_limit,
		.io_read_bytes = stat.io_read_bytes,
		.io_write_bytes = stat.io_write_bytes,
	};
	memset(out, 0xff, size);
	memcpy(out, &known, size < sizeof known ? size : sizeof known);
	return 0;
}
