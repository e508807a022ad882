/* SPDX-License-Identifier: Apache-2.0 */
/* manifest_find.h - what the words of the manifest commands name. */
#ifndef KEG_CMD_KEG_MANIFEST_FIND_H
#define KEG_CMD_KEG_MANIFEST_FIND_H

#include "cmd/keg/access.h"
#include "image/transfer.h"
#include "spec/manifest.h"
#include "store/image.h"

/*
 * A manifest list of the store by its name or id; text lives in the engine's arena. KEG_EUSAGE for
 * an image that is none. *bytes (may be NULL) gets the list as it is.
 */
int manifest_list_find(struct engine *engine, const char *text, struct store_image *out,
		       struct keg_buf *bytes, struct keg_err *err) KEG_MUST_CHECK;

/*
 * An image that is to be in a list, as "transport:details" where it is one of the store; other
 * names of registries stay as they are. Appended to *out.
 */
int manifest_member_name(struct engine *engine, const char *text, struct keg_strv *out,
			 struct keg_err *err) KEG_MUST_CHECK;

/* Change the list and print its id. */
int manifest_edit(const struct transfer_list_edit *req, struct keg_err *err) KEG_MUST_CHECK;

/* What an entry is said to be: options of add and annotate. */
struct manifest_change_args {
	const char *os, *arch, *variant, *os_version;
	struct keg_strv os_features, features, annotations;
};
extern const struct cli_opt manifest_change_opts[];
struct transfer_list_change manifest_change(const struct manifest_change_args *args);

#endif
