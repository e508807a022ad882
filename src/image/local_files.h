/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local_files.h - files of the store's layers, found by their content.
 *
 * Each layer's tar-split has the size and a CRC of every file, whoever pulled it and however its
 * blob was packed. Where both are those of a file that is wanted, the file itself is read, and
 * is taken only if it has the wanted digest: a tree may have been changed since.
 */
#ifndef KEG_IMAGE_LOCAL_FILES_H
#define KEG_IMAGE_LOCAL_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/stream.h"
#include "store/store.h"

struct local_files;

struct local_files *local_files_new(void);
void local_files_free(struct local_files *files);
KEG_AUTOPTR(local_files, local_files_free)

/* Want a file; the same content may be wanted several times. `crc` has 8 bytes as in tar-split. */
void local_files_want(struct local_files *files, uint64_t size, const void *crc,
		      const unsigned char digest[32]);

/* Look through the layers, the newest first, until all is found. Layers that cannot be read are
 * passed over. */
int local_files_search(struct local_files *files, struct store *store,
		       struct keg_err *err) KEG_MUST_CHECK;

/* Is it there? */
bool local_files_have(const struct local_files *files, uint64_t size, const void *crc,
		      const unsigned char digest[32]);

/* A new stage with the content, which is read as it is by now. */
int local_files_open(struct local_files *files, uint64_t size, const void *crc,
		     const unsigned char digest[32], struct stream_in **out,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
