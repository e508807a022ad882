/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logfile.h - a container's output in the k8s-file form, "STAMP stdout F text": F for a
 * line that ends there, P for a piece of one that goes on.
 */
#ifndef KEG_MONITOR_LOGFILE_H
#define KEG_MONITOR_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "monitor/protocol.h"
#include "monitor/space.h"
#include "monitor/stamp.h"

struct logfile {
	int fd;	   /* -1: none */
	int dirfd; /* of the folder, so that moving it does not divert a rotation */
	const char *name;
	int64_t size_max, total_max; /* <= 0: no limit */
	int64_t size, total;	     /* bytes in this file, bytes written by us */
	int backups;		     /* kept by a rotation; 0: the old text is dropped */
	struct stamp stamp;
};

/* Open or make `path`, which must outlive *file. KEG_FILE limits are set by the caller. */
int logfile_open(struct logfile *file, const char *path, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Write one read of a stream. What cannot be written (a full disk) is lost: the container
 * is not to be held up by its log.
 */
void logfile_write(struct logfile *file, struct monitor_space *space, enum monitor_stream stream,
		   const char *data, size_t len);

/* Begin anew under the same name: someone moved the file away, or backups are kept. */
void logfile_reopen(struct logfile *file);

void logfile_sync(const struct logfile *file);

#endif
