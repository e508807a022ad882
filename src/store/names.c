/* SPDX-License-Identifier: Apache-2.0 */
#include "store/names.h"

#include "store/image_record.h"

typedef void change_names(struct store_records *images, struct json_object *record,
			  const char *name);

static void remove_name(struct store_records *images, struct json_object *record, const char *name)
{
	image_record_unname(images, record, name);
}

static int change(struct store *store, const char *id, const char *const *names, size_t n,
		  change_names *how, struct keg_err *err)
{
	auto(store_lock) lock = { { -1, -1, -1 } };
	auto(store_records) images = { 0 };

	if (store_lock_take(store, STORE_LOCK_IMAGES, &lock, err) < 0 ||
	    store_records_load(store, STORE_IMAGES, &images, err) < 0)
		return -(int)err->code;

	struct json_object *record = store_records_find(&images, id);
	if (!record)
		return keg_fail(err, KEG_ENOTFOUND, "%s: image not known", id);
	for (size_t i = 0; i < n; i++)
		how(&images, record, names[i]);
	return store_records_save(store, &lock, &images, err);
}

int store_image_add_names(struct store *store, const char *id, const char *const *names, size_t n,
			  struct keg_err *err)
{
	return change(store, id, names, n, image_record_name, err);
}

int store_image_remove_names(struct store *store, const char *id, const char *const *names,
			     size_t n, struct keg_err *err)
{
	return change(store, id, names, n, remove_name, err);
}
