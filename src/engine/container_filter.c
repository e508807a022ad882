/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/container_filter.h"

#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "engine/image_find.h"

struct filter_condition {
	const struct filter_key *key;
	char *value;
	regex_t regex; /* of keys that match by one */
	bool has_regex;
	int64_t number;
};

struct filter_key {
	const char *name;
	int (*prepare)(struct filter_condition *f, struct engine *engine, struct keg_err *err);
	bool (*matches)(const struct filter_condition *f, const struct container *c);
	bool all; /* every condition of this key must hold */
	bool status;
};

static int prepare_regex(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	(void)engine;
	if (regcomp(&f->regex, f->value, REG_EXTENDED | REG_NOSUB) != 0)
		return keg_fail(err, KEG_EUSAGE, "filter %s=%s: not a regular expression",
				f->key->name, f->value);
	f->has_regex = true;
	return 0;
}

static bool found(const struct filter_condition *f, const char *text)
{
	return regexec(&f->regex, text, 0, NULL, 0) == 0;
}

static bool match_id(const struct filter_condition *f, const struct container *c)
{
	return found(f, c->id);
}

static bool match_name(const struct filter_condition *f, const struct container *c)
{
	return found(f, c->record.name);
}

static bool match_command(const struct filter_condition *f, const struct container *c)
{
	return c->record.n_command > 0 && strcmp(c->record.command[0], f->value) == 0;
}

static bool match_label(const struct filter_condition *f, const struct container *c)
{
	size_t len = strcspn(f->value, "=");
	const char *value = f->value[len] ? f->value + len + 1 : NULL;

	for (size_t i = 0; i < c->record.n_labels; i++) {
		const struct keg_pair *label = &c->record.labels[i];

		if (strlen(label->key) == len && strncmp(label->key, f->value, len) == 0 &&
		    (!value || strcmp(label->value, value) == 0))
			return true;
	}
	return false;
}

static bool match_no_label(const struct filter_condition *f, const struct container *c)
{
	return !match_label(f, c);
}

static int prepare_number(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	(void)engine;
	return keg_parse_i64(f->value, &f->number, err) < 0
		       ? keg_wrap(err, "exited code out of range")
		       : 0;
}

static bool match_exited(const struct filter_condition *f, const struct container *c)
{
	return c->state.status == CONTAINER_EXITED && c->state.exit_code == f->number;
}

static int prepare_status(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	static const char *const known[] = { "created",	 "initialized", "running",  "paused",
					     "exited",	 "stopped",	"stopping", "unknown",
					     "removing", "configured" };

	(void)engine;
	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (strcmp(known[i], f->value) == 0)
			return 0;
	}
	return keg_fail(err, KEG_EUSAGE, "%s is not a valid status: invalid argument", f->value);
}

static bool match_status(const struct filter_condition *f, const struct container *c)
{
	const char *word = container_status_name(c->state.status);

	if (strcmp(f->value, "stopped") == 0)
		return c->state.status == CONTAINER_EXITED;
	if (strcmp(f->value, "configured") == 0)
		return c->state.status == CONTAINER_CREATED;
	return strcmp(word, f->value) == 0;
}

static int prepare_ancestor(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	auto(keg_arena) arena = { 0 };
	struct store *store;
	struct store_image image;
	struct keg_err unknown;
	int r = engine_store(engine, &store, err);

	if (r < 0)
		return r;
	if (image_find(store, f->value, &arena, &image, NULL, &unknown) < 0)
		return 0;
	free(f->value);
	f->value = keg_strdup(image.id);
	return 0;
}

static bool match_ancestor(const struct filter_condition *f, const struct container *c)
{
	return strcmp(c->record.image_id, f->value) == 0 ||
	       strstr(c->record.image, f->value) != NULL;
}

static int prepare_other(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	auto(container) other = CONTAINER_INIT;
	int r = container_open(engine, f->value, &other, err);

	if (r >= 0)
		f->number = other.record.created;
	return r;
}

static bool match_before(const struct filter_condition *f, const struct container *c)
{
	return c->record.created < f->number;
}

static bool match_since(const struct filter_condition *f, const struct container *c)
{
	return c->record.created > f->number;
}

