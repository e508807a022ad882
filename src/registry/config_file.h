/* SPDX-License-Identifier: Apache-2.0 */
/* config_file.h - one registries.conf or drop-in as its structs, checked. */
#ifndef KEG_REGISTRY_CONFIG_FILE_H
#define KEG_REGISTRY_CONFIG_FILE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

enum mirror_use { MIRROR_ALWAYS, MIRROR_BY_DIGEST, MIRROR_BY_TAG };

struct config_mirror {
	const char *location;
	bool insecure;
	const char *pull_from_mirror;
	enum mirror_use use; /* from the word above */
};

struct config_registry {
	const char *prefix; /* from location where the file has none */
	const char *location;
	bool insecure, blocked, mirror_by_digest_only;
	struct config_mirror *mirrors;
	size_t n_mirrors;
};

/* All in the arena given to config_file_read(). */
struct config_file {
	const char *path;
	const char **search;
	size_t n_search;
	bool has_search; /* also an empty list replaces an earlier one */
	const char **helpers;
	size_t n_helpers;
	const char *short_name_mode;
	struct config_registry *registries;
	size_t n_registries;
	struct json_object *aliases; /* {"short": "full"}, or NULL */
	struct json_object *v1;	     /* [registries] of the old format, or NULL */
};

/* Read and check; a file in the old format is converted. Errors name the file. */
int config_file_read(const char *path, struct keg_arena *arena, struct config_file *out,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
