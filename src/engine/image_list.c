/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of the same key are alternatives but for labels, which must all hold, as do different
 * keys. */
#include "engine/image_list.h"

#include <fnmatch.h>
#include <string.h>

#include "base/clock.h"
#include "base/strv.h"
#include "engine/image_find.h"
#include "spec/image_config.h"
#include "spec/reference.h"

struct filter {
	const struct filter_key *key;
	const char *value;
	struct timespec when; /* before, since, until */
	bool truth;	      /* dangling, readonly */
};

struct filter_context {
	struct store *store;
	struct keg_arena *arena;
	struct keg_err *err;
};

struct filter_key {
	const char *name;
	int (*prepare)(struct filter_context *ctx, struct filter *f); /* or NULL */
	/* 1 it holds, 0 not, or an error. */
	int (*holds)(struct filter_context *ctx, const struct filter *f,
		     const struct store_image *image);
	bool all; /* every filter of this key must hold */
};

static int bad_value(struct filter_context *ctx, const struct filter *f, const char *want)
{
	return keg_fail(ctx->err, KEG_EUSAGE, "invalid value \"%s\" for filter %s: must be %s",
			f->value, f->key->name, want);
}

static int prepare_truth(struct filter_context *ctx, struct filter *f)
{
	f->truth = strcmp(f->value, "true") == 0 || strcmp(f->value, "1") == 0;
	if (!f->truth && strcmp(f->value, "false") != 0 && strcmp(f->value, "0") != 0)
		return bad_value(ctx, f, "true or false");
	return 0;
}

static int prepare_image(struct filter_context *ctx, struct filter *f)
{
	struct store_image image;
	int r = image_find(ctx->store, f->value, ctx->arena, &image, NULL, ctx->err);

	if (r >= 0)
		f->when = image.created;
	return r;
}

/* A time, or a duration back from now. */
static int prepare_until(struct filter_context *ctx, struct filter *f)
{
	int64_t ns;

	if (keg_time_parse(f->value, &f->when, ctx->err) >= 0)
		return 0;
	if (keg_duration_parse(f->value, &ns, ctx->err) < 0)
		return bad_value(ctx, f, "a time or a duration");
	f->when = keg_now();
	f->when.tv_sec -= ns / KEG_NS_PER_S;
	return 0;
}

static int order(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	return a.tv_nsec < b.tv_nsec ? -1 : a.tv_nsec > b.tv_nsec;
}

static int is_before(struct filter_context *ctx, const struct filter *f,
		     const struct store_image *image)
{
	(void)ctx;
	return order(image->created, f->when) < 0;
}

static int is_since(struct filter_context *ctx, const struct filter *f,
		    const struct store_image *image)
{
	(void)ctx;
	return order(image->created, f->when) > 0;
}

static int is_dangling(struct filter_context *ctx, const struct filter *f,
		       const struct store_image *image)
{
	(void)ctx;
	return (image->n_names == 0) == f->truth;
}

static int is_read_only(struct filter_context *ctx, const struct filter *f,
			const struct store_image *image)
{
	(void)ctx;
	return image->read_only == f->truth;
}

static int has_id(struct filter_context *ctx, const struct filter *f,
		  const struct store_image *image)
{
	(void)ctx;
	return keg_str_starts(image->id, f->value);
}

static bool matches(const char *pattern, const char *text)
{
	return fnmatch(pattern, text, 0) == 0;
}

/* A pattern against the whole name, its end, and both without the tag. */
static int has_reference(struct filter_context *ctx, const struct filter *f,
			 const struct store_image *image)
{
	(void)ctx;
	for (size_t i = 0; i < image->n_names; i++) {
		const char *tail = image->names[i];

		while (tail) {
			const char *colon = strrchr(tail, ':');
			size_t len = colon && !strchr(colon, '/') ? (size_t)(colon - tail)
								  : strlen(tail);
			autofree char *untagged = keg_strndup(tail, len);

			if (matches(f->value, tail) || matches(f->value, untagged))
				return 1;
			tail = strchr(tail, '/');
			tail = tail ? tail + 1 : NULL;
		}
	}
	return 0;
}

