/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - containers of this machine: make, start, watch, stop and remove them.
 *
 * The layer: config.h and engine.h say where things are and how they are set up, userns.h how
 * an ordinary user gets there. container.h is one container's folder and lock, list.h all of
 * them. create.h makes one: options.h what was asked, image_find.h from which image,
 * volume_spec.h and volume.h what is mounted, spec_gen.h the document for the runtime,
 * container_files.h what keg itself puts in. monitor_start.h and lifecycle.h run it, attach.h,
 * exec.h and logs.h talk with it, inspect.h describes it, check.h tidies up.
 *
 *   <graphroot>/keg/containers/<id>/   diff, work; container.json, config.json, exit, ctr.log
 *   <graphroot>/keg/names/<name>       symbolic link to the id, made exclusively
 *   <graphroot>/volumes/<name>/_data   named volumes, as Podman's
 *   <rundir>/containers/<id>/          what dies with the boot; all records of a --rm container
 *
 * The folder <graphroot>/keg/containers/<id> is the container: it is locked (flock on the
 * folder) to change the container, and there is no lock over several. Nothing here prints.
 */
#ifndef KEG_ENGINE_ENGINE_H
#define KEG_ENGINE_ENGINE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strv.h"
#include "engine/config.h"
#include "store/store.h"

/* The program's global options; NULL or an empty list: not given. */
struct engine_request {
	const char *root, *runroot, *tmpdir, *storage_driver, *imagestore;
	const struct keg_strv *storage_opts;
	const char *runtime, *conmon, *cgroup_manager, *hooks_dir;
	const struct keg_strv *runtime_flags;
};

struct engine {
	struct keg_arena arena; /* lives as long as the engine */
	struct engine_config config;
	struct store_config storage;
	struct engine_request request;
	const char *runtime; /* the path of a foreign one, or NULL: built in */
	const char *conmon;  /* the path of a foreign monitor, or NULL: kegmon */
	const char *rundir;  /* "/run/keg" and its kin */
	const char *kegdir;  /* <graphroot>/keg */
	const char *volumes;
	bool rootless;

	/* opened on first use */
	struct store *store;
	bool store_outside; /* opened before the namespace was entered: for reading only */
	int containers;	    /* <kegdir>/containers */
	int names;	    /* <kegdir>/names */
	int run;	    /* <rundir>/containers */

	/* Folders of volumes that a container here is made with, locked (shared) against removal.
	 */
	int *volume_locks;
	size_t n_volume_locks;
};

/* What a struct engine starts from, so that engine_close() is safe before engine_open(). */
#define ENGINE_INIT                                      \
	{                                                \
		.containers = -1, .names = -1, .run = -1 \
	}

/* Read the settings; no folder is made and no namespace entered yet. */
int engine_open(const struct engine_request *request, struct engine *out,
		struct keg_err *err) KEG_MUST_CHECK;

/*
 * Enter the user namespace where one is needed, before the first look at layers: the one of
 * a running monitor of ours, else a new one. Does nothing for root, and the second time.
 */
int engine_enter(struct engine *engine, struct keg_err *err) KEG_MUST_CHECK;

/* The image store, entered and opened on first use; the engine's. */
int engine_store(struct engine *engine, struct store **out, struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same for what only reads the lists and documents of images: no namespace is entered,
 * as these files are the user's own. Layers cannot be touched through it.
 */
int engine_store_read(struct engine *engine, struct store **out,
		      struct keg_err *err) KEG_MUST_CHECK;

/* The three folders, made and opened on first use. */
int engine_dirs(struct engine *engine, struct keg_err *err) KEG_MUST_CHECK;

void engine_close(struct engine *engine);
KEG_AUTO(engine, engine_close)

#endif
