/* SPDX-License-Identifier: Apache-2.0 */
#include "image/copy_sign.h"

#include <string.h>

#include "image/policy.h"
#include "image/signer.h"

static int check_dest(const struct copy_image *what, const struct signatures *sigs,
		      struct keg_err *err)
{
	const struct image_dest *dst = what->dst;

	if ((sigs->n == 0 && !what->how->signer) || dst->ops->put_signatures)
		return 0;
	return keg_fail(err, KEG_EUNSUPPORTED, "Can not copy signatures to %s: %s", dst->name,
			dst->no_signatures ? dst->no_signatures : "it keeps none");
}

int copy_sign_check(const struct copy_image *what, const struct keg_buf *manifest,
		    struct signatures *out, struct keg_err *err)
{
	auto(signatures) sigs = { 0 };
	const struct image_copy *how = what->how;
	bool wanted = !how->remove_signatures || image_policy_wants_signatures(how->policy);
	int r = 0;

	if (wanted && what->src->ops->signatures)
		r = what->src->ops->signatures(what->src, what->instance, &sigs, err);
	if (r < 0)
		return keg_wrap(err, "reading signatures");
	const struct policy_image image = { .reference = what->src->reference,
					    .manifest = keg_buf_text(manifest),
					    .len = manifest->len,
					    .sigs = &sigs };
	r = what->allowed ? 0 : image_policy_check(how->policy, &image, err);
	if (r >= 0 && how->remove_signatures)
		signatures_done(&sigs);
	if (r >= 0)
		r = check_dest(what, &sigs, err);
	if (r < 0)
		return r;
	*out = sigs;
	sigs = (struct signatures){ 0 };
	return 0;
}

const char *copy_sign_fixed(const struct image_copy *how, const struct signatures *sigs)
{
	if (how->preserve_digests)
		return "Instructed to preserve digests";
	return sigs->n > 0 ? "Would invalidate signatures" : NULL;
}

static int sign(const struct copy_image *what, struct signatures *sigs, const void *manifest,
		size_t len, struct keg_err *err)
{
	const char *identity = image_signer_identity(what->how->signer);

	if (!identity)
		identity = what->dst->reference;
	if (!identity)
		return keg_fail(err, KEG_EUSAGE,
				"Cannot determine canonical Docker reference for destination %s",
				what->dst->name);
	image_report_text(what->reporter, "Creating signature: %s",
			  image_signer_message(what->how->signer));
	int r = image_signer_sign(what->how->signer, manifest, len, identity, sigs, err);
	return r < 0 ? keg_wrap(err, "creating signature") : r;
}

int copy_sign_put(const struct copy_image *what, struct signatures *sigs, const void *manifest,
		  size_t len, const char *instance, struct keg_err *err)
{
	int r = what->how->signer ? sign(what, sigs, manifest, len, err) : 0;

	if (r < 0 || sigs->n == 0)
		return r;
	r = what->dst->ops->put_signatures(what->dst, sigs, instance, err);
	return r < 0 ? keg_wrap(err, "writing signatures") : r;
}
