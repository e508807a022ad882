/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c and libseccomp as the distribution builds them call these of glibc's checked functions,
 * which musl has not. With them its archives link with musl, which has the rest of that binary
 * interface: so kegrun is linked there. A distribution that has musl as its libc has archives of
 * its own.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

int __fprintf_chk(FILE *to, int flag, const char *fmt, ...);
int __vfprintf_chk(FILE *to, int flag, const char *fmt, va_list ap);
int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *fmt, ...);
int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *fmt, va_list ap);
int __vasprintf_chk(char **to, int flag, const char *fmt, va_list ap);
char *__strcat_chk(char *to, const char *from, size_t room);
void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap);

int __vfprintf_chk(FILE *to, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vfprintf(to, fmt, ap);
}

int __fprintf_chk(FILE *to, int flag, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = __vfprintf_chk(to, flag, fmt, ap);
	va_end(ap);
	return n;
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *fmt, va_list ap)
{
	(void)flag;
	if (size > room)
		__builtin_trap();
	return vsnprintf(to, size, fmt, ap);
}

int __snprintf_chk(char *to, size_t size, int flag, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = __vsnprintf_chk(to, size, flag, room, fmt, ap);
	va_end(ap);
	return n;
}

int __vasprintf_chk(char **to, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	return vasprintf(to, fmt, ap);
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	if (strlen(to) + strlen(from) >= room)
		__builtin_trap();
	return strcat(to, from);
}

void __vsyslog_chk(int priority, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	vsyslog(priority, fmt, ap);
}
