/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a configuration that OCI's format has, as Go's structures of it are written: the
 * peers make it from Docker's when they convert an image, and so its digest is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "spec/go_json.h"
#include "spec/image_config.h"

static const struct keg_json_field run_rows[] = {
	JSON_STR("User", struct image_run_config, user, 0),
	JSON_KEYS("ExposedPorts", struct image_run_config, exposed_ports, 0),
	JSON_STRV("Env", struct image_run_config, env, 0),
	JSON_STRV("Entrypoint", struct image_run_config, entrypoint, 0),
	JSON_STRV("Cmd", struct image_run_config, cmd, 0),
	JSON_KEYS("Volumes", struct image_run_config, volumes, 0),
	JSON_STR("WorkingDir", struct image_run_config, working_dir, 0),
	JSON_MAP("Labels", struct image_run_config, labels, 0),
	JSON_STR("StopSignal", struct image_run_config, stop_signal, 0),
	JSON_END,
};

static const struct keg_json_field rows[] = {
	JSON_STR("created", struct image_config, created, 0),
	JSON_STR("author", struct image_config, author, 0),
	JSON_STR("architecture", struct image_config, architecture, KEG_JSON_ALWAYS),
	JSON_STR("variant", struct image_config, variant, 0),
	JSON_STR("os", struct image_config, os, KEG_JSON_ALWAYS),
	JSON_STR("os.version", struct image_config, os_version, 0),
	JSON_STRV("os.features", struct image_config, os_features, 0),
	JSON_OBJ("config", struct image_config, config, 0, image_run_config, run_rows),
	JSON_OBJ("rootfs", struct image_config, rootfs, 0, image_rootfs, image_rootfs_rows),
	JSON_OBJV("history", struct image_config, history, 0, image_history, image_history_rows),
	JSON_END,
};

/* Go drops the last zeros of a fraction. */
static const char *as_go_writes(const char *time, struct keg_arena *arena)
{
	const char *dot = time ? strchr(time, '.') : NULL;

	if (!dot)
		return time;
	size_t digits = strspn(dot + 1, "0123456789"), kept = digits;
	while (kept > 0 && dot[kept] == '0')
		kept--;
	return keg_arena_printf(arena, "%.*s%s", (int)(dot - time + (kept ? (long)kept + 1 : 0)),
				time, dot + 1 + digits);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct keg_pair *)a)->key, ((const struct keg_pair *)b)->key);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Go writes maps sorted. */
static const char **sorted(const char **keys, size_t n, struct keg_arena *arena)
{
	const char **copy = keg_arena_alloc(arena, n + 1, sizeof *copy);

	if (n > 0) {
		memcpy(copy, keys, n * sizeof *copy);
		qsort(copy, n, sizeof *copy, by_text);
	}
	return copy;
}

void image_config_emit_oci(const struct image_config *config, struct keg_buf *out)
{
	auto(keg_arena) arena = { 0 };
	struct image_config oci = *config;
	struct image_run_config run = *config->config;

	run.exposed_ports = sorted(run.exposed_ports, run.n_exposed_ports, &arena);
	run.volumes = sorted(run.volumes, run.n_volumes, &arena);
	run.labels = keg_arena_alloc(&arena, run.n_labels + 1, sizeof *run.labels);
	if (run.n_labels > 0) {
		memcpy(run.labels, config->config->labels, run.n_labels * sizeof *run.labels);
		qsort(run.labels, run.n_labels, sizeof *run.labels, by_key);
	}
	oci.config = &run;
	oci.created = as_go_writes(oci.created, &arena);
	oci.history = keg_arena_alloc(&arena, oci.n_history + 1, sizeof *oci.history);
	for (size_t i = 0; i < oci.n_history; i++) {
		oci.history[i] = config->history[i];
		oci.history[i].created = as_go_writes(oci.history[i].created, &arena);
	}

	autojson root = keg_json_encode(rows, &oci);
	go_json_print(root, out);
}
