/* SPDX-License-Identifier: Apache-2.0 */
/* copy and remove: between names as they are. */
#include "image/transfer_parts.h"

int transfer_copy(const struct image_copy_names *names, struct image_copy *how,
		  struct keg_buf *manifest, struct keg_err *err)
{
	return image_copy_by_name(names, how, manifest, err);
}

int transfer_remove(const struct image_access *access, const char *name, struct keg_err *err)
{
	const struct image_transport *transport;
	const char *rest;

	int r = image_name_parse(name, &transport, &rest, err);
	if (r < 0)
		return keg_wrap(err, "Invalid source name %s", name);
	if (!transport->remove)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"Deleting images not implemented for %s: images", transport->name);

	unsigned tries = 0;
	do
		r = transport->remove(rest, access, err);
	while (image_try_again(access, r, &tries));
	return r;
}
