/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/creation.h"

int runtime_create(const struct runtime_context *ctx, const char *id,
		   const struct runtime_create_request *req, pid_t *pid, struct keg_err *err)
{
	auto(creation) c = { 0 };
	int r = creation_begin(&c, ctx, id, req, -1, true, err);

	if (r >= 0 && pid)
		*pid = c.pid;
	return r;
}
