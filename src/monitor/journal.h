/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - a container's output as entries of the systemd journal.
 */
#ifndef KEG_MONITOR_JOURNAL_H
#define KEG_MONITOR_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "monitor/options.h"
#include "monitor/protocol.h"

struct journal {
	int fd;	      /* -1: not logging there */
	char *fields; /* what is the same in every entry; owned */
	size_t fields_len;
	bool mark_partial;
};

int journal_open(struct journal *journal, const struct monitor_options *opt,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * Write one read of a stream, an entry a line. "<3>" before a line is its priority. While
 * no journal listens the entries are lost.
 */
void journal_write(const struct journal *journal, enum monitor_stream stream, const char *data,
		   size_t len);

#endif
