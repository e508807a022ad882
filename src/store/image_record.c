/* SPDX-License-Identifier: Apache-2.0 */
#include "store/image_record.h"

#include <string.h>

#include "base/clock.h"
#include "base/strv.h"

/* The member as an array or object, made when it is missing or null. */
static struct json_object *member(struct json_object *record, const char *name, enum json_type type)
{
	struct json_object *value = keg_json_get(record, name);

	if (value && json_object_is_type(value, type))
		return value;
	value = type == json_type_array ? json_object_new_array() : json_object_new_object();
	json_object_object_add(record, name, value);
	return value;
}

/* The list without `text`, and with `front` before the others where that is not NULL. */
static void rewrite_list(struct json_object *record, const char *name, const char *front,
			 const char *text)
{
	struct json_object *old = member(record, name, json_type_array);
	struct json_object *list = json_object_new_array();

	if (front)
		json_object_array_add(list, json_object_new_string(front));
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		struct json_object *item = json_object_array_get_idx(old, i);

		if (!keg_str_eq(json_object_get_string(item), text))
			json_object_array_add(list, json_object_get(item));
	}
	if (json_object_array_length(list) > 0) {
		json_object_object_add(record, name, list);
		return;
	}
	json_object_put(list);
	json_object_object_del(record, name);
}

struct json_object *image_record_add(struct store_records *images, const char *id,
				     const char *layer, const struct store_new_image *from)
{
	struct json_object *record = json_object_new_object();
	autofree char *created = keg_time_format(from->created);

	keg_json_put_str(record, "id", id);
	if (!keg_str_empty(layer))
		keg_json_put_str(record, "layer", layer);
	keg_json_put_str(record, "metadata", from->metadata ? from->metadata : "{}");
	keg_json_put_str(record, "created", created);
	store_records_add(images, record);
	return record;
}

bool image_record_unname(struct store_records *images, struct json_object *record, const char *name)
{
	if (!store_record_has(record, "names", name))
		return false;
	rewrite_list(record, "names", NULL, name);
	store_records_touch(images, record);
	return true;
}

void image_record_name(struct store_records *images, struct json_object *record, const char *name)
{
	struct store_records_at at = { 0 };
	struct json_object *other;

	if (store_record_has(record, "names", name))
		return;
	while ((other = store_records_next(images, &at)) != NULL)
		image_record_unname(images, other, name);
	json_object_array_add(member(record, "names", json_type_array),
			      json_object_new_string(name));
	rewrite_list(record, "names-history", name, name);
	store_records_touch(images, record);
}

void image_record_data(struct store_records *images, struct json_object *record,
		       const struct store_new_data *data)
{
	if (!store_record_has(record, "big-data-names", data->key))
		json_object_array_add(member(record, "big-data-names", json_type_array),
				      json_object_new_string(data->key));
	json_object_object_add(member(record, "big-data-sizes", json_type_object), data->key,
			       json_object_new_int64((int64_t)data->len));
	keg_json_put_str(member(record, "big-data-digests", json_type_object), data->key,
			 data->digest);
	if (strcmp(data->key, "manifest") == 0)
		keg_json_put_str(record, "digest", data->digest);
	store_records_touch(images, record);
}
