/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob_folder.h - which files of a folder are a new image's, so that one that fails leaves the
 * folder as it was: what dir: and oci: share.
 */
#ifndef KEG_IMAGE_BLOB_FOLDER_H
#define KEG_IMAGE_BLOB_FOLDER_H

#include <pthread.h>

#include "base/err.h"
#include "base/strv.h"

struct blob_folder {
	int fd;			/* not ours to close; stays open until the end */
	pthread_mutex_t lock;	/* around `names` */
	struct keg_strv names;	/* files of the new image */
	struct keg_strv before; /* files that were there */
};

/* For a folder of which nothing is known yet. */
void blob_folder_init(struct blob_folder *folder, int fd);

/* What there is now is no work of ours, whatever is added later. */
int blob_folder_list(struct blob_folder *folder, struct keg_err *err) KEG_MUST_CHECK;

/* A file of the new image, whether it was there or not; from any thread. */
void blob_folder_add(struct blob_folder *folder, const char *name);

/* Remove all but the files of the new image. */
int blob_folder_remove_others(const struct blob_folder *folder, struct keg_err *err) KEG_MUST_CHECK;

/* Remove the files of the new image that were not there before, as far as that is possible. */
void blob_folder_undo(const struct blob_folder *folder);

void blob_folder_done(struct blob_folder *folder);

#endif
