/* SPDX-License-Identifier: Apache-2.0 */
#include "os/loader.h"

#include <link.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

struct giving {
	uintptr_t page;
	bool code; /* also that of libraries */
};

/* What was written the file does not have. The symbols are in the head of a library. */
static bool is_over(const struct giving *giving, const struct dl_phdr_info *object,
		    const ElfW(Phdr) * part)
{
	if (part->p_type != PT_LOAD || part->p_flags & PF_W)
		return false;
	return giving->code || object->dlpi_addr == getauxval(AT_BASE) ||
	       (part->p_offset == 0 && !(part->p_flags & PF_X));
}

static int give_back(struct dl_phdr_info *object, size_t size, void *data)
{
	const struct giving *giving = data;
	const uintptr_t mask = giving->page - 1;

	(void)size;
	/* The first has no name: the program itself, which is about to run. */
	for (int i = 0; *object->dlpi_name && i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &object->dlpi_phdr[i];
		const uintptr_t from = (object->dlpi_addr + part->p_vaddr) & ~mask;
		const uintptr_t to = object->dlpi_addr + part->p_vaddr + part->p_filesz;

		if (is_over(giving, object, part))
			(void)madvise((void *)from, to - from,
				      MADV_DONTNEED); /* NOLINT(performance-no-int-to-ptr) */
	}
	return 0;
}

void loader_give_back(bool code)
{
	struct giving giving = { .page = (uintptr_t)sysconf(_SC_PAGESIZE), .code = code };

	/* A static program has no loader, and nothing but what it is about to run. */
	if (getauxval(AT_BASE) == 0)
		return;
	(void)dl_iterate_phdr(give_back, &giving);
}