static int prepare_time(struct filter_condition *f, struct engine *engine, struct keg_err *err)
{
	struct timespec t, now = keg_now();
	int64_t ns;
	struct keg_err ignored;

	(void)engine;
	if (keg_time_parse(f->value, &t, &ignored) >= 0) {
		f->number = (int64_t)t.tv_sec * KEG_NS_PER_S + t.tv_nsec;
		return 0;
	}
	if (keg_duration_parse(f->value, &ns, &ignored) < 0)
		return keg_fail(err, KEG_EUSAGE, "filter until=%s: not a time", f->value);
	f->number = (int64_t)now.tv_sec * KEG_NS_PER_S + now.tv_nsec - ns;
	return 0;
}

static bool match_volume(const struct filter_condition *f, const struct container *c)
{
	for (size_t i = 0; i < c->record.n_mounts; i++) {
		if (strcmp(c->record.mounts[i], f->value) == 0)
			return true;
	}
	for (size_t i = 0; i < c->record.n_volumes; i++) {
		if (strcmp(c->record.volumes[i], f->value) == 0)
			return true;
	}
	return false;
}

static bool match_network(const struct filter_condition *f, const struct container *c)
{
	return keg_str_eq(c->record.network, f->value);
}

/* No container is in a pod, and none has a health check: these match nothing. */
static bool match_none(const struct filter_condition *f, const struct container *c)
{
	(void)f;
	(void)c;
	return false;
}

static const struct filter_key filter_keys[] = {
	{ "ancestor", prepare_ancestor, match_ancestor, false, false },
	{ "before", prepare_other, match_before, false, false },
	{ "command", NULL, match_command, false, false },
	{ "exited", prepare_number, match_exited, false, true },
	{ "health", NULL, match_none, false, false },
	{ "id", prepare_regex, match_id, false, false },
	{ "label", NULL, match_label, true, false },
	{ "label!", NULL, match_no_label, true, false },
	{ "name", prepare_regex, match_name, false, false },
	{ "network", NULL, match_network, false, false },
	{ "pod", NULL, match_none, false, false },
	{ "since", prepare_other, match_since, false, false },
	{ "status", prepare_status, match_status, false, true },
	{ "until", prepare_time, match_before, false, false },
	{ "volume", NULL, match_volume, false, false },
};

static const struct filter_key *find_key(const char *text, size_t len)
{
	for (size_t i = 0; i < KEG_COUNT(filter_keys); i++) {
		if (strlen(filter_keys[i].name) == len &&
		    memcmp(filter_keys[i].name, text, len) == 0)
			return &filter_keys[i];
	}
	return NULL;
}

int container_filter_parse(const struct keg_strv *texts, struct engine *engine,
			   struct container_filter *out, struct keg_err *err)
{
	*out = (struct container_filter){ .v = keg_alloc(texts->n + 1, sizeof *out->v) };
	for (size_t i = 0; i < texts->n; i++) {
		const char *text = texts->v[i];
		size_t len = strcspn(text, "=");
		struct filter_condition *f = &out->v[out->n];

		f->key = find_key(text, len);
		if (!f->key)
			return keg_fail(err, KEG_EUSAGE, "%.*s is an invalid filter", (int)len,
					text);
		if (!text[len])
			return keg_fail(err, KEG_EUSAGE,
					"filter input must be in the form of filter=value: %s is "
					"invalid",
					text);
		f->value = keg_strdup(text + len + 1);
		out->n++;
		int r = f->key->prepare ? f->key->prepare(f, engine, err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* Of the conditions of one key: does one hold (or all, where the key wants that)? */
static bool key_holds(const struct container_filter *filter, const struct filter_key *key,
		      const struct container *c)
{
	bool any = false;

	for (size_t i = 0; i < filter->n; i++) {
		if (filter->v[i].key != key)
			continue;
		bool holds = key->matches(&filter->v[i], c);

		if (key->all && !holds)
			return false;
		any |= holds;
	}
	return any;
}

bool container_filter_matches(const struct container_filter *filter, const struct container *c)
{
	for (size_t i = 0; i < filter->n; i++) {
		if (!key_holds(filter, filter->v[i].key, c))
			return false;
	}
	return true;
}

bool container_filter_has_status(const struct container_filter *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		if (filter->v[i].key->status)
			return true;
	}
	return false;
}

void container_filter_done(struct container_filter *filter)
{
	for (size_t i = 0; i < filter->n; i++) {
		if (filter->v[i].has_regex)
			regfree(&filter->v[i].regex);
		free(filter->v[i].value);
	}
	free(filter->v);
	*filter = (struct container_filter){ 0 };
}
