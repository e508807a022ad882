/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/lib.h"

struct keg_runtime_error {
	struct keg_err err;
};

_Static_assert((int)KEG_RUNTIME_EUSAGE == KEG_EUSAGE &&
		       (int)KEG_RUNTIME_ENOTFOUND == KEG_ENOTFOUND &&
		       (int)KEG_RUNTIME_EEXISTS == KEG_EEXISTS &&
		       (int)KEG_RUNTIME_EDENIED == KEG_EDENIED &&
		       (int)KEG_RUNTIME_EUNSUPPORTED == KEG_EUNSUPPORTED &&
		       (int)KEG_RUNTIME_ECORRUPT == KEG_ECORRUPT &&
		       (int)KEG_RUNTIME_ESYSTEM == KEG_ESYSTEM &&
		       (int)KEG_RUNTIME_EBUSY == KEG_EBUSY &&
		       (int)KEG_RUNTIME_ENOSPACE == KEG_ENOSPACE &&
		       (int)KEG_RUNTIME_ENOCOMMAND == KEG_ENOCOMMAND &&
		       (int)KEG_RUNTIME_EBADCOMMAND == KEG_EBADCOMMAND,
	       "the public codes are ours");

int lib_fail(struct keg_runtime_error **out, const struct keg_err *err)
{
	if (out) {
		struct keg_runtime_error *made = keg_alloc(1, sizeof *made);

		made->err = *err;
		*out = made;
	}
	return -(int)err->code;
}

int keg_runtime_error_code(const struct keg_runtime_error *err)
{
	return (int)err->err.code;
}

int keg_runtime_error_errno(const struct keg_runtime_error *err)
{
	return err->err.sys;
}

const char *keg_runtime_error_message(const struct keg_runtime_error *err)
{
	return err->err.msg;
}

const char *keg_runtime_error_hint(const struct keg_runtime_error *err)
{
	return err->err.hint;
}

void keg_runtime_error_free(struct keg_runtime_error *err)
{
	free(err);
}

void keg_runtime_release(void *memory)
{
	free(memory);
}
