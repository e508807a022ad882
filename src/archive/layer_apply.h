/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_apply.h - unpack a layer (OCI image specification, layer.md) below a directory.
 *
 * Nothing is ever made outside the directory, whatever the names and links of the archive
 * say. Modes, owners and times are set explicitly; neither umask nor the working directory
 * matter, so that several layers can be unpacked by as many threads.
 */
#ifndef KEG_ARCHIVE_LAYER_APPLY_H
#define KEG_ARCHIVE_LAYER_APPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/stream.h"
#include "archive/tar_reader.h"
#include "base/err.h"

enum layer_whiteouts {
	LAYER_OVERLAY, /* as overlayfs wants them: device 0:0, the opaque attribute */
	LAYER_PLAIN,   /* nothing special: files of that name (any archive, not a layer) */
};

struct layer_apply_options {
	enum layer_whiteouts whiteouts;
	/*
	 * In a user namespace, as containers/storage does: the attribute user.overlay.opaque
	 * instead of trusted.overlay.opaque, device nodes left out, and attributes that the
	 * kernel does not allow there left out.
	 */
	bool userns;
	bool ignore_chown_errors;      /* storage.conf's: everything belongs to the one user */
	uint64_t most_entries;	       /* 0: LAYER_ENTRIES_MAX */
	uint64_t most_bytes;	       /* of content, holes not counted; 0: no limit */
	const struct tar_watch *watch; /* tar_split_recorder_watch(), or NULL */
};

enum {
	LAYER_ENTRIES_MAX = 8 << 20,
	LAYER_DEVICES_MAX = 4096,
	LAYER_DEPTH_MAX = 1024, /* components of a name */
};

struct layer_applied {
	uint64_t entries;
	uint64_t bytes; /* content of regular files */
};

/*
 * Unpack all of `in` (a plain tar) below `root`. What is there already stays unless an entry
 * replaces it; of two entries with one name the later wins; the root itself is not changed. On
 * failure the tree is partly filled and the caller removes it. Malformed archives, names that lead
 * out and limits exceeded are KEG_ECORRUPT, a full disk KEG_ENOSPACE; messages name the entry.
 */
int layer_apply(int root, struct stream_in *in, const struct layer_apply_options *options,
		struct layer_applied *out, struct keg_err *err) KEG_MUST_CHECK;

#endif
