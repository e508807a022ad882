/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel lets a process name another file as its program, prctl(2) PR_SET_MM_MAP, when none of
 * its memory is a mapping of the old one. So first each part of the program is laid anew over
 * itself while it runs: what is only read comes from `file`, which has the same bytes; what was
 * written to, which is the loader's work and variables, from a copy. Each of these steps is one
 * system call, before and after which the memory holds the same.
 */
#include "os/exe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "os/path.h"

/* STAT_*: fields of proc(5)'s /proc/PID/stat. */
enum {
	PARTS_MAX = 8,
	STAT_FIRST = 3, /* that follows the name */
	STAT_START_CODE = 26,
	STAT_END_CODE = 27,
	STAT_START_STACK = 28,
	STAT_START_DATA = 45,
	STAT_FIELDS = 52,
	STAT_TEXT_MAX = 2048,
};

struct part {
	uintptr_t from, to;
	off_t at;
	int prot;
};

struct program {
	uintptr_t page;
	size_t n;
	struct part parts[PARTS_MAX];
	uintptr_t sealed_from, sealed_to; /* what is read-only since the loader wrote it */
	bool fits;
};

static int prot_of(const ElfW(Phdr) * header)
{
	return (header->p_flags & PF_R ? PROT_READ : 0) |
	       (header->p_flags & PF_W ? PROT_WRITE : 0) | (header->p_flags & PF_X ? PROT_EXEC : 0);
}

static void note_part(struct program *program, const ElfW(Phdr) * header, uintptr_t base)
{
	const uintptr_t mask = program->page - 1;
	const uintptr_t start = base + header->p_vaddr;

	if (program->n == PARTS_MAX) {
		program->fits = false;
		return;
	}
	program->parts[program->n++] = (struct part){
		.from = start & ~mask,
		.to = (start + header->p_filesz + mask) & ~mask,
		.at = (off_t)(header->p_offset & ~(ElfW(Off))mask),
		.prot = prot_of(header),
	};
}

/* The first object is the program itself. */
static int note_program(struct dl_phdr_info *object, size_t size, void *data)
{
	struct program *program = data;
	const uintptr_t mask = program->page - 1;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &object->dlpi_phdr[i];
		const uintptr_t start = object->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_LOAD && header->p_filesz > 0)
			note_part(program, header, object->dlpi_addr);
		if (header->p_type == PT_GNU_RELRO) {
			program->sealed_from = start & ~mask;
			program->sealed_to = (start + header->p_memsz) & ~mask;
		}
	}
	return 1;
}

static void *address(uintptr_t number)
{
	return (void *)number; /* NOLINT(performance-no-int-to-ptr) */
}

/* Put the memory at `copy` in the place of what is at `from`. */
static int move_over(uintptr_t copy, uintptr_t from, uintptr_t to)
{
	if (from == to)
		return 0;
	return mremap(address(copy), to - from, to - from, MREMAP_MAYMOVE | MREMAP_FIXED,
		      address(from)) == MAP_FAILED
		       ? -1
		       : 0;
}

static int lay_copy(const struct program *program, const struct part *part)
{
	const size_t size = part->to - part->from;
	const bool sealed = program->sealed_from == part->from && program->sealed_to <= part->to;
	const uintptr_t split = sealed ? program->sealed_to : part->from;
	void *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	const struct iovec to = { copy, size }, from = { address(part->from), size };

	if (copy == MAP_FAILED)
		return -1;
	/* By the kernel: what lies between variables is not ours to read to a sanitizer. */
	if (process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)size ||
	    (split > part->from && mprotect(copy, split - part->from, PROT_READ) < 0) ||
	    move_over((uintptr_t)copy, part->from, split) < 0 ||
	    move_over((uintptr_t)copy + (split - part->from), split, part->to) < 0) {
		int cause = errno;

		(void)munmap(copy, size);
		errno = cause;
		return -1;
	}
	return 0;
}

