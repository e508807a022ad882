/* SPDX-License-Identifier: Apache-2.0 */
#include "store/image_metadata.h"

#include "base/json.h"
#include "base/strv.h"
#include "store/handle.h"

static const char *find(struct json_object *list, const char *id)
{
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *record = json_object_array_get_idx(list, i);

		if (keg_str_eq(keg_json_str(record, "id", NULL), id))
			return keg_json_str(record, "metadata", NULL);
	}
	return NULL;
}

int store_image_metadata(struct store *store, const struct store_image *image, struct keg_buf *out,
			 struct keg_err *err)
{
	autojson list = NULL;
	int dir = store->places[image->in_store].lists[STORE_IMAGES];

	int r = keg_json_read(dir, store_list_files[STORE_IMAGES].file, STORE_LIST_MAX, &list, err);
	if (r < 0)
		return r;
	const char *found =
		json_object_is_type(list, json_type_array) ? find(list, image->id) : NULL;
	keg_buf_puts(out, found ? found : "{}");
	return 0;
}
