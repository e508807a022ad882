/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kegrun/state_json.h"

struct json_object *state_json(const struct runtime_state *state)
{
	struct json_object *doc = json_object_new_object();

	keg_json_put_str(doc, "ociVersion", state->oci_version);
	keg_json_put_str(doc, "id", state->id);
	json_object_object_add(doc, "pid", keg_json_new_i64(state->pid));
	keg_json_put_str(doc, "status", runtime_status_name(state->status));
	keg_json_put_str(doc, "bundle", state->bundle);
	keg_json_put_str(doc, "rootfs", state->rootfs);
	keg_json_put_str(doc, "created", state->created);
	if (state->n_annotations > 0)
		json_object_object_add(doc, "annotations",
				       keg_json_of_pairs(state->annotations, state->n_annotations));
	keg_json_put_str(doc, "owner", state->owner);
	return doc;
}
