/* SPDX-License-Identifier: Apache-2.0 */
/*
 * runtime.h - the OCI operations on a container: create, start, run, exec, kill, delete.
 *
 * The layer turns a bundle (config.json and a root file system) into a process in its own
 * namespaces. It is a library: kegrun is a thin command line over it, kegmon and keg call it
 * in process. Files: create.c, start.c, exec.c, kill.c, delete.c, list.c, live_mounts.c hold one
 * operation each; features.c says what can be asked for; state.c the folder that a container is;
 * init.c what its first process does between clone and exec, in the order that is explained there,
 * with rootfs.c, mounts.c, devices.c, masks.c, cgroupfs.c, credentials.c, terminal.c for its parts;
 * join.c namespaces; sync.c how parent and child talk; hooks.c, limits.c (config to cgroups),
 * filter.c (config to seccomp), intel_rdt.c, self.c; ready.c is sd_notify(3); remote.c carries out
 * what a program with threads asks.
 *
 * A caller has one thread: children are cloned without exec and allocate memory. Nothing
 * here prints. Operations on different containers never wait for each other.
 */
#ifndef KEG_RUNTIME_RUNTIME_H
#define KEG_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/strv.h"
#include "os/cgroup_manager.h"
#include "spec/runtime_config.h"

/* A context is only read: it may be shared, and made anew for each call. */
struct runtime_context {
	const char *root;	   /* the folder of the containers' folders; made when missing */
	const char *seccomp_cache; /* the folder of compiled filters; NULL: none */
	bool rootless;		   /* do without cgroups that may not be made */
	bool no_cgroups;	   /* make and join none at all */
	/*
	 * Who looks after groups that systemd made; NULL: this program cannot talk to it, and such
	 * a group is used by its files alone. With `systemd` the groups of new containers are made
	 * by it, and linux.cgroupsPath is "slice:prefix:name".
	 */
	const struct cgroup_manager *manager;
	bool systemd;
	/*
	 * Where runc and crun differ, what is done is runc's way; with this it is crun's, in all
	 * the life of a container that was made so. kegrun(1) lists what that is.
	 */
	bool as_crun;
	/*
	 * The socket of a service manager, who hears from create's and run's containers when they
	 * are ready (sd_notify(3)); start and run wait for that. NULL: none.
	 */
	const char *notify_socket;
	/* What is odd but no error, and what is being done, a line at a time; each may be NULL. */
	void (*warn)(void *sink, const char *text);
	void (*debug)(void *sink, const char *text);
	/*
	 * Not NULL: what create and exec make are children of our parent, who can wait for them
	 * when we are gone. Called with the id of each that he is to wait for and that is not the
	 * result.
	 */
	void (*orphan)(void *sink, pid_t pid);
	void *sink;
};

/*
 * The default folder: /run/kegrun, or $XDG_RUNTIME_DIR/kegrun for an ordinary user (also for
 * one who became root in a user namespace). The caller frees.
 */
char *runtime_default_root(void);
/* The default cache of compiled filters beside it; the caller frees. */
char *runtime_default_cache(void);

/* How a process gets its standard streams and terminal. */
struct runtime_io {
	/*
	 * With process.terminal: the terminal's controlling side is sent through this connected
	 * Unix stream socket (as runc does: one message, one descriptor); or the path of such a
	 * socket to connect to. Without a terminal both must be absent.
	 */
	const char *console_socket;
	int console_fd;		  /* -1: none */
	unsigned preserve_fds;	  /* so many descriptors from 3 on reach the process */
	const char *pidfd_socket; /* NULL, or a listener who gets the process' pidfd */
};

struct runtime_create_request {
	const char *bundle;		 /* a folder, absolute or not; NULL: "." */
	const struct oci_config *config; /* NULL: read from `config_path` */
	const char *config_path;	 /* NULL: config.json of the bundle */
	int rootfs;			 /* a detached mount (fsmount, open_tree) that becomes
					    the root, or -1: the config's root.path. Not closed. */
	struct runtime_io io;
	const char *pid_file; /* NULL: none */
	bool no_pivot;
	bool no_new_keyring;
	bool keep;   /* runtime_run(): do not delete when it ended */
	bool detach; /* runtime_run(): return when it was started */
};

/*
 * Make a container: afterwards it is "created" and waits for runtime_start(). Its streams are
 * the caller's. *pid (may be NULL) is its first process, a child of the caller. On failure
 * nothing is left. An id that exists is KEG_EEXISTS; a command that does not exist
 * KEG_ENOCOMMAND, one that cannot be run KEG_EBADCOMMAND.
 */
int runtime_create(const struct runtime_context *ctx, const char *id,
		   const struct runtime_create_request *req, pid_t *pid,
		   struct keg_err *err) KEG_MUST_CHECK;

/*
 * Let a created container run its command. Errors of the exec itself are returned; with a
 * notify_socket also that it runs, is ready, and the manager cannot be told.
 */
int runtime_start(const struct runtime_context *ctx, const char *id,
		  struct keg_err *err) KEG_MUST_CHECK;

/*
 * Create and start. In the foreground signals are forwarded, a terminal without console
 * socket is the caller's own, and the result is the exit status (128 + signal); the
 * container is deleted unless `keep`. With `detach` the result is 0.
 */
int runtime_run(const struct runtime_context *ctx, const char *id,
		const struct runtime_create_request *req, struct keg_err *err) KEG_MUST_CHECK;

