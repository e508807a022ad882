/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/space.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The linker's name for the start of our own file in memory. */
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the linker chose it
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* How much stack below the current frame may have been used by the start. */
enum { STACK_DEPTH = 256 * 1024 };

int space_map(struct monitor_space **out, struct keg_err *err)
{
	void *at = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			0);

	if (at == MAP_FAILED)
		return keg_fail_sys(err, errno, "map %zu bytes", sizeof **out);
	*out = at;
	return 0;
}

static uintptr_t page_of(const void *at)
{
	return (uintptr_t)at & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

/*
 * A page of code that is needed brings its neighbours along, 64 KiB of them, but none that
 * the process was advised otherwise about: the kernel splits the mapping there.
 */
static void isolate(const void *code)
{
	madvise((void *)page_of(code), (size_t)sysconf(_SC_PAGESIZE), MADV_RANDOM);
}

static void add_range(struct space_plan *plan, uintptr_t from, uintptr_t to)
{
	plan->drop[plan->n].iov_base = (void *)from;
	plan->drop[plan->n++].iov_len = to - from;
}

/*
 * Code and constants come back from the page cache on the next fault. Writable segments
 * stay: dropping a private page that was written would lose what was written.
 */
static void plan_text(struct space_plan *plan)
{
	/* They stand behind the header that is declared: by number, as sanitizers know its size. */
	const ElfW(Phdr) *phdr =
		(const ElfW(Phdr) *)((uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
	uintptr_t bias = 0;

	for (size_t i = __ehdr_start.e_phnum; i-- > 0;) {
		if (phdr[i].p_type == PT_LOAD)
			bias = (uintptr_t)&__ehdr_start - phdr[i].p_vaddr;
	}
	for (size_t i = 0; i < __ehdr_start.e_phnum && plan->n < KEG_COUNT(plan->drop); i++) {
		uintptr_t at = bias + phdr[i].p_vaddr;

		if (phdr[i].p_type == PT_LOAD && !(phdr[i].p_flags & PF_W))
			add_range(plan, page_of((const void *)at), at + phdr[i].p_memsz);
	}
}

void space_plan(struct space_plan *plan, struct monitor_space *space)
{
	uintptr_t stack = page_of(__builtin_frame_address(0)) - (uintptr_t)sysconf(_SC_PAGESIZE);

	*plan = (struct space_plan){ 0 };
	add_range(plan, (uintptr_t)space, (uintptr_t)space + sizeof *space);
	add_range(plan, stack - STACK_DEPTH, stack); /* holes in a range do no harm */
	plan_text(plan);
	isolate((const void *)(uintptr_t)space_sleep);
	isolate((const void *)(uintptr_t)syscall);
}

/*
 * Nothing but this function and syscall() may run between the dropping and the sleep, or
 * the pages of what runs are back. Aligned so as to be in one page.
 */
__attribute__((noinline, aligned(1024))) int space_sleep(const struct space_plan *plan, int epfd,
							 struct epoll_event *event)
{
	for (size_t i = 0; i < plan->n; i++)
		syscall(SYS_madvise, plan->drop[i].iov_base, plan->drop[i].iov_len, MADV_DONTNEED);
	return (int)syscall(SYS_epoll_pwait, epfd, event, 1, -1, NULL, 0);
}
