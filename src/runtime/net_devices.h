/* SPDX-License-Identifier: Apache-2.0 */
/* net_devices.h - linux.netDevices: devices of the host that move into the container's network. */
#ifndef KEG_RUNTIME_NET_DEVICES_H
#define KEG_RUNTIME_NET_DEVICES_H

#include "runtime/join.h"
#include "runtime/runtime.h"

bool net_devices_any(const struct oci_linux *os);

int net_devices_check(const struct runtime_context *ctx, const struct oci_linux *os,
		      const struct join *join, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Move them into the network namespace of a process that was just cloned, or the one that it joins.
 * They are never fetched back: they stay with the namespace, as the specification wants it.
 */
int net_devices_move(const struct oci_linux *os, const struct join *join, pid_t pid,
		     struct keg_err *err) KEG_MUST_CHECK;

#endif
