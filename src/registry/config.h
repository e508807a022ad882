/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - containers-registries.conf(5) and its drop-ins: where a repository really is,
 * which mirrors it has, what is blocked, and what short names may mean.
 */
#ifndef KEG_REGISTRY_CONFIG_H
#define KEG_REGISTRY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "registry/registry.h"

struct registry_config;

/*
 * `path` NULL: $CONTAINERS_REGISTRIES_CONF, else the user's file if there is one, else the
 * system's; a file that is named but missing is an error, the usual ones need not exist.
 * Drop-ins come after it by name, the system's before the user's; `dir` or
 * $CONTAINERS_REGISTRIES_CONF_DIR names one folder instead of those two.
 */
int registry_config_load(const char *path, const char *dir, struct registry_config **out,
			 struct keg_err *err) KEG_MUST_CHECK;
void registry_config_free(struct registry_config *config);
KEG_AUTOPTR(registry_config, registry_config_free)

/* credential-helpers, for struct registry_options. */
const struct keg_strv *registry_config_helpers(const struct registry_config *config);

enum registry_short_mode {
	REGISTRY_SHORT_PERMISSIVE,
	REGISTRY_SHORT_ENFORCING,
	REGISTRY_SHORT_DISABLED
};

/* The file that was read, for messages ("defined in ..."). */
const char *registry_config_path(const struct registry_config *config);
const struct keg_strv *registry_config_search(const struct registry_config *config);
enum registry_short_mode registry_config_short_mode(const struct registry_config *config);
/* What an [aliases] table says for `name`, or NULL; *origin (may be NULL) is the file. */
const char *registry_config_alias(const struct registry_config *config, const char *name,
				  const char **origin);

/* Where to look for a repository, in this order; owned as one. */
struct registry_places {
	struct registry_place *v; /* mirrors first; the last is the primary location */
	size_t n;
};
void registry_places_done(struct registry_places *places);
KEG_AUTO(registry_places, registry_places_done)

/*
 * The places to read `host`/`path` from. Some mirrors serve only what is asked for by digest,
 * some only what is asked for by tag. A blocked registry is KEG_EDENIED: "registry X is
 * blocked in FILE or DIR".
 */
int registry_config_pull_places(const struct registry_config *config, const char *host,
				const char *path, bool by_digest, struct registry_places *out,
				struct keg_err *err) KEG_MUST_CHECK;

/* The place to write to: never a mirror or a remapped one; only insecure and blocked count. */
int registry_config_push_place(const struct registry_config *config, const char *host,
			       const char *path, struct registry_places *out,
			       struct keg_err *err) KEG_MUST_CHECK;

#endif
