/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - where the store is and how it is used: storage.conf (containers-storage.conf(5)).
 *
 * Read as the peers read it: $CONTAINERS_STORAGE_CONF alone if set; else for root
 * /etc/containers/storage.conf, or /usr/share/containers/storage.conf where that is missing; else
 * for an ordinary user the same file for defaults that make sense for him, then
 * $XDG_CONFIG_HOME/containers/storage.conf. $STORAGE_DRIVER and $STORAGE_OPTS come next, the
 * command line (store_config_set()) last.
 */
#ifndef KEG_STORE_CONFIG_H
#define KEG_STORE_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

struct store_config {
	char *graphroot; /* absolute */
	char *runroot;	 /* absolute */
	char *driver;	 /* "overlay" unless someone said otherwise */
	char *file;	 /* the configuration file that was read, or NULL */
	bool rootless;
	struct keg_strv image_stores;	/* additional, read-only */
	struct keg_strv driver_options; /* "overlay.mountopt=nodev", as `info` shows them */
	char *mountopt;			/* for native overlay: "nodev,metacopy=on", or NULL */
	char *mount_program;		/* fuse-overlayfs's path, or NULL */
	bool ignore_chown_errors;
};

struct store_config_request {
	bool rootless; /* an ordinary user, in a user namespace or not */
	unsigned uid;  /* the user's own id outside of any namespace */
	/* From the command line, NULL or 0: not given. As podman's --root, --runroot,
	 * --storage-driver, --storage-opt and --imagestore. */
	const char *graphroot, *runroot, *driver;
	const char *const *options;
	size_t n_options;
};

/*
 * Fill *out (zeroed). Missing files are fine; a malformed one is KEG_ECORRUPT naming it and the
 * line. As with the peers, giving --root drops the driver options of the file when
 * --storage-opt is given as well.
 */
int store_config_load(const struct store_config_request *want, struct store_config *out,
		      struct keg_err *err) KEG_MUST_CHECK;
void store_config_done(struct store_config *config);
KEG_AUTO(store_config, store_config_done)

#endif
