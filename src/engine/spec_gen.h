/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec_gen.h - from what the user, the image and containers.conf say to config.json.
 *
 * One file a topic, each filling its part of the document: spec_gen_process.c (command,
 * environment, limits), spec_gen_mounts.c, spec_gen_namespaces.c, spec_gen_idmap.c,
 * spec_gen_devices.c, spec_gen_resources.c and spec_gen_security.c. Everything lives in one arena.
 */
#ifndef KEG_ENGINE_SPEC_GEN_H
#define KEG_ENGINE_SPEC_GEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "engine/config.h"
#include "engine/image_user.h"
#include "engine/options.h"
#include "engine/volume_spec.h"
#include "spec/runtime_config.h"

/* What the image's config says about its containers. */
struct image_defaults {
	const char **entrypoint, **cmd, **env, **volumes;
	size_t n_entrypoint, n_cmd, n_env, n_volumes;
	const char *user, *workdir, *stop_signal;
	struct keg_pair *labels;
	size_t n_labels;
};

enum spec_ns { SPEC_PID, SPEC_NET, SPEC_IPC, SPEC_UTS, SPEC_USER, SPEC_CGROUP, SPEC_NS_COUNT };
enum spec_ns_mode {
	SPEC_NS_PRIVATE,
	SPEC_NS_HOST,
	SPEC_NS_CONTAINER, /* `target` is the other container */
	SPEC_NS_PATH,	   /* `target` is the path */
	SPEC_NS_NONE,	   /* network, ipc: private and empty */
	SPEC_NS_SHAREABLE, /* ipc */
	SPEC_NS_KEEP_ID,   /* user: our own id inside as outside */
	SPEC_NS_NOMAP,	   /* user: our own id not mapped */
	SPEC_NS_AUTO,	   /* user */
};
struct spec_ns_choice {
	enum spec_ns_mode mode;
	const char *target;
};

struct spec_gen {
	/* given */
	const struct engine_config *config;
	const struct container_options *options;
	const struct image_defaults *image;
	char *const *command; /* the operands after the image */
	size_t n_command;
	const char *id, *name, *image_name, *image_id;
	const char *files_dir; /* where hosts, hostname and so on will be */
	const char *volumes_dir;
	/* Where compiled filters are kept; NULL: the rules go into the document. */
	const char *filter_cache;
	int rootfd; /* the mounted root, to look users up in */
	struct keg_arena *arena;

	/* found on the way */
	struct spec_ns_choice ns[SPEC_NS_COUNT];
	struct image_user user;
	struct volume_list volumes;
	bool cgroup_unified;
	const char *filter; /* the compiled filter's file, or NULL */

	/* the result */
	struct oci_config out;
};

/*
 * Add a zeroed member to an arena's list of `struct x *list; size_t n_list`. Another one always
 * follows the last, so a list of texts ends with NULL.
 */
void *spec_gen_grow(struct keg_arena *arena, void *list_slot, size_t *n, size_t size);
#define SPEC_PUSH(arena, list, n) \
	((void)spec_gen_grow((arena), &(list), &(n), sizeof *(list)), &(list)[(n)-1])
/* Add a text to a list of texts; the text is borrowed. */
void spec_gen_add(struct keg_arena *arena, const char ***list, size_t *n, const char *text);
/* Does a list have the text? */
bool spec_gen_has(const char *const *list, size_t n, const char *text);
const uint64_t *spec_gen_u64(struct keg_arena *arena, uint64_t value);
const int64_t *spec_gen_i64(struct keg_arena *arena, int64_t value);
const uint32_t *spec_gen_u32(struct keg_arena *arena, uint32_t value);

/* The modes of all namespaces, before anything else: --network, --pid and so on. */
int spec_gen_modes(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
/* All of it, into gen->out; spec_gen_modes() and gen->volumes are there already. */
int spec_gen_run(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;

/* The topics, in the order in which spec_gen_run() calls them. */
int spec_gen_process(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_namespaces(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_idmap(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_mounts(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_devices(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_resources(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;
int spec_gen_security(struct spec_gen *gen, struct keg_err *err) KEG_MUST_CHECK;

#endif
