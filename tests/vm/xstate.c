/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into user-mode Linux 6.1, whose buffer for the processor's extended state was laid
 * out before AMX: where the host's is larger, the host refuses to set only a part of it, and
 * the guest dies at its first instruction. Here the part is put into the whole.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WHOLE_MAX = 64 << 10 };

static long copy_state(enum __ptrace_request request, pid_t pid, struct iovec *part)
{
	static char bytes[WHOLE_MAX];
	struct iovec whole = { bytes, sizeof bytes };
	long r = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &whole);

	if (r < 0)
		return r;
	if (part->iov_len > whole.iov_len)
		part->iov_len = whole.iov_len;
	if (request == PTRACE_GETREGSET) {
		memcpy(part->iov_base, bytes, part->iov_len);
		return 0;
	}
	memcpy(bytes, part->iov_base, part->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &whole);
}

/* As glibc's, but for the extended state. */
__attribute__((visibility("default"))) long ptrace(enum __ptrace_request request, ...)
{
	va_list ap;
	long word = 0;

	va_start(ap, request);
	pid_t pid = va_arg(ap, pid_t);
	void *addr = va_arg(ap, void *), *data = va_arg(ap, void *);
	va_end(ap);

	if ((request == PTRACE_GETREGSET || request == PTRACE_SETREGSET) &&
	    addr == (void *)NT_X86_XSTATE)
		return copy_state(request, pid, data);

	int peeks = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA ||
		    request == PTRACE_PEEKUSER;
	long r = syscall(SYS_ptrace, request, pid, addr, peeks ? &word : data);
	if (!peeks || r < 0)
		return r;
	errno = 0;
	return word;
}
