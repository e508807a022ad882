/* SPDX-License-Identifier: Apache-2.0 */
/* auto.h - scope-bound ownership: what a local owns is released when it leaves scope. */
#ifndef KEG_BASE_AUTO_H
#define KEG_BASE_AUTO_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEG_MUST_CHECK __attribute__((warn_unused_result))
#define KEG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define KEG_NORETURN __attribute__((noreturn))
#define KEG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define autofree __attribute__((cleanup(auto_free_)))
#define autofd __attribute__((cleanup(auto_close_)))
#define autodir __attribute__((cleanup(auto_closedir_))) DIR *
#define autofile __attribute__((cleanup(auto_fclose_))) FILE *

/*
 * auto(keg_buf) text = { 0 };  runs keg_buf_done(&text) at the end of the scope. A type
 * opts in with KEG_AUTO(keg_buf, keg_buf_done) after its declaration.
 */
#define KEG_AUTO(type, done)                                     \
	static inline void auto_##type##_(struct type *embedded) \
	{                                                        \
		done(embedded);                                  \
	}
#define auto(type) __attribute__((cleanup(auto_##type##_))) struct type

/*
 * autoptr(tar_reader) r = tar_reader_new(...);  runs tar_reader_free(r) where r is not
 * NULL. A type opts in with KEG_AUTOPTR(tar_reader, tar_reader_free).
 */
#define KEG_AUTOPTR(type, release)                               \
	static inline void autoptr_##type##_(struct type **slot) \
	{                                                        \
		if (*slot)                                       \
			release(*slot);                          \
	}
#define autoptr(type) __attribute__((cleanup(autoptr_##type##_))) struct type *

static inline void auto_free_(void *slot)
{
	free(*(void **)slot);
}

/* A descriptor is closed exactly once: on Linux it is gone even if close() says EINTR. */
static inline void auto_close_(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
}

static inline void auto_closedir_(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static inline void auto_fclose_(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* Hand an owned descriptor to the caller: `return take_fd(&fd);` */
static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

/* Hand an owned pointer to the caller: `return take_ptr(&text);` */
#define take_ptr(slot)                        \
	({                                    \
		__auto_type taken_ = *(slot); \
		*(slot) = NULL;               \
		taken_;                       \
	})

#endif
