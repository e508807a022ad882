/* SPDX-License-Identifier: Apache-2.0 */
/* devices.h - /dev of a container: device nodes, links, and what every program expects there. */
#ifndef KEG_RUNTIME_DEVICES_H
#define KEG_RUNTIME_DEVICES_H

#include "runtime/launch.h"

/*
 * The nodes of the config's devices for a user namespace that may not make any, each as a
 * detached mount (-1: the host's is to be bound). Made in `folder`, where
 * they must stay until they are attached: then devices_forget() removes and closes them.
 */
int devices_prepare(const struct oci_linux *os, int folder, int *nodes,
		    struct keg_err *err) KEG_MUST_CHECK;
void devices_forget(const struct oci_linux *os, int folder, const int *nodes);

/*
 * The default devices and the config's, the links, and /dev/ptmx. Nodes are made; where that is
 * not allowed (in a user namespace) the host's are bound. A /dev that the config binds from the
 * host is left alone.
 */
int devices_make(const struct launch *launch, int root, struct keg_err *err) KEG_MUST_CHECK;

#endif
