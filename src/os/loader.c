/* SPDX-License-Identifier: Apache-2.0 */
#include "os/loader.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static int give_back(struct dl_phdr_info *object, size_t size, void *page)
{
	const uintptr_t mask = *(const uintptr_t *)page - 1;

	(void)size;
	/* The first has no name: the program itself, which is about to run. */
	for (int i = 0; *object->dlpi_name && i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		const uintptr_t from = (object->dlpi_addr + part->p_vaddr) & ~mask;
		const uintptr_t to = object->dlpi_addr + part->p_vaddr + part->p_filesz;

		/* Where nothing was ever written, the file has it all. */
		if (part->p_type == PT_LOAD && !(part->p_flags & PF_W))
			(void)madvise((void *)from, to - from,
				      MADV_DONTNEED); /* NOLINT(performance-no-int-to-ptr) */
	}
	return 0;
}

void loader_give_back(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)dl_iterate_phdr(give_back, &page);
}
