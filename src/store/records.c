/* SPDX-License-Identifier: Apache-2.0 */
#include "store/records.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/strv.h"
#include "store/advice.h"
#include "store/handle.h"

static const char *part_file(enum store_list_kind list, size_t part)
{
	return part ? store_list_files[list].volatile_file : store_list_files[list].file;
}

int store_list_parse(const struct keg_buf *text, struct json_object **out, struct keg_err *err)
{
	autojson root = NULL;
	int r = text->len == 0 ? 0 : keg_json_parse(text->data, text->len, &root, err);

	if (r < 0)
		return r;
	if (root && !json_object_is_type(root, json_type_array))
		return keg_fail(err, KEG_ECORRUPT, "not a list");
	*out = take_ptr(&root);
	return 0;
}

/* 0 when the file is missing or empty. */
static int load_part(int dir, const char *file, struct json_object **out, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	if (keg_file_read(dir, file, STORE_LIST_MAX, &text, err) < 0)
		return err->sys == ENOENT ? 0 : -(int)err->code;

	autojson root = NULL;
	int r = store_list_parse(&text, &root, err);
	if (r < 0)
		return keg_wrap(err, "%s", file);
	*out = take_ptr(&root);
	return *out != NULL;
}

int store_records_load(struct store *store, enum store_list_kind list, struct store_records *out,
		       struct keg_err *err)
{
	int dir = store_own(store)->lists[list];

	*out = (struct store_records){ .list = list };
	for (size_t i = 0; i < KEG_COUNT(out->parts); i++) {
		int r = load_part(dir, part_file(list, i), &out->parts[i], err);

		if (r < 0) {
			store_records_done(out);
			keg_wrap(err, "%s/%s", store_own(store)->path,
				 store_list_folder(store_own(store), list));
			autofree char *path = keg_path_join(
				store_list_folder(store_own(store), list), part_file(list, i));
			return store_advise_list(store_own(store)->path, path, err);
		}
	}
	if (!out->parts[0])
		out->parts[0] = json_object_new_array();
	return 0;
}

/*
 * On a full disk the index goes, which can be made again and is about as large: so an image can
 * be removed to make room.
 */
static int write_part(struct store *store, enum store_list_kind list, size_t part,
		      const struct keg_buf *text, struct keg_err *err)
{
	int dir = store_own(store)->lists[list];
	const char *file = part_file(list, part);
	int r = keg_file_write(dir, file, text->data, text->len, 0600, KEG_FILE_DURABLE, err);

	if (r != -KEG_ENOSPACE || store->keg < 0)
		return r;
	store_index_drop(store_own(store), store->keg, STORE_INDEX);
	return keg_file_write(dir, file, text->data, text->len, 0600, KEG_FILE_DURABLE, err);
}

int store_records_save(struct store *store, const struct store_lock *lock,
		       struct store_records *records, struct keg_err *err)
{
	bool any = false;

	for (size_t i = 0; i < KEG_COUNT(records->parts); i++) {
		auto(keg_buf) text = { 0 };

		if (!records->changed[i])
			continue;
		keg_json_print(records->parts[i], &text);
		if (write_part(store, records->list, i, &text, err) < 0)
			return store_advise(store_own(store)->path, err);
		records->changed[i] = false;
		any = true;
	}
	return any ? store_lock_touch(lock, records->list, err) : 0;
}

void store_records_done(struct store_records *records)
{
	for (size_t i = 0; i < KEG_COUNT(records->parts); i++)
		json_object_put(records->parts[i]);
	*records = (struct store_records){ 0 };
}

struct json_object *store_records_next(const struct store_records *records,
				       struct store_records_at *at)
{
	for (; at->part < KEG_COUNT(records->parts); at->part++, at->index = 0) {
		struct json_object *part = records->parts[at->part];

		if (part && at->index < json_object_array_length(part))
			return json_object_array_get_idx(part, at->index++);
	}
	return NULL;
}

struct json_object *store_records_find(const struct store_records *records, const char *id)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while ((record = store_records_next(records, &at)) != NULL) {
		if (keg_str_eq(keg_json_str(record, "id", NULL), id))
			return record;
	}
	return NULL;
}

void store_records_touch(struct store_records *records, struct json_object *record)
{
	struct store_records_at at = { 0 };
	const struct json_object *each;

	while ((each = store_records_next(records, &at)) != record) {
		if (!each)
			keg_bug("the record is not of this list");
	}
	records->changed[at.part] = true;
}

void store_records_add(struct store_records *records, struct json_object *record)
{
	json_object_array_add(records->parts[0], record);
	records->changed[0] = true;
}

void store_records_remove(struct store_records *records, const char *id)
{
	struct store_records_at at = { 0 };
	struct json_object *record;

	while ((record = store_records_next(records, &at)) != NULL) {
		if (!keg_str_eq(keg_json_str(record, "id", NULL), id))
			continue;
		json_object_array_del_idx(records->parts[at.part], at.index - 1, 1);
		records->changed[at.part] = true;
		return;
	}
}

bool store_record_incomplete(struct json_object *record)
{
	return keg_json_bool(keg_json_get(record, "flags"), "incomplete", false);
}

bool store_record_has(struct json_object *record, const char *name, const char *text)
{
	struct json_object *list = keg_json_get(record, name);

	if (!list || !json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		if (json_object_is_type(item, json_type_string) &&
		    strcmp(json_object_get_string(item), text) == 0)
			return true;
	}
	return false;
}
