/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/preserved.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/mem.h"

enum { FDS_FIRST = 3, FDS_MOST = 1 << 16 };

int preserved_note(const struct runtime_context *ctx, unsigned count, struct preserved *out,
		   struct keg_err *err)
{
	*out = (struct preserved){ 0 };
	if (count > FDS_MOST)
		return keg_fail(err, KEG_EUSAGE, "%u descriptors to preserve are too many", count);
	if (count == 0)
		return 0;
	out->fds = keg_alloc(count, sizeof *out->fds);
	for (unsigned i = 0; i < count; i++) {
		int flags = fcntl((int)(FDS_FIRST + i), F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC))
			out->fds[out->n++] = (int)(FDS_FIRST + i);
	}
	if (out->n < count && ctx->warn) {
		autofree char *text =
			keg_printf("of %u descriptors to preserve from %d on %zu are not open",
				   count, FDS_FIRST, count - out->n);

		ctx->warn(ctx->sink, text);
	}
	return 0;
}

void preserved_done(struct preserved *preserved)
{
	free(preserved->fds);
	*preserved = (struct preserved){ 0 };
}
