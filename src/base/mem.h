/* SPDX-License-Identifier: Apache-2.0 */
/* mem.h - allocation that ends the program when memory runs out, and arenas. */
#ifndef KEG_BASE_MEM_H
#define KEG_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#include "base/auto.h"

/* Zeroed memory for `n` items of `size` bytes; never NULL. The product is checked. */
void *keg_alloc(size_t n, size_t size);

/* As realloc() for `n` items; what is new is not zeroed; never NULL. */
void *keg_realloc(void *at, size_t n, size_t size);

/*
 * A list of `n` items with *room for so many, as it is or moved so that one more fits: in steps
 * that double. What is new is not zeroed; never NULL.
 */
void *keg_grow(void *at, size_t n, size_t *room, size_t size);

/* Copies the caller frees; NULL gives NULL. */
char *keg_strdup(const char *text);
char *keg_strndup(const char *text, size_t len);
void *keg_memdup(const void *at, size_t len);

/* A formatted string that the caller frees. */
char *keg_printf(const char *fmt, ...) KEG_PRINTF(1, 2);
char *keg_vprintf(const char *fmt, va_list ap) KEG_PRINTF(1, 0);

/* End the program: out of memory (one place), and a defect of our own (file, line, abort). */
KEG_NORETURN void keg_out_of_memory(void);
KEG_NORETURN void keg_bug_at(const char *file, int line, const char *what);
#define keg_bug(what) keg_bug_at(__FILE__, __LINE__, (what))

/*
 * An arena owns all that is allocated from it and frees it as one. Start from {0}.
 * For data with one lifetime: a parsed document, a request, a walk over a manifest.
 */
struct keg_arena {
	struct keg_arena_block *last;
	struct keg_arena_hook *hooks;
};

void *keg_arena_alloc(struct keg_arena *arena, size_t n, size_t size); /* zeroed */
char *keg_arena_strdup(struct keg_arena *arena, const char *text);     /* NULL gives NULL */
char *keg_arena_strndup(struct keg_arena *arena, const char *text, size_t len);
char *keg_arena_printf(struct keg_arena *arena, const char *fmt, ...) KEG_PRINTF(2, 3);

/* Run `release(what)` when the arena is freed: for the rare member that is not plain memory. */
void keg_arena_defer(struct keg_arena *arena, void (*release)(void *what), void *what);

void keg_arena_done(struct keg_arena *arena);
KEG_AUTO(keg_arena, keg_arena_done)

#endif
