/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h - where the store is and how it is used: storage.conf (containers-storage.conf(5)).
 *
 * Read as the peers read it: $CONTAINERS_STORAGE_CONF alone if set; else for root
 * /etc/containers/storage.conf, or /usr/share/containers/storage.conf where that is missing. An
 * ordinary user takes from those rootless_storage_path, the driver and ignore_chown_errors,
 * and all the rest from $XDG_CONFIG_HOME/containers/storage.conf. $STORAGE_DRIVER and
 * $STORAGE_OPTS come next, the command line last.
 */
#ifndef KEG_STORE_CONFIG_H
#define KEG_STORE_CONFIG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

struct store_config {
	char *graphroot;  /* absolute */
	char *runroot;	  /* absolute */
	char *imagestore; /* absolute: images and their layers are kept there; NULL: graphroot */
	char *driver;	  /* "overlay" or "vfs", see driver.h */
	char *file;	  /* the configuration file that was read, or NULL */
	bool rootless;
	struct keg_strv driver_priority;
	struct keg_strv image_stores;	/* additional, read-only */
	struct keg_strv driver_options; /* "overlay.mountopt=nodev", as `info` shows them */
	char *mountopt;			/* for native overlay: "nodev,metacopy=on", or NULL */
	char *mount_program;		/* fuse-overlayfs's path, or NULL */
	bool ignore_chown_errors;
	bool disable_volatile; /* never mount with overlay's "volatile" */
	bool sync;	       /* layers are on the disk before they are recorded */
	bool partial_images;   /* of zstd:chunked layers only what is missing is fetched */
};

struct store_config_request {
	bool rootless; /* an ordinary user, in a user namespace or not */
	unsigned uid;  /* the user's own id outside of any namespace */
	/* From the command line, NULL or 0: not given. As podman's --root, --runroot,
	 * --storage-driver, --storage-opt and --imagestore. */
	const char *graphroot, *runroot, *driver;
	const char *imagestore; /* "": none, whatever the file says */
	const char *const *options;
	size_t n_options;
};

/*
 * Fill *out (zeroed). Missing files are fine; a malformed one is KEG_ECORRUPT naming it and the
 * line, an option that we do not have KEG_EUNSUPPORTED. As with the peers, a graphroot given
 * here drops the driver options of the file, and options given here replace all others, the
 * one empty option "" being none at all.
 */
int store_config_load(const struct store_config_request *want, struct store_config *out,
		      struct keg_err *err) KEG_MUST_CHECK;
void store_config_copy(struct store_config *out, const struct store_config *from);
void store_config_done(struct store_config *config);
KEG_AUTO(store_config, store_config_done)

#endif
