/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/sif.h"

#include <string.h>

#include "tests/unit/cmocka_keg.h"

enum { ENTRIES = 3, FILE_SIZE = 10000 };

struct file {
	unsigned char header[SIF_HEADER_LEN];
	unsigned char table[ENTRIES][SIF_ENTRY_LEN];
};

static void put(unsigned char *at, uint64_t number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		at[i] = (unsigned char)(number >> 8 * i);
}

static void put_object(unsigned char *entry, uint32_t type, uint64_t at, uint64_t size)
{
	put(entry, type, 4);
	entry[4] = 1;
	put(entry + 17, at, 8);
	put(entry + 25, size, 8);
}

/* An entry that is not used, a definition and the primary partition of an arm64 image. */
static void make_file(struct file *file)
{
	memset(file, 0, sizeof *file);
	memcpy(file->header + 32, "SIF_MAGIC", 10);
	for (int i = 0; i < 16; i++)
		file->header[48 + i] = (unsigned char)(0x10 + i);
	put(file->header + 72, 1600000000, 8);
	put(file->header + 88, ENTRIES, 8);
	put(file->header + 96, SIF_HEADER_LEN, 8);
	put_object(file->table[0], 0x4004, 1, 1);
	file->table[0][4] = 0;
	put_object(file->table[1], 0x4001, 2000, 100);
	put_object(file->table[2], 0x4004, 4096, 5904);
	put(file->table[2] + 201, 1, 4);
	put(file->table[2] + 205, 2, 4);
	memcpy(file->table[2] + 209, "04", 2);
}

static int parse(const struct file *file, struct sif *sif, struct keg_err *err)
{
	int r = sif_parse_header(file->header, sizeof file->header, sif, err);

	return r < 0 ? r : sif_parse_table(file->table, sizeof file->table, FILE_SIZE, sif, err);
}

static void the_index_tells_where_the_objects_are(void **state)
{
	struct keg_err err = { 0 };
	struct file file;
	struct sif sif;

	(void)state;
	make_file(&file);
	assert_int_equal(parse(&file, &sif, &err), 0);
	assert_string_equal(sif.uuid, "10111213-1415-1617-1819-1a1b1c1d1e1f");
	assert_string_equal(sif.architecture, "arm64");
	assert_int_equal(sif.modified, 1600000000);
	assert_int_equal(sif.table_at, SIF_HEADER_LEN);
	assert_int_equal(sif.rootfs.at, 4096);
	assert_int_equal(sif.rootfs.size, 5904);
	assert_int_equal(sif.definition.at, 2000);
	assert_int_equal(sif.definition.size, 100);
}

static void what_cannot_be_is_refused(void **state)
{
	static const struct {
		size_t at; /* in the file */
		uint64_t number;
		size_t len;
		const char *reason;
		int code;
	} table[] = {
		{ 32, 0, 1, "no such header", KEG_ECORRUPT },
		{ 88, SIF_ENTRIES_MAX + 1, 8, "1025 objects", KEG_ECORRUPT },
		{ 88, ENTRIES + 1, 8, "cut off", KEG_ECORRUPT },
		{ 88, ENTRIES - 1, 8, "no primary partition", KEG_ECORRUPT },
		{ SIF_HEADER_LEN + SIF_ENTRY_LEN + 17, UINT64_MAX, 8, "outside", KEG_ECORRUPT },
		{ SIF_HEADER_LEN + 2 * SIF_ENTRY_LEN + 25, 5905, 8, "outside", KEG_ECORRUPT },
		{ SIF_HEADER_LEN + 2 * SIF_ENTRY_LEN + 201, 2, 4, "no squashfs", KEG_EUNSUPPORTED },
		{ SIF_HEADER_LEN + 2 * SIF_ENTRY_LEN + 205, 3, 4, "no primary", KEG_ECORRUPT },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(table); i++) {
		struct keg_err err = { 0 };
		struct file file;
		struct sif sif;

		make_file(&file);
		put((unsigned char *)&file + table[i].at, table[i].number, table[i].len);
		assert_int_equal(parse(&file, &sif, &err), -table[i].code);
		assert_non_null(strstr(err.msg, table[i].reason));
	}
}

static void a_header_may_not_be_short(void **state)
{
	struct keg_err err = { 0 };
	struct file file;
	struct sif sif;

	(void)state;
	make_file(&file);
	assert_int_equal(sif_parse_header(file.header, SIF_HEADER_LEN - 1, &sif, &err),
			 -KEG_ECORRUPT);
}

static void sections_of_a_definition_become_a_script(void **state)
{
	static const char definition[] = "Bootstrap: docker\n"
					 "%environment\n"
					 "  export A=1\n"
					 "\n"
					 "# not this\n"
					 "%post\n"
					 "rm -rf /\n"
					 " %runscript \n"
					 "\techo \"$A\"\n"
					 "# but this\n";
	auto(keg_buf) script = { 0 };

	(void)state;
	assert_int_equal(sif_script(definition, &script), 1);
	assert_string_equal(keg_buf_text(&script),
			    "#!/bin/bash\nexport A=1\necho \"$A\"\n# but this\n");
}

static void a_definition_without_sections_is_no_script(void **state)
{
	auto(keg_buf) script = { 0 };

	(void)state;
	assert_int_equal(sif_script("Bootstrap: docker\n%environment\n\n%post\nx\n", &script), 0);
	assert_int_equal(sif_script("", &script), 0);
	assert_int_equal(script.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_index_tells_where_the_objects_are),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(a_header_may_not_be_short),
		cmocka_unit_test(sections_of_a_definition_become_a_script),
		cmocka_unit_test(a_definition_without_sections_is_no_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
