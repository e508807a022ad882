/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/spec_gen.h"

#include <string.h>

#include "base/strv.h"
#include "engine/hooks_dir.h"
#include "spec/seccomp_profile.h"

void *spec_gen_grow(struct keg_arena *arena, void *list_slot, size_t *n, size_t size)
{
	char **list = list_slot;

	/* One zeroed member always stays at the end; at 1, 3, 7 ... it moves to twice the room. */
	if ((*n & (*n + 1)) == 0) {
		char *grown = keg_arena_alloc(arena, (*n + 1) * 2, size);

		if (*n)
			memcpy(grown, *list, *n * size);
		*list = grown;
	}
	return *list + (*n)++ * size;
}

void spec_gen_add(struct keg_arena *arena, const char ***list, size_t *n, const char *text)
{
	const char **at = spec_gen_grow(arena, list, n, sizeof **list);

	*at = text;
}

bool spec_gen_has(const char *const *list, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}

const uint64_t *spec_gen_u64(struct keg_arena *arena, uint64_t value)
{
	uint64_t *at = keg_arena_alloc(arena, 1, sizeof *at);

	*at = value;
	return at;
}

const int64_t *spec_gen_i64(struct keg_arena *arena, int64_t value)
{
	int64_t *at = keg_arena_alloc(arena, 1, sizeof *at);

	*at = value;
	return at;
}

const uint32_t *spec_gen_u32(struct keg_arena *arena, uint32_t value)
{
	uint32_t *at = keg_arena_alloc(arena, 1, sizeof *at);

	*at = value;
	return at;
}

static void add_annotation(struct spec_gen *gen, const char *key, const char *value)
{
	struct oci_config *out = &gen->out;

	*SPEC_PUSH(gen->arena, out->annotations, out->n_annotations) =
		(struct keg_pair){ .key = key, .value = value };
}

static int add_annotations(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;

	add_annotation(gen, "io.container.manager", "keg");
	for (size_t i = 0; i < gen->config->n_annotations + o->annotations.n; i++) {
		bool ours = i < gen->config->n_annotations;
		const char *text = ours ? gen->config->annotations[i]
					: o->annotations.v[i - gen->config->n_annotations];
		const char *equals = strchr(text, '=');

		if (!equals)
			return keg_fail(err, KEG_EUSAGE, "annotations must be formatted KEY=VALUE");
		add_annotation(gen, keg_arena_strndup(gen->arena, text, (size_t)(equals - text)),
			       keg_arena_strdup(gen->arena, equals + 1));
	}
	/* The last one wins: it is ours to say. */
	if (gen->filter)
		add_annotation(gen, SECCOMP_FILTER_ANNOTATION, gen->filter);
	return 0;
}

int spec_gen_run(struct spec_gen *gen, struct keg_err *err)
{
	static int (*const topics[])(struct spec_gen *, struct keg_err *) = {
		spec_gen_process,  spec_gen_namespaces, spec_gen_idmap,
		spec_gen_mounts,   spec_gen_devices,	spec_gen_resources,
		spec_gen_security, add_annotations,	hooks_dir_add,
	};
	struct oci_root *root = keg_arena_alloc(gen->arena, 1, sizeof *root);

	root->path = "merged";
	root->readonly = gen->options->read_only || gen->config->read_only;
	gen->out.oci_version = "1.0.2";
	gen->out.root = root;
	gen->out.os = keg_arena_alloc(gen->arena, 1, sizeof *gen->out.os);
	gen->out.os->resources = keg_arena_alloc(gen->arena, 1, sizeof *gen->out.os->resources);
	for (size_t i = 0; i < KEG_COUNT(topics); i++) {
		int r = topics[i](gen, err);

		if (r < 0)
			return r;
	}
	return 0;
}
