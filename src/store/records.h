/* SPDX-License-Identifier: Apache-2.0 */
/*
 * records.h - the lists layers.json, images.json and containers.json as trees to be changed.
 *
 * They are changed as JSON and not through structs, so that members which a newer peer wrote
 * and we do not know survive. Newer peers keep some records apart in "volatile-" lists; each
 * record stays in the list it came from. Only for use under the list's lock; who only reads
 * takes the index.
 */
#ifndef KEG_STORE_RECORDS_H
#define KEG_STORE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json.h"
#include "store/lockfile.h"

struct store_records {
	enum store_list_kind list;
	struct json_object *parts[2]; /* the list and its volatile part, which may be NULL */
	bool changed[2];
};

/* The text of a list; *out is NULL for an empty one, which the peers also write as null. */
int store_list_parse(const struct keg_buf *text, struct json_object **out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* Missing and empty files are empty lists. On failure *out is empty, too. */
int store_records_load(struct store *store, enum store_list_kind list, struct store_records *out,
		       struct keg_err *err) KEG_MUST_CHECK;

/* Write what was changed, durably, and tell the peers. `lock` holds the list's lock. */
int store_records_save(struct store *store, const struct store_lock *lock,
		       struct store_records *records, struct keg_err *err) KEG_MUST_CHECK;

void store_records_done(struct store_records *records);
KEG_AUTO(store_records, store_records_done)

/* The record with this id, borrowed, or NULL. Who changes it calls store_records_touch(). */
struct json_object *store_records_find(const struct store_records *records, const char *id);
void store_records_touch(struct store_records *records, struct json_object *record);

/* Append a record, which the list then owns. */
void store_records_add(struct store_records *records, struct json_object *record);
/* Remove it if it is there. */
void store_records_remove(struct store_records *records, const char *id);

/* Visit all records of both parts: start from {0}; NULL at the end. */
struct store_records_at {
	size_t part, index;
};
struct json_object *store_records_next(const struct store_records *records,
				       struct store_records_at *at);

/* flags: {"incomplete": true} of a layer: not all of it is on disk. */
bool store_record_incomplete(struct json_object *record);

/* Does the array member `name` of a record hold `text`? */
bool store_record_has(struct json_object *record, const char *name, const char *text);

#endif