static int lay_part(const struct program *program, const struct part *part, int file)
{
	if (part->prot & PROT_WRITE)
		return lay_copy(program, part);
	return mmap(address(part->from), part->to - part->from, part->prot, MAP_PRIVATE | MAP_FIXED,
		    file, part->at) == MAP_FAILED
		       ? -1
		       : 0;
}

/* The numbers of the fields from STAT_FIRST + 1 on; false when there are not as many. */
static bool read_fields(const char *text, uint64_t fields[STAT_FIELDS])
{
	/* The name in parentheses may hold anything; the fields follow its last one. */
	const char *name_end = strrchr(text, ')');
	/* Then a space, a letter, and the numbers. */
	const char *at = name_end && strlen(name_end) > 3 ? name_end + 3 : NULL;

	for (int i = 0; i < STAT_FIELDS; i++)
		fields[i] = 0;
	for (int i = STAT_FIRST + 1; at && i < STAT_FIELDS; i++) {
		char *end;

		fields[i] = strtoull(at, &end, 10);
		at = end == at ? NULL : end;
	}
	return at != NULL;
}

/* What the kernel keeps of where things are, which it wants to be told again as it is. */
static int read_map(struct prctl_mm_map *out, struct keg_err *err)
{
	char text[STAT_TEXT_MAX];
	uint64_t fields[STAT_FIELDS];
	autofd int fd = keg_open_at(AT_FDCWD, "/proc/self/stat", O_RDONLY, 0, err);

	if (fd < 0)
		return fd;
	ssize_t got = read(fd, text, sizeof text - 1);
	if (got < 0)
		return keg_fail_sys(err, errno, "read /proc/self/stat");
	text[got] = '\0';
	if (!read_fields(text, fields))
		return keg_fail(err, KEG_ECORRUPT, "/proc/self/stat: unexpected form");

	const uint64_t *data = &fields[STAT_START_DATA];
	*out = (struct prctl_mm_map){
		.start_code = fields[STAT_START_CODE],
		.end_code = fields[STAT_END_CODE],
		.start_stack = fields[STAT_START_STACK],
		.start_data = data[0],
		.end_data = data[1],
		.start_brk = data[2],
		.brk = (uintptr_t)sbrk(0),
		.arg_start = data[3],
		.arg_end = data[4],
		.env_start = data[5],
		.env_end = data[6],
	};
	return 0;
}

/* Is it the file that this program was executed from? Else its bytes would be somebody else's. */
static bool is_same(int file)
{
	struct stat ours, given;

	return stat("/proc/self/exe", &ours) == 0 && fstat(file, &given) == 0 &&
	       ours.st_ino == given.st_ino && ours.st_dev == given.st_dev;
}

int exe_file_replace(int file, struct keg_err *err)
{
	struct program program = { .page = (uintptr_t)sysconf(_SC_PAGESIZE), .fits = true };
	struct prctl_mm_map map;
	char path[PATH_FD_MAX];
	int r = read_map(&map, err);

	if (r < 0)
		return r;
	if (!is_same(file))
		return keg_fail(err, KEG_EUSAGE, "another program's file");
	(void)dl_iterate_phdr(note_program, &program);
	if (!program.fits)
		return keg_fail(err, KEG_EUNSUPPORTED, "the program has too many parts");
	/* To be mapped it has to be open. */
	autofd int opened = keg_open_at(AT_FDCWD, path_of_fd(file, path), O_RDONLY, 0, err);
	if (opened < 0)
		return opened;
	for (size_t i = 0; i < program.n; i++) {
		if (lay_part(&program, &program.parts[i], opened) < 0)
			return keg_fail_sys(err, errno, "map the program anew");
	}
	map.exe_fd = (uint32_t)opened;
	if (prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0) < 0)
		return keg_fail_sys(err, errno, "name another file as the program's");
	return 0;
}
