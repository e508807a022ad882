/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc for kegrun where it is linked with musl, whose own gives each page back as soon as it is
 * empty and asks for it again: a tenth of the time of `kegrun run`. This one suits a program that
 * reads a document, makes a container and ends: memory comes from regions that are faulted in at
 * once, what is freed is kept for the next of its size, and only large blocks go back.
 *
 * Each block has a head with its size under a mask, which free() and realloc() check: a block freed
 * twice and a neighbour written over end the program, as with musl's. kegrun has one thread.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

enum {
	ALIGNMENT = 16,
	REGION = 128 << 10,
	STEPS = 4, /* sizes between two powers of two */
	LARGE = REGION / 4,
	CLASSES = 48,
};

struct head {
	uint64_t mark; /* size ^ secret ^ where it is; the complement while free */
	uint64_t size; /* of what follows */
};

struct free_block {
	struct free_block *next;
};

static struct free_block *freed[CLASSES];
static char *at, *end; /* of the region that is being used up */
static uint64_t secret;

static uint64_t mark_of(const struct head *head)
{
	return head->size ^ secret ^ (uint64_t)(uintptr_t)head;
}

/* The smallest of the sizes that holds `size`; *index is its place among them. */
static size_t round_up(size_t size, size_t *index)
{
	if (size <= (size_t)ALIGNMENT * STEPS) {
		const size_t n = size ? (size - 1) / ALIGNMENT : 0;

		*index = n;
		return (n + 1) * ALIGNMENT;
	}
	const unsigned bits = 63 - (unsigned)__builtin_clzll(size - 1);
	const size_t step = ((size_t)1 << bits) / STEPS;
	const size_t n = (size - 1 - ((size_t)1 << bits)) / step;

	*index = STEPS + (bits - 6) * STEPS + n;
	return ((size_t)1 << bits) + (n + 1) * step;
}

static void *map(size_t size, int flags)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags,
			    -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static bool next_region(void)
{
	if (!secret) {
		const void *random = (const void *)getauxval(AT_RANDOM); /* NOLINT */

		memcpy(&secret, random, sizeof secret);
		secret |= 1;
	}
	at = map(REGION, MAP_POPULATE);
	end = at ? at + REGION : NULL;
	return at;
}

static void *hand_out(struct head *head, size_t size)
{
	head->size = size;
	head->mark = mark_of(head);
	return head + 1;
}

static void *allocate_large(size_t size)
{
	struct head *head = NULL;

	if (secret || next_region())
		head = size > PTRDIFF_MAX ? NULL : map(size + sizeof *head, 0);
	if (!head) {
		errno = ENOMEM;
		return NULL;
	}
	return hand_out(head, size);
}

/* *zeroed: it is as the kernel gave it. */
static void *allocate(size_t size, bool *zeroed)
{
	size_t index;

	*zeroed = true;
	if (size > LARGE)
		return allocate_large(size);
	size = round_up(size, &index);
	if (freed[index]) {
		struct free_block *block = freed[index];

		*zeroed = false;
		freed[index] = block->next;
		return hand_out((struct head *)block - 1, size);
	}
	if ((size_t)(end - at) < size + sizeof(struct head) && !next_region()) {
		errno = ENOMEM;
		return NULL;
	}
	struct head *head = (struct head *)at;
	at += sizeof *head + size;
	return hand_out(head, size);
}

static struct head *head_of(void *block)
{
	struct head *head = (struct head *)block - 1;

	if (head->mark != mark_of(head))
		__builtin_trap();
	return head;
}

void *malloc(size_t size)
{
	bool zeroed;

	return allocate(size, &zeroed);
}

void *calloc(size_t n, size_t size)
{
	bool zeroed;
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	void *block = allocate(bytes, &zeroed);
	return block && !zeroed ? memset(block, 0, bytes) : block;
}

void free(void *block)
{
	size_t index;

	if (!block)
		return;
	struct head *head = head_of(block);
	const size_t size = head->size;
	if (size > LARGE) {
		const int saved = errno;

		munmap(head, size + sizeof *head);
		errno = saved;
		return;
	}
	head->mark = ~head->mark;
	(void)round_up(size, &index);
	((struct free_block *)block)->next = freed[index];
	freed[index] = block;
}

void *realloc(void *block, size_t size)
{
	if (!block)
		return malloc(size);

	const size_t had = head_of(block)->size;
	if (size <= had && (had <= LARGE || size > had / 2))
		return block;
	void *moved = malloc(size);
	if (!moved)
		return NULL;
	memcpy(moved, block, had < size ? had : size);
	free(block);
	return moved;
}
