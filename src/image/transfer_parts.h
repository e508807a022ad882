/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_parts.h - the functions behind the table of transfer.h, one file each. */
#ifndef KEG_IMAGE_TRANSFER_PARTS_H
#define KEG_IMAGE_TRANSFER_PARTS_H

#include "image/transfer.h"

int transfer_pull(const struct transfer_pull *req, struct keg_strv *ids, struct keg_err *err);
int transfer_load(const struct transfer_load *req, struct keg_strv *names, struct keg_err *err);
int transfer_save(const struct transfer_save *req, struct keg_err *err);
int transfer_push(const struct transfer_push *req, struct keg_err *err);
int transfer_list_edit(const struct transfer_list_edit *req, char **id, struct keg_err *err);
int transfer_import(const struct transfer_import *req, struct keg_strv *ids, struct keg_err *err);
int transfer_copy(const struct image_copy_names *names, struct image_copy *how,
		  struct keg_buf *manifest, struct keg_err *err);
int transfer_inspect(const struct transfer_inspect *req, struct keg_buf *out, struct keg_err *err);
int transfer_list_tags(const struct image_access *access, const char *name, struct keg_buf *out,
		       struct keg_err *err);
int transfer_remove(const struct image_access *access, const char *name, struct keg_err *err);
int transfer_sync(const struct transfer_sync *req, struct keg_buf *digests, struct keg_err *err);
int transfer_check(const struct transfer_check *req, struct keg_err *err);
int transfer_login_find(const struct transfer_login *req, char **username, char **password,
			struct keg_err *err);
int transfer_login_check(const struct transfer_login *req, struct keg_err *err);
int transfer_login_store(const struct transfer_login *req, char **place, struct keg_err *err);
int transfer_login_forget(const struct transfer_login *req, struct keg_err *err);
int transfer_sign(const struct transfer_signing *req, struct keg_buf *signature,
		  struct keg_err *err);
int transfer_verify(const struct transfer_verify *req, char **key, char **digest,
		    struct keg_err *err);
int transfer_trust_show(const struct image_access *access, struct keg_buf *raw,
			struct json_object **rows, struct keg_err *err);
int transfer_trust_set(const struct transfer_trust_set *req, struct keg_err *err);
int transfer_image_sign(const struct transfer_image_sign *req, struct keg_err *err);

#endif
