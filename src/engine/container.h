/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h - one container on disk: its folders, its record, its state and its lock.
 *
 * A container exists when container.json does: in its folder below <graphroot>/keg/containers,
 * or, of one that is removed at its end, in its run folder. What lies there without that file is
 * being made (its folder is locked then), being removed, or left by a crash.
 */
#ifndef KEG_ENGINE_CONTAINER_H
#define KEG_ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/json.h"
#include "base/num.h"
#include "engine/engine.h"

#define CONTAINER_FILE_RECORD "container.json"
#define CONTAINER_FILE_DETAIL "detail.json" /* what only `inspect` shows */
#define CONTAINER_FILE_CONFIG "config.json"
#define CONTAINER_FILE_STATE "state.json"
#define CONTAINER_FILE_LOG "ctr.log"
#define CONTAINER_FILE_PID "pidfile"
#define CONTAINER_FILE_MONITOR_PID "conmon.pid"
#define CONTAINER_DIR_MERGED "merged"
#define CONTAINER_DIR_UPPER "diff"
#define CONTAINER_DIR_WORK "work"

/* What never changes; container.json. */
struct container_record {
	const char *id, *name;
	const char *image, *image_id; /* as the user named it; its full id */
	const char **command;	      /* entrypoint and command */
	size_t n_command;
	int64_t created; /* nanoseconds since the epoch */
	struct keg_pair *labels;
	size_t n_labels;
	const char **mounts; /* destinations */
	size_t n_mounts;
	const char **volumes; /* named ones that it uses */
	size_t n_volumes;
	const char **anonymous; /* those of them that go with it */
	size_t n_anonymous;
	const char *runtime;			 /* the path of a foreign runtime, or NULL */
	const char *network;			 /* mode, as inspect says it */
	const char *pid_file, *monitor_pid_file; /* where the user wants them too, or NULL */
	const char *log_driver;
	const char *log_path;
	int64_t log_size_max;
	int stop_signal;
	int64_t stop_timeout, timeout; /* seconds */
	bool remove;		       /* --rm */
	bool transient; /* and started by the command that made it: else it is a leftover */
	bool tty, interactive, privileged, init, no_cgroups;
};

enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_STOPPING,
	CONTAINER_PAUSED,
	CONTAINER_EXITED,
};

/* What changes; state.json in the run folder while it runs, beside container.json after. */
struct container_state {
	enum container_status status;
	int pid, monitor;	     /* 0: none */
	uint64_t born, monitor_born; /* process.h */
	int64_t started, finished;   /* nanoseconds since the epoch, 0: never */
	int exit_code;
	int64_t restarts;
	bool oom_killed;
	const char *error; /* why it could not start, or NULL */
};

struct container {
	struct engine *engine;
	struct keg_arena arena;
	struct container_record record;
	struct container_state state;
	char id[KEG_ID_LEN + 1];
	const char *path;     /* of its folder */
	const char *run_path; /* of its run folder */
	int dir;	      /* its folder; locked or not */
	int run;	      /* its run folder, or -1 where there is none now */
	int rootfs;	      /* its mounted root, detached, or -1 */
	bool locked;
	bool fresh; /* just made, and joins no namespace of another container */
};

/* What a container_close() at the end of a scope may find. */
#define CONTAINER_INIT                              \
	{                                           \
		.dir = -1, .run = -1, .rootfs = -1, \
	}

/* The word that ps and inspect use: "created", "running", ... */
const char *container_status_name(enum container_status status);

/*
 * Find it by name, id or the beginning of an id, and read it, its state included. KEG_ENOTFOUND
 * with the peers' words. On failure *out needs no container_close().
 */
int container_open(struct engine *engine, const char *name_or_id, struct container *out,
		   struct keg_err *err) KEG_MUST_CHECK;
/* The same for a full id that is known to be one. */
int container_open_id(struct engine *engine, const char *id, struct container *out,
		      struct keg_err *err) KEG_MUST_CHECK;
/* For what is left of one without a record: its places and what can be opened of them. */
void container_adopt(struct engine *engine, const char *id, struct container *out);
void container_close(struct container *c);
KEG_AUTO(container, container_close)

/*
 * Wait for the lock and read the state again, as it may have changed meanwhile. KEG_ENOTFOUND
 * when the container was removed meanwhile.
 */
int container_lock(struct container *c, struct keg_err *err) KEG_MUST_CHECK;
void container_unlock(struct container *c);

/*
 * New and empty, locked: its folders and its name, which is chosen when NULL. A name that is
 * taken is KEG_EEXISTS. It does not exist yet: container_save() does that.
 */
int container_make(struct engine *engine, const char *name, struct container *out,
		   struct keg_err *err) KEG_MUST_CHECK;
/* Write the record: from now on it exists. The detail (may be NULL) and config are written before.
 */
int container_save(struct container *c, struct json_object *detail, const char *config,
		   size_t config_len, struct keg_err *err) KEG_MUST_CHECK;

/* Make its run folder when there is none, and open it. */
int container_open_run(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/* Read the state from disk and from what the monitor left. */
int container_read_state(struct container *c, struct keg_err *err) KEG_MUST_CHECK;
/* Replace the state; `final` ones outlive the boot. */
int container_write_state(struct container *c, bool final, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Remove the folders, the name and the record of a container that is locked and does not run.
 * What was removed already is fine, so an interrupted removal can be repeated.
 */
int container_discard(struct container *c, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Call `each` for all containers, read but not locked; one that disappears meanwhile is passed
 * over. A negative answer ends it. The container is closed after the call.
 */
int container_each(struct engine *engine,
		   int (*each)(void *ctx, struct container *c, struct keg_err *err), void *ctx,
		   struct keg_err *err) KEG_MUST_CHECK;

#endif
