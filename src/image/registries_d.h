/* SPDX-License-Identifier: Apache-2.0 */
/*
 * registries_d.h - registries.d/ *.yaml (containers-registries.d(5)): where the signatures of
 * images on registries are kept.
 */
#ifndef KEG_IMAGE_REGISTRIES_D_H
#define KEG_IMAGE_REGISTRIES_D_H

#include "base/json.h"
#include "image/access.h"
#include "spec/reference.h"

/* All of the folder's files in one. Start from {0}. */
struct registries_d {
	struct json_object *fallback; /* default-docker, or NULL */
	struct json_object *docker;   /* by scope, or NULL */
};

/* One file's text is added; `name` is for messages. What is given twice is KEG_ECORRUPT. */
int registries_d_add(struct registries_d *config, const char *text, size_t len, const char *name,
		     struct keg_err *err) KEG_MUST_CHECK;
/* The folder of `access`, the user's, or the system's; one that is not there is empty. */
int registries_d_load(const struct image_access *access, struct registries_d *out,
		      struct keg_err *err) KEG_MUST_CHECK;
void registries_d_done(struct registries_d *config);
KEG_AUTO(registries_d, registries_d_done)

/* Of one image's repository. Start from {0}. */
struct signature_place {
	char *lookaside;  /* a URL to which "@sha256=<hex>/signature-1" is appended */
	char *staging;	  /* the same for writing */
	bool attachments; /* sigstore's signatures stand in the registry itself */
};
void signature_place_done(struct signature_place *place);
KEG_AUTO(signature_place, signature_place_done)

/* The lookaside of a scope of registries, as it is configured; NULL: nothing is said. */
const char *registries_d_lookaside(const struct registries_d *config, const char *scope);

/* `ref` is normalized. Where nothing is said of a lookaside, it is in the machine's own place. */
int registries_d_find(const struct registries_d *config, const struct image_access *access,
		      const struct reference *ref, struct signature_place *out,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
