/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sif.h - the index of a Singularity image (SIF, version 1): a header and a table that say where
 * in the file its objects lie. All numbers are little-endian.
 */
#ifndef KEG_SPEC_SIF_H
#define KEG_SPEC_SIF_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	SIF_HEADER_LEN = 128,
	SIF_ENTRY_LEN = 585,
	SIF_ENTRIES_MAX = 1024,
	SIF_DEFINITION_MAX = 1 << 20,
};

struct sif_object {
	uint64_t at, size; /* 0, 0: there is none */
};

struct sif {
	char uuid[37];
	const char *architecture; /* of the primary partition, as Go calls it */
	int64_t modified;	  /* seconds */
	uint64_t table_at;	  /* of n_entries */
	size_t n_entries;
	struct sif_object rootfs;     /* the primary partition, squashfs */
	struct sif_object definition; /* the recipe it was built by */
};

/* The header; *out has all but the objects. KEG_ECORRUPT for what is no such file. */
int sif_parse_header(const void *bytes, size_t len, struct sif *out,
		     struct keg_err *err) KEG_MUST_CHECK;

/* The table of n_entries, in a file of `file_size` bytes; KEG_ECORRUPT without a rootfs in it. */
int sif_parse_table(const void *bytes, size_t len, uint64_t file_size, struct sif *out,
		    struct keg_err *err) KEG_MUST_CHECK;

/*
 * The shell script that %environment and %runscript of a definition are, appended; 0 when it has
 * neither.
 */
int sif_script(const char *definition, struct keg_buf *out);

#endif
