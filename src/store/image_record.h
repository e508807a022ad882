/* SPDX-License-Identifier: Apache-2.0 */
/* image_record.h - changing what images.json says of an image; for files of this layer. */
#ifndef KEG_STORE_IMAGE_RECORD_H
#define KEG_STORE_IMAGE_RECORD_H

#include "store/commit.h"
#include "store/records.h"

/* A new record without names and documents, added to the list. */
struct json_object *image_record_add(struct store_records *images, const char *id,
				     const char *layer, const struct store_new_image *from);

/* Give it a name, taking it from the image that has it. */
void image_record_name(struct store_records *images, struct json_object *record, const char *name);
/* Returns whether it had the name. */
bool image_record_unname(struct store_records *images, struct json_object *record,
			 const char *name);

/* Note a document; the one called "manifest" gives the image's digest. */
void image_record_data(struct store_records *images, struct json_object *record,
		       const struct store_new_data *data);

#endif
