/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log is "[file:]PATH", "syslog:NAME" or "journald:NAME", as crun has it. Any other word before
 * a colon is a part of a path, as runc has it.
 */
#include "cmd/kegrun/log_target.h"

#include <fcntl.h>
#include <string.h>
#include <syslog.h>

#include "base/file.h"
#include "base/strv.h"
#include "os/journal_entry.h"

#define OUR_NAME "kegrun" /* where none is given */

static int open_file(const char *log, struct keg_err *err)
{
	const char *path = keg_str_after(log, "file:");

	return keg_open_at(AT_FDCWD, path ? path : log, O_WRONLY | O_CREAT | O_APPEND, 0644, err);
}

static void to_syslog(const char *name, const struct log_entry *entry)
{
	openlog(*name ? name : OUR_NAME, LOG_PID, LOG_USER);
	syslog(entry->priority, "%s", entry->text);
	closelog();
}

static bool to_journal(const char *name, const struct log_entry *entry)
{
	auto(keg_buf) fields = { 0 };
	struct keg_err ignored;
	autofd int socket = journal_entry_socket(&ignored);

	keg_buf_printf(&fields, "PRIORITY=%d\n", entry->priority);
	journal_entry_add(&fields, "SYSLOG_IDENTIFIER", *name ? name : OUR_NAME);
	journal_entry_add(&fields, "MESSAGE", entry->text);
	return socket >= 0 &&
	       journal_entry_send(socket, &(struct iovec){ fields.data, fields.len }, 1);
}

static bool to_file(const char *log, const struct log_entry *entry)
{
	struct keg_err ignored;
	autofd int fd = open_file(log, &ignored);

	return fd >= 0 && keg_write_all(fd, entry->line, strlen(entry->line), &ignored) >= 0;
}

int log_target_prepare(const char *log, struct keg_err *err)
{
	if (keg_str_empty(log) || keg_str_starts(log, "syslog:") ||
	    keg_str_starts(log, "journald:"))
		return 0;
	autofd int fd = open_file(log, err);
	return fd < 0 ? fd : 0;
}

void log_target_write(const char *log, const struct log_entry *entry)
{
	const char *syslog_name = keg_str_after(log, "syslog:");
	const char *journal_name = keg_str_after(log, "journald:");

	if (syslog_name)
		to_syslog(syslog_name, entry);
	else if (!(journal_name ? to_journal(journal_name, entry) : to_file(log, entry)))
		fprintf(stderr, "cannot write to log %s\n", log);
}
