/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keg/pull_policy.h"

#include <strings.h>

#include "engine/image_find.h"

int pull_policy_parse(const char *text, enum transfer_pull_policy *out, struct keg_err *err)
{
	static const struct {
		const char *name;
		enum transfer_pull_policy policy;
	} policies[] = {
		{ "missing", TRANSFER_PULL_MISSING }, { "ifnotpresent", TRANSFER_PULL_MISSING },
		{ "always", TRANSFER_PULL_ALWAYS },   { "true", TRANSFER_PULL_ALWAYS },
		{ "newer", TRANSFER_PULL_NEWER },     { "ifnewer", TRANSFER_PULL_NEWER },
		{ "never", TRANSFER_PULL_NEVER },     { "false", TRANSFER_PULL_MISSING },
	};

	for (size_t i = 0; i < KEG_COUNT(policies); i++) {
		if (strcasecmp(policies[i].name, text) == 0) {
			*out = policies[i].policy;
			return 0;
		}
	}
	return keg_fail(err, KEG_EUSAGE, "unsupported pull policy \"%s\"", text);
}

const char *pull_local_id(struct engine *engine, enum transfer_pull_policy policy,
			  const char *image)
{
	struct store *store;
	struct store_image found;
	struct keg_err ignored;

	if (policy == TRANSFER_PULL_ALWAYS || engine_store(engine, &store, &ignored) < 0 ||
	    image_find(store, image, &engine->arena, &found, NULL, &ignored) < 0)
		return NULL;
	return found.id;
}
