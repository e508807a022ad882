/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest_digest.h"
#include "image/sigstore_key.h"
#include "image/transfer_parts.h"

__attribute__((visibility("default"))) const struct transfer_table keg_transfer = {
	.version = TRANSFER_VERSION,
	.pull = transfer_pull,
	.load = transfer_load,
	.save = transfer_save,
	.push = transfer_push,
	.list_edit = transfer_list_edit,
	.import = transfer_import,
	.copy = transfer_copy,
	.inspect = transfer_inspect,
	.list_tags = transfer_list_tags,
	.remove = transfer_remove,
	.sync = transfer_sync,
	.check = transfer_check,
	.login_find = transfer_login_find,
	.login_check = transfer_login_check,
	.login_store = transfer_login_store,
	.login_forget = transfer_login_forget,
	.manifest_digest = image_manifest_digest,
	.generate_key = sigstore_key_generate,
	.image_sign = transfer_image_sign,
	.trust_show = transfer_trust_show,
	.trust_set = transfer_trust_set,
	.sign = transfer_sign,
	.verify = transfer_verify,
};