static int has_label(struct filter_context *ctx, const struct filter *f,
		     const struct store_image *image)
{
	auto(keg_buf) text = { 0 };
	autofree char *key = keg_printf("sha256:%s", image->id);
	struct image_config config = { 0 };
	size_t len = strcspn(f->value, "=");
	int r = store_image_data(ctx->store, image, key, IMAGE_CONFIG_BYTES_MAX, &text, ctx->err);

	if (r >= 0)
		r = image_config_parse(keg_buf_text(&text), text.len, ctx->arena, &config,
				       ctx->err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < config.config->n_labels; i++) {
		const struct keg_pair *label = &config.config->labels[i];

		if (strlen(label->key) == len && memcmp(label->key, f->value, len) == 0 &&
		    (!f->value[len] || matches(f->value + len + 1, label->value)))
			return 1;
	}
	return 0;
}

static int has_no_label(struct filter_context *ctx, const struct filter *f,
			const struct store_image *image)
{
	int r = has_label(ctx, f, image);

	return r < 0 ? r : !r;
}

static const struct filter_key keys[] = {
	{ "before", prepare_image, is_before, false },
	{ "dangling", prepare_truth, is_dangling, false },
	{ "id", NULL, has_id, false },
	{ "label", NULL, has_label, true },
	{ "label!", NULL, has_no_label, true },
	{ "readonly", prepare_truth, is_read_only, false },
	{ "reference", NULL, has_reference, false },
	{ "since", prepare_image, is_since, false },
	{ "after", prepare_image, is_since, false },
	{ "until", prepare_until, is_before, false },
};

static int parse_filter(struct filter_context *ctx, const char *text, struct filter *out)
{
	const char *equals = strchr(text, '=');

	if (!equals)
		return keg_fail(ctx->err, KEG_EUSAGE,
				"invalid image filter \"%s\": must be in the format "
				"\"filter=value\"",
				text);
	for (size_t i = 0; i < KEG_COUNT(keys); i++) {
		if (strlen(keys[i].name) == (size_t)(equals - text) &&
		    memcmp(keys[i].name, text, (size_t)(equals - text)) == 0) {
			*out = (struct filter){ .key = &keys[i], .value = equals + 1 };
			return keys[i].prepare ? keys[i].prepare(ctx, out) : 0;
		}
	}
	return keg_fail(ctx->err, KEG_EUSAGE, "unsupported image filter \"%.*s\"",
			(int)(equals - text), text);
}

/* Of the filters of one key: does one hold, or all where the key wants that? */
static int key_holds(struct filter_context *ctx, const struct filter *filters, size_t n,
		     const struct filter_key *key, const struct store_image *image)
{
	int any = 0;

	for (size_t i = 0; i < n; i++) {
		if (filters[i].key != key)
			continue;
		int holds = key->holds(ctx, &filters[i], image);

		if (holds < 0 || (key->all && !holds))
			return holds;
		any |= holds;
	}
	return any;
}

static int passes(struct filter_context *ctx, const struct filter *filters, size_t n,
		  const struct store_image *image)
{
	for (size_t i = 0; i < n; i++) {
		int holds = key_holds(ctx, filters, n, filters[i].key, image);

		if (holds <= 0)
			return holds;
	}
	return 1;
}

int image_list(struct store *store, const struct image_list_request *want, struct keg_arena *arena,
	       struct store_image **out, size_t *n_out, struct keg_err *err)
{
	struct filter_context ctx = { store, arena, err };
	struct filter *filters = keg_arena_alloc(arena, want->n_filters + 1, sizeof *filters);
	struct filter by_name = { .value = want->name };
	struct store_image *images, wanted;
	size_t n, kept = 0;

	for (size_t i = 0; i < want->n_filters; i++) {
		int r = parse_filter(&ctx, want->filters[i], &filters[i]);

		if (r < 0)
			return r;
	}
	int r = store_image_list(store, arena, &images, &n, err);
	if (r < 0)
		return r;
	bool exact = want->name && image_find(store, want->name, arena, &wanted, NULL, err) >= 0;
	for (size_t i = 0; i < n; i++) {
		int holds = passes(&ctx, filters, want->n_filters, &images[i]);

		if (holds < 0)
			return holds;
		if (holds && want->name)
			holds = exact ? strcmp(images[i].id, wanted.id) == 0
				      : has_reference(&ctx, &by_name, &images[i]);
		if (holds)
			images[kept++] = images[i];
	}
	*out = images;
	*n_out = kept;
	return 0;
}
