/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container_filter.h - --filter of ps and others: conditions of one key are alternatives,
 * those of different keys must all hold; labels must all hold.
 */
#ifndef KEG_ENGINE_CONTAINER_FILTER_H
#define KEG_ENGINE_CONTAINER_FILTER_H

#include "engine/container.h"

struct filter_condition;

struct container_filter {
	struct filter_condition *v;
	size_t n;
};

/* "KEY=VALUE" each; KEG_EUSAGE for an unknown key or a value that it cannot have. */
int container_filter_parse(const struct keg_strv *texts, struct engine *engine,
			   struct container_filter *out, struct keg_err *err) KEG_MUST_CHECK;

bool container_filter_matches(const struct container_filter *filter, const struct container *c);

/* Does a condition ask for a status, so that not only running containers are meant? */
bool container_filter_has_status(const struct container_filter *filter);

void container_filter_done(struct container_filter *filter);
KEG_AUTO(container_filter, container_filter_done)

#endif
