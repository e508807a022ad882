/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/format.h"

static enum keg_code code_of_errno(int sys)
{
	switch (sys) {
	case EINVAL:
		return KEG_EUSAGE;
	case ENOENT:
	case ESRCH:
		return KEG_ENOTFOUND;
	case EEXIST:
		return KEG_EEXISTS;
	case EACCES:
	case EPERM:
		return KEG_EDENIED;
	case ENOSYS:
	case EOPNOTSUPP:
		return KEG_EUNSUPPORTED;
	case EBUSY:
	case ETXTBSY:
		return KEG_EBUSY;
	case ENOSPC:
	case EDQUOT:
		return KEG_ENOSPACE;
	default:
		return KEG_ESYSTEM;
	}
}

KEG_PRINTF(4, 0)
static void fill(struct keg_err *err, enum keg_code code, int sys, const char *fmt, va_list ap)
{
	*err = (struct keg_err){ .code = code, .sys = sys };
	keg_vformat(err->msg, sizeof err->msg, fmt, ap);
}

int(keg_fail)(struct keg_err *err, enum keg_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code, 0, fmt, ap);
	va_end(ap);
	return -(int)code;
}

int(keg_fail_sys)(struct keg_err *err, int sys, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, code_of_errno(sys), sys, fmt, ap);
	va_end(ap);

	/* "no such file or directory": within a line, as the peers spell it. */
	const char *reason = strerrordesc_np(sys);
	bool word = isupper((unsigned char)reason[0]) && !isupper((unsigned char)reason[1]);
	size_t used = strlen(err->msg);

	keg_format(err->msg + used, sizeof err->msg - used, ": %c%s",
		   word ? tolower((unsigned char)reason[0]) : reason[0], reason + 1);
	return -(int)err->code;
}

int(keg_wrap)(struct keg_err *err, const char *fmt, ...)
{
	char inner[sizeof err->msg];
	va_list ap;

	memcpy(inner, err->msg, sizeof inner);
	va_start(ap, fmt);
	keg_vformat(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);

	size_t used = strlen(err->msg);
	keg_format(err->msg + used, sizeof err->msg - used, ": %s", inner);
	return -(int)err->code;
}

int(keg_hint)(struct keg_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keg_vformat(err->hint, sizeof err->hint, fmt, ap);
	va_end(ap);
	return -(int)err->code;
}

void keg_err_print(const struct keg_err *err, FILE *out)
{
	fprintf(out, "Error: %s\n", err->msg);
	if (err->hint[0])
		fprintf(out, "hint: %s\n", err->hint);
}
