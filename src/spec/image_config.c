/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/image_config.h"

#include "spec/digest.h"

static const struct keg_json_field healthcheck_rows[] = {
	JSON_STRV("Test", struct image_healthcheck, test, 0),
	JSON_I64("Interval", struct image_healthcheck, interval, 0),
	JSON_I64("Timeout", struct image_healthcheck, timeout, 0),
	JSON_I64("StartPeriod", struct image_healthcheck, start_period, 0),
	JSON_I64("StartInterval", struct image_healthcheck, start_interval, 0),
	JSON_INT("Retries", struct image_healthcheck, retries, 0),
	JSON_END,
};

const struct keg_json_field image_run_config_rows[] = {
	JSON_STR("Hostname", struct image_run_config, hostname, 0),
	JSON_STR("Domainname", struct image_run_config, domainname, 0),
	JSON_STR("User", struct image_run_config, user, 0),
	JSON_BOOL("AttachStdin", struct image_run_config, attach_stdin, 0),
	JSON_BOOL("AttachStdout", struct image_run_config, attach_stdout, 0),
	JSON_BOOL("AttachStderr", struct image_run_config, attach_stderr, 0),
	JSON_KEYS("ExposedPorts", struct image_run_config, exposed_ports, 0),
	JSON_BOOL("Tty", struct image_run_config, tty, 0),
	JSON_BOOL("OpenStdin", struct image_run_config, open_stdin, 0),
	JSON_BOOL("StdinOnce", struct image_run_config, stdin_once, 0),
	JSON_STRV("Env", struct image_run_config, env, 0),
	JSON_STRV("Entrypoint", struct image_run_config, entrypoint, 0),
	JSON_STRV("Cmd", struct image_run_config, cmd, 0),
	JSON_OBJ("Healthcheck", struct image_run_config, healthcheck, 0, image_healthcheck,
		 healthcheck_rows),
	JSON_BOOL("ArgsEscaped", struct image_run_config, args_escaped, 0),
	JSON_STR("Image", struct image_run_config, image, 0),
	JSON_KEYS("Volumes", struct image_run_config, volumes, 0),
	JSON_STR("WorkingDir", struct image_run_config, working_dir, 0),
	JSON_BOOL("NetworkDisabled", struct image_run_config, network_disabled, 0),
	JSON_STRV("OnBuild", struct image_run_config, on_build, 0),
	JSON_MAP("Labels", struct image_run_config, labels, 0),
	JSON_STR("StopSignal", struct image_run_config, stop_signal, 0),
	JSON_INT_PTR("StopTimeout", struct image_run_config, stop_timeout, 0),
	JSON_STRV("Shell", struct image_run_config, shell, 0),
	JSON_END,
};

const struct keg_json_field image_rootfs_rows[] = {
	JSON_STR("type", struct image_rootfs, type, KEG_JSON_ALWAYS),
	JSON_STRV("diff_ids", struct image_rootfs, diff_ids, KEG_JSON_ALWAYS),
	JSON_END,
};

const struct keg_json_field image_history_rows[] = {
	JSON_STR("created", struct image_history, created, 0),
	JSON_STR("created_by", struct image_history, created_by, 0),
	JSON_STR("author", struct image_history, author, 0),
	JSON_STR("comment", struct image_history, comment, 0),
	JSON_BOOL("empty_layer", struct image_history, empty_layer, 0),
	JSON_END,
};

static const struct keg_json_field rows[] = {
	JSON_STR("id", struct image_config, id, 0),
	JSON_STR("parent", struct image_config, parent, 0),
	JSON_STR("comment", struct image_config, comment, 0),
	JSON_STR("created", struct image_config, created, 0),
	JSON_STR("container", struct image_config, container, 0),
	JSON_RAW("container_config", struct image_config, container_config, 0),
	JSON_STR("docker_version", struct image_config, docker_version, 0),
	JSON_STR("author", struct image_config, author, 0),
	JSON_STR("architecture", struct image_config, architecture, KEG_JSON_ALWAYS),
	JSON_STR("variant", struct image_config, variant, 0),
	JSON_STR("os", struct image_config, os, KEG_JSON_ALWAYS),
	JSON_STR("os.version", struct image_config, os_version, 0),
	JSON_STRV("os.features", struct image_config, os_features, 0),
	JSON_OBJ("config", struct image_config, config, 0, image_run_config, image_run_config_rows),
	JSON_OBJ("rootfs", struct image_config, rootfs, 0, image_rootfs, image_rootfs_rows),
	JSON_OBJV("history", struct image_config, history, 0, image_history, image_history_rows),
	JSON_END,
};

/* Docker's strslice: a command may be one string. */
static void make_lists_of_strings(struct json_object *root)
{
	static const char *const commands[] = { "Entrypoint", "Cmd", "Shell", "OnBuild" };
	struct json_object *config = keg_json_get(root, "config");

	for (size_t i = 0; config && i < KEG_COUNT(commands); i++) {
		struct json_object *value = keg_json_get(config, commands[i]);

		if (!value || !json_object_is_type(value, json_type_string))
			continue;
		struct json_object *list = json_object_new_array_ext(1);
		json_object_array_add(list, json_object_get(value));
		json_object_object_add(config, commands[i], list);
	}
}

static int check(const struct image_config *config, struct keg_err *err)
{
	if (config->rootfs->n_diff_ids > IMAGE_CONFIG_LAYERS_MAX)
		return keg_fail(err, KEG_ECORRUPT, "%zu layers, more than %d",
				config->rootfs->n_diff_ids, IMAGE_CONFIG_LAYERS_MAX);
	for (size_t i = 0; i < config->rootfs->n_diff_ids; i++) {
		if (digest_check(config->rootfs->diff_ids[i], err) < 0)
			return keg_wrap(err, "rootfs.diff_ids[%zu]", i);
	}
	return 0;
}

int image_config_parse(const char *text, size_t len, struct keg_arena *arena,
		       struct image_config *out, struct keg_err *err)
{
	struct image_config config = { 0 };
	autojson root = NULL;

	if (len > IMAGE_CONFIG_BYTES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "image configuration of %zu bytes is too long",
				len);
	if (keg_json_parse(text, len, &root, err) < 0)
		return keg_wrap(err, "image configuration");
	if (!json_object_is_type(root, json_type_object))
		return keg_fail(err, KEG_ECORRUPT, "image configuration: not a JSON object");
	make_lists_of_strings(root);
	if (keg_json_decode(root, rows, &config, arena, err) < 0)
		return keg_wrap(err, "image configuration");
	if (!config.config)
		config.config = keg_arena_alloc(arena, 1, sizeof *config.config);
	if (!config.rootfs)
		config.rootfs = keg_arena_alloc(arena, 1, sizeof *config.rootfs);
	if (check(&config, err) < 0)
		return keg_wrap(err, "image configuration");
	*out = config;
	return 0;
}

void image_config_emit(const struct image_config *config, struct keg_buf *out)
{
	autojson root = keg_json_encode(rows, config);

	keg_json_print(root, out);
}

void image_config_platform(const struct image_config *config, struct platform *out)
{
	*out = (struct platform){
		.architecture = config->architecture,
		.os = config->os,
		.variant = config->variant,
		.os_version = config->os_version,
		.os_features = config->os_features,
		.n_os_features = config->n_os_features,
	};
}
