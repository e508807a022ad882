/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer_tar.h"

#include "archive/compress.h"
#include "archive/tar_split.h"

int layer_tar_send(int split, int tree, struct stream_out *to, struct keg_err *err)
{
	struct stream_in *file = stream_in_fd(split);
	autoptr(stream_in) json = NULL;

	int r = stream_decompress(file, 0, NULL, &json, err);
	if (r < 0) {
		stream_in_close(file);
		return r;
	}
	return tar_split_assemble(json, tree, to, err);
}
