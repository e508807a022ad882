/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.h - the configuration of an image: OCI image specification, config.md, and
 * Docker's older superset of it. All strings live in the arena of the parse.
 */
#ifndef KEG_SPEC_IMAGE_CONFIG_H
#define KEG_SPEC_IMAGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"
#include "spec/platform.h"

enum {
	IMAGE_CONFIG_BYTES_MAX = 4 << 20,
	IMAGE_CONFIG_LAYERS_MAX =
		4096, /* the same for a manifest's layers and a config's diff_ids */
};

struct image_healthcheck {
	const char **test;
	size_t n_test;
	int64_t interval, timeout, start_period, start_interval; /* nanoseconds */
	int retries;
};

/* How to start a container of it. */
struct image_run_config {
	const char *user, *working_dir, *stop_signal, *hostname, *domainname, *image;
	const char **exposed_ports, **env, **entrypoint, **cmd, **volumes, **on_build, **shell;
	size_t n_exposed_ports, n_env, n_entrypoint, n_cmd, n_volumes, n_on_build, n_shell;
	struct keg_pair *labels;
	size_t n_labels;
	struct image_healthcheck *healthcheck;
	const int *stop_timeout;
	bool args_escaped, tty, open_stdin, stdin_once, attach_stdin, attach_stdout, attach_stderr,
		network_disabled;
};

struct image_rootfs {
	const char *type; /* "layers" */
	const char **diff_ids;
	size_t n_diff_ids;
};

struct image_history {
	const char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_config {
	const char *created, *author, *architecture, *os, *os_version, *variant;
	const char **os_features;
	size_t n_os_features;
	struct image_run_config *config; /* never NULL after a parse */
	struct image_rootfs *rootfs;	 /* never NULL after a parse */
	struct image_history *history;
	size_t n_history;
	const char *id, *parent, *comment, *container, *docker_version; /* Docker only */
	struct json_object *container_config;				/* Docker only */
};

/*
 * KEG_ECORRUPT for what breaks the format, is over a limit, or has a diff_id that is no
 * digest. A command that is one string instead of a list is taken as a list of one.
 */
int image_config_parse(const char *text, size_t len, struct keg_arena *arena,
		       struct image_config *out, struct keg_err *err) KEG_MUST_CHECK;

/* As compact JSON, appended; members unset are left out. */
void image_config_emit(const struct image_config *config, struct keg_buf *out);

/* The same of what OCI's format has, byte for byte as the peers convert Docker's to it. */
void image_config_emit_oci(const struct image_config *config, struct keg_buf *out);

/* The platform it is for; text is shared with the configuration. */
void image_config_platform(const struct image_config *config, struct platform *out);

/* Rows for those who print parts of it (inspect). */
extern const struct keg_json_field image_run_config_rows[];
extern const struct keg_json_field image_rootfs_rows[];
extern const struct keg_json_field image_history_rows[];

#endif
