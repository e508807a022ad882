/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cmocka_keg.h"
#include "monitor/logfile.h"

static const char stamp[] = "2024-05-01T12:00:00.000000000+00:00";

struct fixture {
	char dir[32];
	struct logfile log;
	struct monitor_space space;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	strcpy(f->dir, "/tmp/keg-log-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->log = (struct logfile){ .fd = -1, .dirfd = -1 };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	struct keg_err err;

	close(f->log.fd);
	close(f->log.dirfd);
	assert_int_equal(keg_remove_tree(AT_FDCWD, f->dir, &err), 0);
	free(f);
	return 0;
}

static void open_log(struct fixture *f, char *path)
{
	struct keg_err err;

	snprintf(path, 64, "%s/log", f->dir);
	assert_int_equal(logfile_open(&f->log, path, &err), 0);
}

static void put(struct fixture *f, enum monitor_stream stream, const char *text)
{
	logfile_write(&f->log, &f->space, stream, text, strlen(text));
}

/* The file's text without the stamps; each line's is checked for its form. */
static char *read_log(const struct fixture *f, const char *name)
{
	auto(keg_buf) text = { 0 }, out = { 0 };
	struct keg_err err;
	char *rest, *line;

	assert_true(keg_file_read(f->log.dirfd, name, 1 << 20, &text, &err) >= 0);
	rest = text.data;
	while (rest && *rest) {
		line = strsep(&rest, "\n");
		assert_true(strlen(line) > strlen(stamp));
		assert_int_equal(line[10], 'T');
		assert_int_equal(line[19], '.');
		assert_int_equal(line[strlen(stamp)], ' ');
		keg_buf_puts(&out, line + strlen(stamp) + 1);
		keg_buf_putc(&out, '|');
	}
	return keg_buf_take(&out);
}

static void expect(const struct fixture *f, const char *name, const char *want)
{
	autofree char *got = read_log(f, name);

	assert_string_equal(got, want);
}

static void whole_lines_are_f_and_pieces_p(void **state)
{
	struct fixture *f = *state;
	char path[64];

	open_log(f, path);
	put(f, MONITOR_STDOUT, "one\ntwo");
	put(f, MONITOR_STDOUT, " and a half\n\n");
	put(f, MONITOR_STDERR, "err");
	expect(f, "log", "stdout F one|stdout P two|stdout F  and a half|stdout F |stderr P err|");
}

static void a_read_full_of_short_lines_is_whole(void **state)
{
	struct fixture *f = *state;
	char path[64], chunk[MONITOR_CHUNK + 1];

	open_log(f, path);
	memset(chunk, '\n', MONITOR_CHUNK);
	chunk[MONITOR_CHUNK] = '\0';
	put(f, MONITOR_STDOUT, chunk);
	autofree char *got = read_log(f, "log");
	assert_int_equal(strlen(got), MONITOR_CHUNK * strlen("stdout F |"));
}

static void at_its_size_the_log_starts_over(void **state)
{
	struct fixture *f = *state;
	char path[64];

	f->log.size_max = 120;
	open_log(f, path);
	put(f, MONITOR_STDOUT, "1\n2\n3\n");
	expect(f, "log", "stdout F 3|");
	assert_false(keg_exists(f->log.dirfd, "log.1"));
}

static void with_backups_the_old_text_is_kept(void **state)
{
	struct fixture *f = *state;
	char path[64];

	f->log.size_max = 60;
	f->log.backups = 2;
	open_log(f, path);
	put(f, MONITOR_STDOUT, "1\n2\n3\n4\n");
	expect(f, "log", "stdout F 4|");
	expect(f, "log.1", "stdout F 3|");
	expect(f, "log.2", "stdout F 2|");
	assert_false(keg_exists(f->log.dirfd, "log.3"));
}

static void past_the_global_limit_nothing_is_written(void **state)
{
	struct fixture *f = *state;
	char path[64];

	f->log.total_max = 100;
	open_log(f, path);
	put(f, MONITOR_STDOUT, "1\n2\n3\n");
	expect(f, "log", "stdout F 1|stdout F 2|");
}

static void reopening_follows_a_file_moved_away(void **state)
{
	struct fixture *f = *state;
	char path[64];

	open_log(f, path);
	put(f, MONITOR_STDOUT, "1\n");
	assert_int_equal(renameat(f->log.dirfd, "log", f->log.dirfd, "old"), 0);
	logfile_reopen(&f->log);
	put(f, MONITOR_STDOUT, "2\n");
	expect(f, "old", "stdout F 1|");
	expect(f, "log", "stdout F 2|");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whole_lines_are_f_and_pieces_p),
		TEST(a_read_full_of_short_lines_is_whole),
		TEST(at_its_size_the_log_starts_over),
		TEST(with_backups_the_old_text_is_kept),
		TEST(past_the_global_limit_nothing_is_written),
		TEST(reopening_follows_a_file_moved_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
