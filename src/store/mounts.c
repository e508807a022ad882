/* SPDX-License-Identifier: Apache-2.0 */
#include "store/mounts.h"

#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "store/handle.h"

char *store_mounted_at(const struct store *store, const struct keg_strv *layers)
{
	autofree char *path = keg_printf("%s/%s/mountpoints.json", store->config.runroot,
					 store_list_folder(&store->places[0], STORE_LAYERS));
	struct keg_err ignored;
	autojson list = NULL;

	if (keg_json_read(AT_FDCWD, path, STORE_LIST_MAX, &list, &ignored) < 0 ||
	    !json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *mount = json_object_array_get_idx(list, i);

		if (keg_json_i64(mount, "count", 0) > 0 &&
		    keg_strv_has(layers, keg_json_str(mount, "id", "")))
			return keg_strdup(keg_json_str(mount, "path", "some place"));
	}
	return NULL;
}
