/* SPDX-License-Identifier: Apache-2.0 */
#include "image/into_store.h"

#include "base/log.h"
#include "base/mem.h"
#include "image/policy.h"
#include "image/storage_dest.h"

int into_store_from(const struct into_store *how, struct image_source *src,
		    const struct image_policy *policy, struct keg_strv *ids, struct keg_err *err)
{
	autoptr(image_dest) dst = NULL;

	int r = storage_dest_new(how->access, how->names, how->n_names, &dst, err);
	if (r < 0)
		return r;
	const struct image_copy copy = {
		.source_access = how->access,
		.policy = policy,
		.progress = how->progress,
	};
	r = image_copy_run(src, dst, &copy, NULL, err);
	if (r >= 0)
		r = dst->ops->commit(dst, err);
	if (r < 0)
		return r;
	keg_strv_add(ids, storage_dest_image_id(dst));
	return 0;
}

static int try_once(const struct into_store *how, const char *source, struct keg_strv *ids,
		    struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;
	autoptr(image_source) src = NULL;
	autoptr(image_policy) policy = NULL;

	int r = image_name_parse(source, &transport, &rest, err);
	if (r >= 0)
		r = image_policy_open(how->access, transport, rest, &policy, err);
	if (r < 0)
		return r;
	r = transport->source(rest, how->access, &src, err);
	if (r < 0)
		return keg_wrap(err, "initializing source %s", source);
	return into_store_from(how, src, policy, ids, err);
}

int into_store_by_name(const struct into_store *how, const char *source, struct keg_strv *ids,
		       struct keg_err *err)
{
	unsigned tries = 0;
	int r;

	do
		r = try_once(how, source, ids, err);
	while (image_try_again(how->access, r, &tries));
	return r;
}
