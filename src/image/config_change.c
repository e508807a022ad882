/* SPDX-License-Identifier: Apache-2.0 */
#include "image/config_change.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/strv.h"

struct change {
	struct image_run_config *config;
	struct keg_arena *arena;
	const char *value;
};

static void append(struct change *c, const char ***list, size_t *n, const char *text)
{
	const char **longer = keg_arena_alloc(c->arena, *n + 2, sizeof *longer);

	if (*n > 0)
		memcpy(longer, *list, *n * sizeof *longer);
	longer[(*n)++] = keg_arena_strdup(c->arena, text);
	*list = longer;
}

/* ["a", "b"] as a list; -1 when the text is none. */
static int json_list(struct change *c, const char ***list, size_t *n)
{
	struct keg_err ignored;
	autojson parsed = NULL;

	if (c->value[0] != '[' ||
	    keg_json_parse(c->value, strlen(c->value), &parsed, &ignored) < 0 ||
	    !json_object_is_type(parsed, json_type_array))
		return -1;
	*n = 0;
	for (size_t i = 0; i < json_object_array_length(parsed); i++)
		append(c, list, n, json_object_get_string(json_object_array_get_idx(parsed, i)));
	return 0;
}

/* The list as it stands, or a line for the shell. */
static int command(struct change *c, const char ***list, size_t *n)
{
	if (json_list(c, list, n) == 0)
		return 0;
	*n = 0;
	append(c, list, n, "/bin/sh");
	append(c, list, n, "-c");
	append(c, list, n, c->value);
	return 0;
}

static int words(struct change *c, const char ***list, size_t *n)
{
	auto(keg_strv) parts = { 0 };

	if (json_list(c, list, n) == 0)
		return 0;
	keg_strv_split(&parts, c->value, ' ');
	for (size_t i = 0; i < parts.n; i++) {
		if (*parts.v[i])
			append(c, list, n, parts.v[i]);
	}
	return 0;
}

static int change_cmd(struct change *c)
{
	return command(c, &c->config->cmd, &c->config->n_cmd);
}

static int change_entrypoint(struct change *c)
{
	return command(c, &c->config->entrypoint, &c->config->n_entrypoint);
}

/* "A=b" or "A b". */
static int split_pair(struct change *c, char **key, char **value)
{
	size_t len = strcspn(c->value, "= ");

	if (len == 0 || !c->value[len])
		return -1;
	*key = keg_arena_strndup(c->arena, c->value, len);
	*value = keg_arena_strdup(c->arena, c->value + len + 1);
	size_t end = strlen(*value);
	if (end >= 2 && (*value)[0] == '"' && (*value)[end - 1] == '"') {
		(*value)[end - 1] = '\0';
		(*value)++;
	}
	return 0;
}

static int change_env(struct change *c)
{
	struct image_run_config *config = c->config;
	char *key, *value;

	if (split_pair(c, &key, &value) < 0)
		return -1;
	const char *assignment = keg_arena_printf(c->arena, "%s=%s", key, value);
	for (size_t i = 0; i < config->n_env; i++) {
		const char *rest = keg_str_after(config->env[i], key);
		if (rest && *rest == '=') {
			config->env[i] = assignment;
			return 0;
		}
	}
	append(c, &config->env, &config->n_env, assignment);
	return 0;
}

static int change_label(struct change *c)
{
	struct image_run_config *config = c->config;
	char *key, *value;

	if (split_pair(c, &key, &value) < 0)
		return -1;
	struct keg_pair *labels = keg_arena_alloc(c->arena, config->n_labels + 1, sizeof *labels);
	size_t n = 0;
	for (size_t i = 0; i < config->n_labels; i++) {
		if (!keg_str_eq(config->labels[i].key, key))
			labels[n++] = config->labels[i];
	}
	labels[n++] = (struct keg_pair){ key, value };
	config->labels = labels;
	config->n_labels = n;
	return 0;
}

static int change_expose(struct change *c)
{
	auto(keg_strv) ports = { 0 };

	keg_strv_split(&ports, c->value, ' ');
	for (size_t i = 0; i < ports.n; i++) {
		autofree char *port =
			keg_printf("%s%s", ports.v[i], strchr(ports.v[i], '/') ? "" : "/tcp");
		append(c, &c->config->exposed_ports, &c->config->n_exposed_ports, port);
	}
	return 0;
}

static int change_onbuild(struct change *c)
{
	append(c, &c->config->on_build, &c->config->n_on_build, c->value);
	return 0;
}

static int change_volume(struct change *c)
{
	return words(c, &c->config->volumes, &c->config->n_volumes);
}

static int change_stopsignal(struct change *c)
{
	c->config->stop_signal = keg_arena_strdup(c->arena, c->value);
	return 0;
}

static int change_user(struct change *c)
{
	c->config->user = keg_arena_strdup(c->arena, c->value);
	return 0;
}

static int change_workdir(struct change *c)
{
	c->config->working_dir = keg_arena_strdup(c->arena, c->value);
	return 0;
}

static const struct instruction {
	const char *word;
	int (*apply)(struct change *c); /* negative: the value makes no sense */
} instructions[] = {
	{ "CMD", change_cmd },
	{ "ENTRYPOINT", change_entrypoint },
	{ "ENV", change_env },
	{ "EXPOSE", change_expose },
	{ "LABEL", change_label },
	{ "ONBUILD", change_onbuild },
	{ "STOPSIGNAL", change_stopsignal },
	{ "USER", change_user },
	{ "VOLUME", change_volume },
	{ "WORKDIR", change_workdir },
};

int image_config_change(struct image_run_config *config, const char *line, struct keg_arena *arena,
			struct keg_err *err)
{
	size_t len = strcspn(line, "= \t");
	struct change c = { .config = config, .arena = arena, .value = line + len };

	c.value += strspn(c.value, "= \t");
	for (size_t i = 0; i < KEG_COUNT(instructions); i++) {
		const struct instruction *known = &instructions[i];

		if (strlen(known->word) != len || strncasecmp(known->word, line, len) != 0)
			continue;
		if (*c.value && known->apply(&c) >= 0)
			return 0;
		return keg_fail(err, KEG_EUSAGE, "invalid change \"%s\": %s wants another value",
				line, known->word);
	}
	return keg_fail(err, KEG_EUSAGE, "invalid change \"%s\": unknown instruction", line);
}
