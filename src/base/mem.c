/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/format.h"

enum { ARENA_BLOCK = 4000 };

struct keg_arena_block {
	struct keg_arena_block *before;
	size_t used, room;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct keg_arena_hook {
	struct keg_arena_hook *next;
	void (*release)(void *what);
	void *what;
};

void keg_out_of_memory(void)
{
	static const char text[] = "Error: out of memory\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(125);
}

void keg_bug_at(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: bug: %s\n", file, line, what);
	abort();
}

void *keg_alloc(size_t n, size_t size)
{
	void *at = calloc(n ? n : 1, size ? size : 1);

	if (!at)
		keg_out_of_memory();
	return at;
}

void *keg_realloc(void *at, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		keg_out_of_memory();
	at = realloc(at, bytes ? bytes : 1);
	if (!at)
		keg_out_of_memory();
	return at;
}

void *keg_grow(void *at, size_t n, size_t *room, size_t size)
{
	enum { FIRST = 16 };

	if (n < *room)
		return at;
	*room = *room ? 2 * *room : FIRST;
	return keg_realloc(at, *room, size);
}

void *keg_memdup(const void *at, size_t len)
{
	void *copy = keg_alloc(len, 1);

	if (len)
		memcpy(copy, at, len);
	return copy;
}

char *keg_strndup(const char *text, size_t len)
{
	if (!text)
		return NULL;
	len = strnlen(text, len);

	char *copy = keg_alloc(len + 1, 1);
	memcpy(copy, text, len);
	return copy;
}

char *keg_strdup(const char *text)
{
	return text ? keg_memdup(text, strlen(text) + 1) : NULL;
}

char *keg_vprintf(const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	const int len = keg_vformat(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		keg_bug("a format that cannot be printed");

	char *text = keg_alloc((size_t)len + 1, 1);
	keg_vformat(text, (size_t)len + 1, fmt, ap);
	return text;
}

char *keg_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	return text;
}

static struct keg_arena_block *block_new(struct keg_arena *arena, size_t room)
{
	struct keg_arena_block *block = keg_alloc(1, sizeof *block + room);

	block->room = room;
	block->before = arena->last;
	arena->last = block;
	return block;
}

void *keg_arena_alloc(struct keg_arena *arena, size_t n, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX / 2)
		keg_out_of_memory();
	bytes = (bytes + align - 1) & ~(align - 1);

	struct keg_arena_block *block = arena->last;
	if (!block || block->room - block->used < bytes)
		block = block_new(arena, bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK);

	void *at = block->bytes + block->used;
	block->used += bytes;
	return at;
}

char *keg_arena_strndup(struct keg_arena *arena, const char *text, size_t len)
{
	if (!text)
		return NULL;
	len = strnlen(text, len);

	char *copy = keg_arena_alloc(arena, len + 1, 1);
	memcpy(copy, text, len);
	return copy;
}

char *keg_arena_strdup(struct keg_arena *arena, const char *text)
{
	return text ? keg_arena_strndup(arena, text, strlen(text)) : NULL;
}

char *keg_arena_printf(struct keg_arena *arena, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	autofree char *text = keg_vprintf(fmt, ap);
	va_end(ap);
	return keg_arena_strdup(arena, text);
}

void keg_arena_defer(struct keg_arena *arena, void (*release)(void *what), void *what)
{
	struct keg_arena_hook *hook = keg_arena_alloc(arena, 1, sizeof *hook);

	*hook = (struct keg_arena_hook){ arena->hooks, release, what };
	arena->hooks = hook;
}

void keg_arena_done(struct keg_arena *arena)
{
	for (struct keg_arena_hook *hook = arena->hooks; hook; hook = hook->next)
		hook->release(hook->what);
	for (struct keg_arena_block *block = arena->last; block;) {
		struct keg_arena_block *before = block->before;

		free(block);
		block = before;
	}
	*arena = (struct keg_arena){ 0 };
}
