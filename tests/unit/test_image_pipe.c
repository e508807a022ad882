/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pipe.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmocka_keg.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct folder {
	char path[64], part[160];
};

static int make_folder(void **state)
{
	struct folder *f = keg_alloc(1, sizeof *f);

	snprintf(f->path, sizeof f->path, "/tmp/test-pipe-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	snprintf(f->part, sizeof f->part, "%s/%s.part", f->path, &DIGEST[7]);
	*state = f;
	return 0;
}

static int remove_folder(void **state)
{
	struct folder *f = *state;
	struct keg_err err;

	assert_int_equal(keg_remove_tree(AT_FDCWD, f->path, &err), 0);
	free(f);
	return 0;
}

static void *write_a_million(void *arg)
{
	struct image_pipe *pipe = arg;
	struct keg_err err;
	char bytes[1000];

	for (int i = 0; i < 1000; i++) {
		memset(bytes, i & 0xff, sizeof bytes);
		assert_int_equal(image_pipe_write(pipe, bytes, sizeof bytes, &err), 0);
	}
	image_pipe_end(pipe, NULL);
	image_pipe_free(pipe);
	return NULL;
}

static void expect_a_million(struct image_pipe *pipe)
{
	struct stream_in *in = image_pipe_reader(pipe);
	struct keg_err err;
	char bytes[777];
	size_t total = 0;
	ssize_t n;

	while ((n = in->read(in, bytes, sizeof bytes, &err)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal((unsigned char)bytes[i],
					 ((total + (size_t)i) / 1000) & 0xff);
		total += (size_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(total, 1000000);
}

static void a_ring_smaller_than_the_blob_loses_nothing(void **state)
{
	struct image_pipe *pipe = image_pipe_new(4096);
	pthread_t writer;

	(void)state;
	assert_int_equal(pthread_create(&writer, NULL, write_a_million, pipe), 0);
	expect_a_million(pipe);
	pthread_join(writer, NULL);
	image_pipe_free(pipe);
}

static void a_file_gives_the_same_bytes(void **state)
{
	struct folder *f = *state;
	struct image_pipe *pipe;
	struct keg_err err;
	pthread_t writer;

	assert_int_equal(image_pipe_open(f->path, DIGEST, &pipe, &err), 0);
	assert_non_null(pipe);
	assert_int_equal(pthread_create(&writer, NULL, write_a_million, pipe), 0);
	expect_a_million(pipe);
	pthread_join(writer, NULL);
	image_pipe_drop(pipe);
	image_pipe_free(pipe);
	assert_false(keg_exists(AT_FDCWD, f->part));
}

static void a_reader_that_goes_stops_the_writer(void **state)
{
	struct image_pipe *pipe = image_pipe_new(16);
	struct stream_in *in = image_pipe_reader(pipe);
	struct keg_err err;

	(void)state;
	in->close(in);
	assert_int_equal(image_pipe_write(pipe, "x", 1, &err), -KEG_EBUSY);
	image_pipe_free(pipe);
	image_pipe_free(pipe);
}

static void a_failure_takes_the_place_of_the_end(void **state)
{
	struct image_pipe *pipe = image_pipe_new(16);
	struct stream_in *in = image_pipe_reader(pipe);
	struct keg_err why, err;
	char bytes[16];

	(void)state;
	assert_int_equal(image_pipe_write(pipe, "abc", 3, &err), 0);
	keg_fail(&why, KEG_ECORRUPT, "wrong");
	image_pipe_end(pipe, &why);
	assert_int_equal(in->read(in, bytes, sizeof bytes, &err), 3);
	assert_int_equal(in->read(in, bytes, sizeof bytes, &err), -KEG_ECORRUPT);
	assert_string_equal(err.msg, "wrong");
	image_pipe_free(pipe);
	image_pipe_free(pipe);
}

static void what_was_left_is_fed_to_the_hash_and_then_read(void **state)
{
	struct folder *f = *state;
	struct image_pipe *pipe;
	struct keg_err err;
	auto(keg_buf) seen = { 0 };
	char bytes[16];

	assert_int_equal(keg_file_write(AT_FDCWD, f->part, "left", 4, 0600, 0, &err), 0);
	assert_int_equal(image_pipe_open(f->path, DIGEST, &pipe, &err), 0);
	autoptr(stream_out) to = stream_out_buf(&seen);
	assert_int_equal(image_pipe_resume(pipe, to, &err), 4);
	assert_string_equal(keg_buf_text(&seen), "left");
	assert_int_equal(image_pipe_write(pipe, "over", 4, &err), 0);
	image_pipe_end(pipe, NULL);

	struct stream_in *in = image_pipe_reader(pipe);
	assert_int_equal(in->read(in, bytes, sizeof bytes, &err), 8);
	assert_memory_equal(bytes, "leftover", 8);
	image_pipe_free(pipe);
	image_pipe_free(pipe);
	assert_true(keg_exists(AT_FDCWD, f->part));
}

static void a_blob_is_fetched_into_one_file_by_one_at_a_time(void **state)
{
	struct folder *f = *state;
	struct image_pipe *first, *second;
	struct keg_err err;

	assert_int_equal(image_pipe_open(f->path, DIGEST, &first, &err), 0);
	assert_int_equal(image_pipe_open(f->path, DIGEST, &second, &err), 0);
	assert_non_null(first);
	assert_null(second);
	image_pipe_free(first);
	image_pipe_free(first);
}

static void make_part(const struct folder *f, const char *name, time_t when)
{
	struct keg_err err;
	char bytes[8192] = { 1 };
	autofree char *path = keg_path_join(f->path, name);
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

	assert_int_equal(keg_file_write(AT_FDCWD, path, bytes, sizeof bytes, 0600, 0, &err), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const struct folder *f, const char *name)
{
	autofree char *path = keg_path_join(f->path, name);

	return keg_exists(AT_FDCWD, path);
}

static void old_parts_go_and_the_newest_stay(void **state)
{
	struct folder *f = *state;
	struct keg_err err;
	time_t now = time(NULL);

	make_part(f, "new.part", now);
	make_part(f, "older.part", now - 100);
	make_part(f, "oldest.part", now - 200);
	make_part(f, "ancient.part", now - 30 * 24 * 3600);
	make_part(f, "other", now - 30 * 24 * 3600);
	assert_int_equal(image_pipe_prune(f->path, 2 * 8192, &err), 0);
	assert_true(is_there(f, "new.part") && is_there(f, "older.part") && is_there(f, "other"));
	assert_false(is_there(f, "oldest.part") || is_there(f, "ancient.part"));
}

static void a_part_in_use_stays(void **state)
{
	struct folder *f = *state;
	struct image_pipe *pipe;
	struct keg_err err;

	assert_int_equal(image_pipe_open(f->path, DIGEST, &pipe, &err), 0);
	assert_int_equal(image_pipe_write(pipe, "x", 1, &err), 0);
	assert_int_equal(image_pipe_prune(f->path, 0, &err), 0);
	assert_true(keg_exists(AT_FDCWD, f->part));
	image_pipe_free(pipe);
	image_pipe_free(pipe);
}

static void no_folder_is_nothing_to_prune(void **state)
{
	struct keg_err err;

	(void)state;
	assert_int_equal(image_pipe_prune("/nowhere/at/all", 0, &err), 0);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_smaller_than_the_blob_loses_nothing),
		IN_FOLDER(a_file_gives_the_same_bytes),
		cmocka_unit_test(a_reader_that_goes_stops_the_writer),
		cmocka_unit_test(a_failure_takes_the_place_of_the_end),
		IN_FOLDER(what_was_left_is_fed_to_the_hash_and_then_read),
		IN_FOLDER(a_blob_is_fetched_into_one_file_by_one_at_a_time),
		IN_FOLDER(old_parts_go_and_the_newest_stay),
		IN_FOLDER(a_part_in_use_stays),
		cmocka_unit_test(no_folder_is_nothing_to_prune),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
