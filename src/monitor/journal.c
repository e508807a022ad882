/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/journal.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/strv.h"
#include "os/journal_entry.h"

enum { SHORT_ID = 12, PRIORITY_INFO = 6, PRIORITY_ERR = 3 };

static int check_label(const char *label, struct keg_err *err)
{
	const char *equals = strchr(label, '=');

	if (!equals || equals == label || strchr(equals + 1, '='))
		return keg_fail(err, KEG_EUSAGE,
				"Container labels must be in format LABEL=VALUE (got %s)", label);
	if (strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != (size_t)(equals - label))
		return keg_fail(err, KEG_EUSAGE,
				"Container label names must contain only uppercase letters, "
				"numbers and underscore (got %s)",
				label);
	return 0;
}

int journal_open(struct journal *journal, const struct monitor_options *opt, struct keg_err *err)
{
	auto(keg_buf) fields = { 0 };
	char brief[SHORT_ID + 1] = "";

	if (strlen(opt->cid) <= SHORT_ID)
		return keg_fail(err, KEG_EUSAGE, "Container ID must be longer than %d characters",
				SHORT_ID);
	memcpy(brief, opt->cid, SHORT_ID);
	journal_entry_add(&fields, "CONTAINER_ID_FULL", opt->cid);
	journal_entry_add(&fields, "CONTAINER_ID", brief);
	journal_entry_add(&fields, "CONTAINER_NAME", opt->name);
	journal_entry_add(&fields, "CONTAINER_TAG", opt->log_tag);
	journal_entry_add(&fields, "SYSLOG_IDENTIFIER", opt->log_tag ? opt->log_tag : brief);
	for (size_t i = 0; i < opt->log_labels.n; i++) {
		const char *label = opt->log_labels.v[i];

		if (check_label(label, err) < 0)
			return -(int)err->code;
		auto(keg_buf) name = { 0 };
		keg_buf_add(&name, label, (size_t)(strchr(label, '=') - label));
		journal_entry_add(&fields, keg_buf_text(&name), strchr(label, '=') + 1);
	}

	int r = journal->fd = journal_entry_socket(err);
	if (r < 0)
		return r;
	journal->mark_partial = !opt->no_partial_message;
	journal->fields_len = fields.len;
	journal->fields = keg_buf_take(&fields);
	return 0;
}

static void write_line(const struct journal *journal, int priority, const char *text, size_t len,
		       bool partial)
{
	char number[] = "PRIORITY=0\n";
	uint64_t size;

	if (len >= 3 && text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>') {
		priority = text[1] - '0';
		text += 3;
		len -= 3;
	}
	number[sizeof number - 3] = (char)('0' + priority);
	size = htole64(len);

	struct iovec parts[] = {
		{ journal->fields, journal->fields_len },
		{ number, sizeof number - 1 },
		{ (char *)(uintptr_t) "CONTAINER_PARTIAL_MESSAGE=true\n",
		  partial && journal->mark_partial ? 31 : 0 },
		{ (char *)(uintptr_t) "MESSAGE\n", 8 },
		{ &size, sizeof size },
		{ (char *)(uintptr_t)text, len },
		{ (char *)(uintptr_t) "\n", 1 },
	};

	(void)!journal_entry_send(journal->fd, parts, KEG_COUNT(parts));
}

void journal_write(const struct journal *journal, enum monitor_stream stream, const char *data,
		   size_t len)
{
	int priority = stream == MONITOR_STDOUT ? PRIORITY_INFO : PRIORITY_ERR;
	const char *end = data + len;

	if (journal->fd < 0)
		return;
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));

		write_line(journal, priority, data, (size_t)((newline ? newline : end) - data),
			   !newline);
		data = newline ? newline + 1 : end;
	}
}
