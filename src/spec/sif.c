/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/sif.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/strv.h"

#define MAGIC "SIF_MAGIC"

/* Where things stand in the header and in an entry of the table. */
enum {
	AT_MAGIC = 32,
	AT_UUID = 48,
	AT_MODIFIED = 72,
	AT_TOTAL = 88,
	AT_TABLE = 96,

	ENTRY_TYPE = 0,
	ENTRY_USED = 4,
	ENTRY_OFFSET = 17,
	ENTRY_SIZE = 25,
	ENTRY_FILE_SYSTEM = 201,
	ENTRY_PART_TYPE = 205,
	ENTRY_ARCH = 209,

	TYPE_DEFINITION = 0x4001,
	TYPE_PARTITION = 0x4004,
	FILE_SYSTEM_SQUASHFS = 1,
	PART_PRIMARY = 2,
};

static uint64_t number(const unsigned char *at, size_t len)
{
	uint64_t n = 0;

	for (size_t i = len; i > 0; i--)
		n = n << 8 | at[i - 1];
	return n;
}

static void print_uuid(const unsigned char *at, char out[37])
{
	char *to = out;

	for (int i = 0; i < 16; i++)
		to += snprintf(to, 37 - (size_t)(to - out), "%s%02x",
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", at[i]);
}

int sif_parse_header(const void *bytes, size_t len, struct sif *out, struct keg_err *err)
{
	const unsigned char *at = bytes;

	if (len < SIF_HEADER_LEN || memcmp(at + AT_MAGIC, MAGIC, sizeof MAGIC) != 0)
		return keg_fail(err, KEG_ECORRUPT, "invalid SIF file: it has no such header");
	struct sif sif = { .modified = (int64_t)number(at + AT_MODIFIED, 8),
			   .table_at = number(at + AT_TABLE, 8),
			   .n_entries = (size_t)number(at + AT_TOTAL, 8) };
	if (sif.n_entries > SIF_ENTRIES_MAX)
		return keg_fail(err, KEG_ECORRUPT, "invalid SIF file: %zu objects, more than %d",
				sif.n_entries, SIF_ENTRIES_MAX);
	print_uuid(at + AT_UUID, sif.uuid);
	*out = sif;
	return 0;
}

static const char *architecture_of(const unsigned char *code)
{
	static const struct {
		const char *code, *name;
	} names[] = {
		{ "01", "386" },    { "02", "amd64" },	  { "03", "arm" },   { "04", "arm64" },
		{ "05", "ppc64" },  { "06", "ppc64le" },  { "07", "mips" },  { "08", "mipsle" },
		{ "09", "mips64" }, { "10", "mips64le" }, { "11", "s390x" }, { "12", "riscv64" },
	};

	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (memcmp(code, names[i].code, 2) == 0)
			return names[i].name;
	}
	return "unknown";
}

static int take_object(const unsigned char *entry, uint64_t file_size, struct sif_object *out,
		       struct keg_err *err)
{
	uint64_t at = number(entry + ENTRY_OFFSET, 8), size = number(entry + ENTRY_SIZE, 8);

	if (at > file_size || size > file_size - at)
		return keg_fail(err, KEG_ECORRUPT, "invalid SIF file: an object is outside of it");
	*out = (struct sif_object){ at, size };
	return 0;
}

int sif_parse_table(const void *bytes, size_t len, uint64_t file_size, struct sif *out,
		    struct keg_err *err)
{
	if (len / SIF_ENTRY_LEN < out->n_entries)
		return keg_fail(err, KEG_ECORRUPT, "invalid SIF file: its table is cut off");
	for (size_t i = 0; i < out->n_entries; i++) {
		const unsigned char *entry = (const unsigned char *)bytes + i * SIF_ENTRY_LEN;
		uint64_t type = number(entry + ENTRY_TYPE, 4);
		int r = 0;

		if (!entry[ENTRY_USED])
			continue;
		if (type == TYPE_DEFINITION && out->definition.size == 0)
			r = take_object(entry, file_size, &out->definition, err);
		if (type == TYPE_PARTITION && number(entry + ENTRY_PART_TYPE, 4) == PART_PRIMARY) {
			if (number(entry + ENTRY_FILE_SYSTEM, 4) != FILE_SYSTEM_SQUASHFS)
				return keg_fail(err, KEG_EUNSUPPORTED,
						"the primary partition of the SIF file is no "
						"squashfs");
			r = take_object(entry, file_size, &out->rootfs, err);
			out->architecture = architecture_of(entry + ENTRY_ARCH);
		}
		if (r < 0)
			return r;
	}
	if (!out->architecture)
		return keg_fail(err, KEG_ECORRUPT,
				"looking up rootfs from SIF file: no primary partition");
	return 0;
}

/* A line without the white space at both ends. */
static char *trimmed(const char *line)
{
	size_t len = strlen(line);

	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	while (len > 0 && isspace((unsigned char)*line))
		line++, len--;
	return keg_strndup(line, len);
}

int sif_script(const char *definition, struct keg_buf *out)
{
	enum { OTHER, ENVIRONMENT, RUNSCRIPT } section = OTHER;
	auto(keg_strv) lines = { 0 }, environment = { 0 }, script = { 0 };

	keg_strv_split(&lines, definition, '\n');
	if (lines.n > 0 && !*lines.v[lines.n - 1]) /* what follows the last line's end is none */
		keg_strv_remove(&lines, lines.n - 1);
	for (size_t i = 0; i < lines.n; i++) {
		autofree char *line = trimmed(lines.v[i]);

		if (*line == '%')
			section = keg_str_eq(line, "%environment") ? ENVIRONMENT
				  : keg_str_eq(line, "%runscript") ? RUNSCRIPT
								   : OTHER;
		else if (section == ENVIRONMENT && *line && *line != '#')
			keg_strv_add(&environment, line);
		else if (section == RUNSCRIPT)
			keg_strv_add(&script, line);
	}
	if (environment.n == 0 && script.n == 0)
		return 0;
	autofree char *first = keg_strv_join(&environment, "\n");
	autofree char *second = keg_strv_join(&script, "\n");
	keg_buf_printf(out, "#!/bin/bash\n%s\n%s\n", first, second);
	return 1;
}
