/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_entry.h - entries of the systemd journal by its native protocol
 * (systemd.io/JOURNAL_NATIVE_PROTOCOL): one datagram an entry, no library.
 */
#ifndef KEG_OS_JOURNAL_ENTRY_H
#define KEG_OS_JOURNAL_ENTRY_H

#include <stdbool.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/err.h"

/* A socket to send through; the caller owns it. */
int journal_entry_socket(struct keg_err *err) KEG_MUST_CHECK;

/* Append a field; a NULL value appends nothing. */
void journal_entry_add(struct keg_buf *fields, const char *name, const char *value);

/* Send an entry that consists of these parts, without waiting; false when no journal took it. */
bool journal_entry_send(int socket, struct iovec *parts, size_t n);

#endif