struct runtime_exec_request {
	/*
	 * The process; members that are NULL or 0 come from the container's own: env, cwd,
	 * capabilities, rlimits, labels. `user` NULL: the container's. args must be given.
	 */
	const struct oci_process *process;
	/*
	 * NULL, or called with the process that came of it, to change what depends on the
	 * container's own; what it points to is not to be written, the arena lives long enough.
	 */
	int (*amend)(const void *amend_data, struct oci_process *process, struct keg_arena *arena,
		     struct keg_err *err);
	const void *amend_data;
	struct runtime_io io;
	const char *pid_file;
	bool detach;
	bool no_new_privileges; /* beside process->no_new_privileges */
	const char *const
		*cgroups; /* groups below the container's, as cgroup_go_below() has them */
	size_t n_cgroups;
	bool ignore_paused;
	/* Called once with the process' id, before it is waited for; may be NULL. */
	void (*started)(void *data, pid_t pid);
	void *data;
};

/*
 * Run a process in a running container. In the foreground as runtime_run(): the result is
 * the exit status. With `detach` the process is a child of the caller and the result is 0.
 */
int runtime_exec(const struct runtime_context *ctx, const char *id,
		 const struct runtime_exec_request *req, struct keg_err *err) KEG_MUST_CHECK;

enum runtime_status {
	RUNTIME_CREATING,
	RUNTIME_CREATED,
	RUNTIME_RUNNING,
	RUNTIME_PAUSED,
	RUNTIME_STOPPED
};
const char *runtime_status_name(enum runtime_status status);

struct runtime_state {
	const char *oci_version, *id, *bundle, *rootfs, *created, *owner;
	enum runtime_status status;
	pid_t pid; /* 0 when stopped */
	struct keg_pair *annotations;
	size_t n_annotations;
};

/* KEG_ENOTFOUND when there is no such container. All of *out lives in the arena. */
int runtime_state(const struct runtime_context *ctx, const char *id, struct runtime_state *out,
		  struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* The configuration that it was created with. */
int runtime_config(const struct runtime_context *ctx, const char *id, struct oci_config *out,
		   struct keg_arena *arena, struct keg_err *err) KEG_MUST_CHECK;

/* Send a signal to the first process, or (`all`) to each process of its cgroup. */
int runtime_kill(const struct runtime_context *ctx, const char *id, int sig, bool all,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * Delete a stopped container; with `force` one in any state, killed first, and one that does
 * not exist is fine. Poststop hooks run.
 */
int runtime_delete(const struct runtime_context *ctx, const char *id, bool force,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Stop and continue all of its processes. */
int runtime_pause(const struct runtime_context *ctx, const char *id,
		  struct keg_err *err) KEG_MUST_CHECK;
int runtime_resume(const struct runtime_context *ctx, const char *id,
		   struct keg_err *err) KEG_MUST_CHECK;

/* Change its limits; what `want` does not say stays. */
int runtime_update(const struct runtime_context *ctx, const char *id,
		   const struct oci_resources *want, struct keg_err *err) KEG_MUST_CHECK;

/* Divide caches (linux.intelRdt.l3CacheSchema) and memory bandwidth anew; NULL: as it is. */
int runtime_update_rdt(const struct runtime_context *ctx, const char *id, const char *l3,
		       const char *mb, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Make mounts, a JSON list as the configuration has them, in a container that runs, all or none;
 * and detach what is mounted at the destinations of such a list.
 */
int runtime_mounts_add(const struct runtime_context *ctx, const char *id, struct json_object *list,
		       struct keg_err *err) KEG_MUST_CHECK;
int runtime_mounts_remove(const struct runtime_context *ctx, const char *id,
			  struct json_object *list, struct keg_err *err) KEG_MUST_CHECK;

/* The processes in its cgroup; the caller frees *pids. */
int runtime_pids(const struct runtime_context *ctx, const char *id, pid_t **pids, size_t *n,
		 struct keg_err *err) KEG_MUST_CHECK;

/* The control group of one that runs; the caller frees. */
int runtime_group(const struct runtime_context *ctx, const char *id, struct cgroup **out,
		  struct keg_err *err) KEG_MUST_CHECK;

/* What the kernel counted for it. */
int runtime_stat(const struct runtime_context *ctx, const char *id, struct cgroup_stat *out,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * The same in full, as the `data` of runc's events: what there is of CPU, memory, block I/O, huge
 * pages, processes, in both versions of control groups. The caller puts it.
 */
int runtime_stats(const struct runtime_context *ctx, const char *id, struct json_object **out,
		  struct keg_err *err) KEG_MUST_CHECK;

/* The ids of all containers, sorted; one may be gone when it is looked at. */
int runtime_list(const struct runtime_context *ctx, struct keg_strv *ids,
		 struct keg_err *err) KEG_MUST_CHECK;

/*
 * What this build can do, as the specification's features document; the caller puts it. It is
 * made from the tables that read a configuration.
 */
struct json_object *runtime_features(void);

/* The configuration of `spec`: a shell, rootless with the caller mapped to root. */
void runtime_config_default(struct oci_config *out, bool rootless, struct keg_arena *arena);

/*
 * To be called first in main() by a program that creates or enters containers: when a process in
 * the container could get at our executable file and write it (CVE-2019-5736), go on from a way to
 * it, or a copy, that cannot be written. Returns when that is done, or not needed.
 */
int runtime_protect_self(char **argv, struct keg_err *err) KEG_MUST_CHECK;

/*
 * Open such a program so that it is protected when it is executed by this descriptor, which spares
 * it executing itself again. -1 where that cannot be had: then it protects itself.
 */
int runtime_open_protected(const char *program);

#endif
