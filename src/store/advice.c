/* SPDX-License-Identifier: Apache-2.0 */
#include "store/advice.h"

#include <errno.h>

int store_advise(const char *root, struct keg_err *err)
{
	if (err->hint[0])
		return -(int)err->code;
	switch (err->sys) {
	case ENOSPC:
	case EDQUOT:
		return keg_hint(err,
				"Make room on the file system of %s, by keg system prune or "
				"keg rmi, say, and try again: nothing was left half done.",
				root);
	case EROFS:
		return keg_hint(err,
				"%s is read-only. To run its images, name another store with "
				"--root, and this one with --storage-opt "
				"additionalimagestore=%s.",
				root, root);
	case EACCES:
		return keg_hint(err,
				"%s is not yours: use keg as its owner, or another store with "
				"--root.",
				root);
	default:
		return -(int)err->code;
	}
}

int store_advise_list(const char *root, const char *file, struct keg_err *err)
{
	if (err->hint[0] || err->code != KEG_ECORRUPT)
		return -(int)err->code;
	return keg_hint(err,
			"Nothing was changed. Put back a copy of %s/%s; or, to begin without "
			"what it listed, move it away and run: keg system check --repair",
			root, file);
}
