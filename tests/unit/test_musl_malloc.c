/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/cmocka_keg.h"

/* Beside libc's own. */
#define malloc musl_malloc
#define calloc musl_calloc
#define realloc musl_realloc
#define free musl_free
void *musl_malloc(size_t size);
void *musl_calloc(size_t n, size_t size);
void *musl_realloc(void *block, size_t size);
void musl_free(void *block);
#include "musl/malloc.c"

static bool is_all(const char *block, char c, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (block[i] != c)
			return false;
	}
	return true;
}

static void blocks_of_all_sizes_are_aligned_and_apart(void **state)
{
	enum { N = 3000 };
	static char *blocks[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		blocks[i] = musl_malloc(i * 17);
		assert_non_null(blocks[i]);
		assert_int_equal((uintptr_t)blocks[i] % ALIGNMENT, 0);
		memset(blocks[i], (char)i, i * 17);
	}
	for (size_t i = 0; i < N; i++) {
		assert_true(is_all(blocks[i], (char)i, i * 17));
		musl_free(blocks[i]);
	}
}

static void sizes_are_rounded_to_the_next_of_their_class(void **state)
{
	size_t before = 0, last = 0, index;

	(void)state;
	for (size_t size = 0; size <= LARGE; size++) {
		const size_t rounded = round_up(size, &index);

		assert_true(rounded >= size && rounded % ALIGNMENT == 0);
		assert_true(index == before || (index == before + 1 && rounded > last));
		assert_true(index < CLASSES);
		before = index;
		last = rounded;
	}
}

static void what_was_freed_is_used_again_and_zeroed_for_calloc(void **state)
{
	char *first = musl_malloc(100);

	(void)state;
	memset(first, 'x', 100);
	musl_free(first);
	char *second = musl_calloc(10, 10);
	assert_ptr_equal(second, first);
	assert_true(is_all(second, 0, 100));
	musl_free(second);
}

static void a_block_keeps_its_bytes_as_it_grows_and_shrinks(void **state)
{
	size_t had = 1;
	char *block = musl_realloc(NULL, had);

	(void)state;
	*block = 'k';
	for (size_t size = 1; size < (size_t)4 << 20; size = size * 3 / 2 + 1) {
		block = musl_realloc(block, size);
		assert_true(is_all(block, 'k', had < size ? had : size));
		memset(block, 'k', size);
		had = size;
	}
	for (; had > 1; had /= 3) {
		block = musl_realloc(block, had);
		assert_true(is_all(block, 'k', had));
	}
	musl_free(block);
}

static void more_than_there_is_fails(void **state)
{
	volatile size_t huge = SIZE_MAX;

	(void)state;
	errno = 0;
	assert_null(musl_malloc(huge));
	assert_int_equal(errno, ENOMEM);
	assert_null(musl_malloc(huge / 2));
	assert_null(musl_calloc(huge / 2, 4));
	char *block = musl_malloc(10);
	assert_null(musl_realloc(block, huge));
	musl_free(block);
	musl_free(NULL);
}

static void ends_the_program(void (*misuse)(char *block))
{
	const pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGILL, SIG_DFL);
		misuse(musl_malloc(40));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void free_twice(char *block)
{
	musl_free(block);
	musl_free(block);
}

static void write_before(char *block)
{
	block[-1] = 'x';
	musl_free(block);
}

static void misuse_ends_the_program(void **state)
{
	(void)state;
	ends_the_program(free_twice);
	ends_the_program(write_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_of_all_sizes_are_aligned_and_apart),
		cmocka_unit_test(sizes_are_rounded_to_the_next_of_their_class),
		cmocka_unit_test(what_was_freed_is_used_again_and_zeroed_for_calloc),
		cmocka_unit_test(a_block_keeps_its_bytes_as_it_grows_and_shrinks),
		cmocka_unit_test(more_than_there_is_fails),
		cmocka_unit_test(misuse_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
