/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_bpf.h - device rules as the eBPF program that cgroup v2 wants instead of a file. */
#ifndef KEG_OS_CGROUP_BPF_H
#define KEG_OS_CGROUP_BPF_H

#include <linux/bpf.h>

#include "os/cgroup.h"

enum { CGROUP_BPF_RULES_MAX = 400, CGROUP_BPF_INSNS_MAX = 4096 };

/*
 * The program for the rules into `out`; returns how many instructions. More than
 * CGROUP_BPF_RULES_MAX rules, or numbers that no device has, are KEG_EUSAGE.
 */
int cgroup_bpf_compile(const struct cgroup_device_rule *rules, size_t n,
		       struct bpf_insn out[CGROUP_BPF_INSNS_MAX],
		       struct keg_err *err) KEG_MUST_CHECK;

/* Load it and make it the only device program of the group whose folder is open as `fd`. */
int cgroup_bpf_attach(int fd, const struct bpf_insn *insns, size_t n,
		      struct keg_err *err) KEG_MUST_CHECK;

#endif
