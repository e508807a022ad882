/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keg/runtime.h - run OCI containers from a C or C++ program. Link with `pkg-config --libs libkeg`.
 *
 * A bundle (a folder with config.json and a root file system, as the OCI runtime specification has
 * it) becomes a container: keg_runtime_create() makes its first process, which waits;
 * keg_runtime_start() lets it run its command; keg_runtime_wait() gives its exit status;
 * keg_runtime_delete() removes what is left. keg_runtime_run() is all four. kegrun(1), crun(1) and
 * runc(1) do the same on a command line, and kegrun sees the same containers.
 *
 * Threads. There is no global state and nothing to initialize. A struct keg_runtime is never
 * changed: any number of threads may use it, and several may exist. Operations on different
 * containers do not wait for each other. What other threads do with the environment (setenv) must
 * not coincide with keg_runtime_new(); the other functions read it when they start kegrun.
 *
 * Processes. Creating, starting, executing, updating and deleting are done by the program kegrun,
 * which the library starts for a moment, because to clone a container's process is not possible in
 * a program with threads. It gets standard streams and the descriptors that the call names, and no
 * others; the calling thread's credentials, namespaces, limits, umask and current folder; and every
 * signal at its default. The other functions make no process. Nothing changes the state of your
 * process, its threads, its signals or its descriptors.
 *
 * Children. A container's first process and what keg_runtime_exec() makes are children of your
 * process, so that it can wait for them: with keg_runtime_wait(), or waitid(P_PIDFD). It gets a
 * SIGCHLD for each, and for the kegrun of each call. If it ignores SIGCHLD, or waits for any child
 * whatever (waitpid(-1)), operations work still, but exit statuses are lost to whoever was first.
 *
 * Security. A process in a container can reach the executable file of the process that made it
 * (CVE-2019-5736). That is kegrun, executed through a mount that nobody can write, or a sealed copy
 * (an ordinary user whose own file it is not needs neither). Your program's file, memory and
 * descriptors are never part of a process in a container, so you need not do anything about it.
 *
 * Privileges. Root, or an ordinary user with a user namespace in the configuration.
 *
 * Strings are UTF-8 and end in NUL. Paths may be relative to the current folder. A function returns
 * a value >= 0, or on failure a negative enum keg_runtime_code and, where `err` is not NULL, a new
 * object at *err that keg_runtime_error_free() releases; outputs are untouched then. Out of memory
 * ends the process with exit status 125.
 *
 * Compatibility. Structs that you make begin with their size, which the _INIT macros fill in; a
 * later library knows by it which members you have. Opaque structs are only ever made by the
 * library.
 */
#ifndef KEG_RUNTIME_H
#define KEG_RUNTIME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KEG_RUNTIME_API __attribute__((visibility("default")))

/* The version of the library, "0.1.0". */
KEG_RUNTIME_API const char *keg_runtime_version(void);

/* --- errors ------------------------------------------------------------------------------ */

/* Functions return these negated. There may be more in a later version. */
enum keg_runtime_code {
	KEG_RUNTIME_EUSAGE = 1,	      /* the request or the configuration is wrong */
	KEG_RUNTIME_ENOTFOUND = 2,    /* there is no such container, or file */
	KEG_RUNTIME_EEXISTS = 3,      /* there is such a container already */
	KEG_RUNTIME_EDENIED = 4,      /* the kernel refused */
	KEG_RUNTIME_EUNSUPPORTED = 5, /* this kernel or build cannot do it */
	KEG_RUNTIME_ECORRUPT = 6,     /* JSON or a file breaks its format */
	KEG_RUNTIME_ESYSTEM = 7,      /* any other failed system call */
	KEG_RUNTIME_EBUSY = 8,	      /* the container is in the wrong state, or in use */
	KEG_RUNTIME_ENOSPACE = 11,    /* a disk or a quota is full */
	KEG_RUNTIME_ENOCOMMAND = 12,  /* the container's command does not exist: shells say 127 */
	KEG_RUNTIME_EBADCOMMAND = 13, /* it cannot be executed: shells say 126 */
};

struct keg_runtime_error;

KEG_RUNTIME_API int keg_runtime_error_code(const struct keg_runtime_error *err);
/* The errno of the system call that failed, or 0. */
KEG_RUNTIME_API int keg_runtime_error_errno(const struct keg_runtime_error *err);
/* One line without a newline, "outer: inner: cause". Valid as long as the object. */
KEG_RUNTIME_API const char *keg_runtime_error_message(const struct keg_runtime_error *err);
/* A sentence that says what to do about it, or "". Valid as long as the object. */
KEG_RUNTIME_API const char *keg_runtime_error_hint(const struct keg_runtime_error *err);
/* NULL is fine. */
KEG_RUNTIME_API void keg_runtime_error_free(struct keg_runtime_error *err);

/* Release text and lists that functions below gave. NULL is fine. */
KEG_RUNTIME_API void keg_runtime_release(void *memory);

/* --- the runtime ------------------------------------------------------------------------- */

struct keg_runtime;

enum keg_runtime_flags {
	KEG_RUNTIME_ROOTLESS = 1, /* do without cgroups that may not be made; always on for who is
				     not root, or root of a user namespace only */
	/* Make and join none; kill-all, pause, update, pids and stats fail. */
	KEG_RUNTIME_NO_CGROUPS = 2,
	KEG_RUNTIME_DEBUG = 4, /* tell `log` each step as well */
	/* systemd makes the cgroups, and linux.cgroupsPath is "slice:prefix:name". */
	KEG_RUNTIME_SYSTEMD = 8,
};

enum keg_runtime_log_level { KEG_RUNTIME_LOG_WARNING = 0, KEG_RUNTIME_LOG_DEBUG = 1 };

struct keg_runtime_options {
	size_t size;
	/* Where the containers are kept, made when missing. NULL: /run/kegrun, or
	   $XDG_RUNTIME_DIR/kegrun for an ordinary user, as kegrun has it. */
	const char *root;
	/* The kegrun that belongs to this library. NULL: the installed one. */
	const char *program;
	unsigned flags; /* enum keg_runtime_flags */
	/* Called with a line that is no error, in the thread that called a function and before that
	   returns. NULL: none. */
	void (*log)(void *data, enum keg_runtime_log_level level, const char *text);
	void *data;
	void *reserved[6]; /* NULL */
};
#define KEG_RUNTIME_OPTIONS_INIT                                               \
	{                                                                      \
		sizeof(struct keg_runtime_options), NULL, NULL, 0, NULL, NULL, \
		{                                                              \
			NULL                                                   \
		}                                                              \
	}

/*
 * `options` NULL: all defaults. What it points to is copied. Nothing is opened or made yet; that
 * there is a kegrun shows in the first call that needs it.
 */
KEG_RUNTIME_API int keg_runtime_new(const struct keg_runtime_options *options,
				    struct keg_runtime **out, struct keg_runtime_error **err);
/* No call may be under way. Containers stay. NULL is fine. */
KEG_RUNTIME_API void keg_runtime_free(struct keg_runtime *rt);

/* --- the life of a container ------------------------------------------------------------- */

/*
 * What a process gets. The descriptors stay yours and open; the process has copies.
 * `in`, `out`, `err`: its 0, 1 and 2; -1: the ones of your process.
 * `console`: where process.terminal is true, a connected Unix stream socket on which the terminal's
 * controlling side is sent (one message, one descriptor), else -1.
 * `fds`: n_fds further ones, which become 3, 4, ...
 */
struct keg_runtime_io {
	int in, out, err;
	int console;
	const int *fds;
	size_t n_fds;
};
#define KEG_RUNTIME_IO_INIT             \
	{                               \
		-1, -1, -1, -1, NULL, 0 \
	}

enum keg_runtime_create_flags {
	KEG_RUNTIME_NO_PIVOT = 1,	/* do not use pivot_root(2), as on a ramdisk */
	KEG_RUNTIME_NO_NEW_KEYRING = 2, /* keep the session keyring of your process */
};

struct keg_runtime_create_options {
	size_t size;
	const char *bundle;	 /* NULL: the current folder */
	const char *config_path; /* NULL: config.json of the bundle */
	const char *config; /* the configuration itself as JSON, at most 16 MiB, instead; or NULL */
	const char *pid_file; /* a file that its process id is written to; or NULL */
	struct keg_runtime_io io;
	unsigned flags;	   /* enum keg_runtime_create_flags */
	void *reserved[6]; /* NULL */
};
#define KEG_RUNTIME_CREATE_OPTIONS_INIT                                            \
	{                                                                          \
		sizeof(struct keg_runtime_create_options), NULL, NULL, NULL, NULL, \
			KEG_RUNTIME_IO_INIT, 0,                                    \
		{                                                                  \
			NULL                                                       \
		}                                                                  \
	}

/*
 * Make the container `id`: letters, digits and "_+-.@". Its first process waits for
 * keg_runtime_start(). *pidfd (may be NULL) is a pidfd of it, close-on-exec, which you close; -1 if
 * it ended and was collected already. On failure nothing is left. An id in use is
 * KEG_RUNTIME_EEXISTS.
 */
KEG_RUNTIME_API int keg_runtime_create(const struct keg_runtime *rt, const char *id,
				       const struct keg_runtime_create_options *options, int *pidfd,
				       struct keg_runtime_error **err);

/*
 * Let it run its command. Returns when the command was executed, or that failed:
 * KEG_RUNTIME_ENOCOMMAND, KEG_RUNTIME_EBADCOMMAND. A container that is not "created" is
 * KEG_RUNTIME_EBUSY.
 */
KEG_RUNTIME_API int keg_runtime_start(const struct keg_runtime *rt, const char *id,
				      struct keg_runtime_error **err);

/*
 * Wait until the process of a pidfd, a child of yours, ended, and collect it. Returns its exit
 * status, or 128 + the signal that killed it. The pidfd stays open. To wait for several, or with a
 * timeout, poll(2) the pidfds: they become readable.
 */
KEG_RUNTIME_API int keg_runtime_wait(int pidfd, struct keg_runtime_error **err);

/*
 * Delete a container that is stopped or was never started; its poststop hooks run. Its process, if
 * that is your child, remains to be waited for.
 */
enum keg_runtime_delete_flags {
	KEG_RUNTIME_DELETE_FORCE = 1, /* kill it first; one that does not exist is no error */
};
KEG_RUNTIME_API int keg_runtime_delete(const struct keg_runtime *rt, const char *id, unsigned flags,
				       struct keg_runtime_error **err);

/* Create, start, wait and delete: the exit status as from keg_runtime_wait(). Nothing is left,
 * also on failure. Another thread may end it by keg_runtime_kill(). */
KEG_RUNTIME_API int keg_runtime_run(const struct keg_runtime *rt, const char *id,
				    const struct keg_runtime_create_options *options,
				    struct keg_runtime_error **err);

enum keg_runtime_exec_flags {
	KEG_RUNTIME_EXEC_IGNORE_PAUSED = 1, /* in a paused container the process waits */
};

struct keg_runtime_exec_options {
	size_t size;
	/* The process as in config.json. Of its members only args must be there; what is missing is
	   as in the container's own process. */
	const char *process;
	const char *pid_file; /* a file that its process id is written to; or NULL */
	struct keg_runtime_io io;
	unsigned flags;	   /* enum keg_runtime_exec_flags */
	void *reserved[6]; /* NULL */
};
#define KEG_RUNTIME_EXEC_OPTIONS_INIT                                                        \
	{                                                                                    \
		sizeof(struct keg_runtime_exec_options), NULL, NULL, KEG_RUNTIME_IO_INIT, 0, \
		{                                                                            \
			NULL                                                                 \
		}                                                                            \
	}

/* Run another process in a running container. *pidfd as in keg_runtime_create(). */
KEG_RUNTIME_API int keg_runtime_exec(const struct keg_runtime *rt, const char *id,
				     const struct keg_runtime_exec_options *options, int *pidfd,
				     struct keg_runtime_error **err);

enum keg_runtime_kill_flags {
	KEG_RUNTIME_KILL_ALL = 1, /* every process of its cgroup, not only the first */
};
/* Send a signal. A container that has stopped is KEG_RUNTIME_EBUSY. */
KEG_RUNTIME_API int keg_runtime_kill(const struct keg_runtime *rt, const char *id, int signal,
				     unsigned flags, struct keg_runtime_error **err);

/* Stop and continue all its processes; returns when the kernel says that they are. */
KEG_RUNTIME_API int keg_runtime_pause(const struct keg_runtime *rt, const char *id,
				      struct keg_runtime_error **err);
KEG_RUNTIME_API int keg_runtime_resume(const struct keg_runtime *rt, const char *id,
				       struct keg_runtime_error **err);

/* Change limits: JSON as linux.resources of config.json. What it does not say stays. */
KEG_RUNTIME_API int keg_runtime_update(const struct keg_runtime *rt, const char *id,
				       const char *resources, struct keg_runtime_error **err);

/* --- what there is ----------------------------------------------------------------------- */

/*
 * The ids of all containers, sorted, as an array that ends in NULL; keg_runtime_release() frees it
 * with its strings. Returns their number. One may be gone when you look at it.
 */
KEG_RUNTIME_API int keg_runtime_list(const struct keg_runtime *rt, char ***ids,
				     struct keg_runtime_error **err);

enum keg_runtime_status {
	KEG_RUNTIME_CREATING = 0,
	KEG_RUNTIME_CREATED = 1,
	KEG_RUNTIME_RUNNING = 2,
	KEG_RUNTIME_PAUSED = 3,
	KEG_RUNTIME_STOPPED = 4,
};
/* "creating", "created", ... */
KEG_RUNTIME_API const char *keg_runtime_status_name(enum keg_runtime_status status);

struct keg_runtime_state;

/* KEG_RUNTIME_ENOTFOUND when there is no such container. keg_runtime_state_free() releases *out. */
KEG_RUNTIME_API int keg_runtime_state(const struct keg_runtime *rt, const char *id,
				      struct keg_runtime_state **out,
				      struct keg_runtime_error **err);
KEG_RUNTIME_API void keg_runtime_state_free(struct keg_runtime_state *state);
/* The strings are valid as long as the state. */
KEG_RUNTIME_API enum keg_runtime_status
keg_runtime_state_status(const struct keg_runtime_state *state);
/* Its first process, in the pid namespace of /proc; 0 when stopped. */
KEG_RUNTIME_API pid_t keg_runtime_state_pid(const struct keg_runtime_state *state);
KEG_RUNTIME_API const char *keg_runtime_state_id(const struct keg_runtime_state *state);
KEG_RUNTIME_API const char *keg_runtime_state_bundle(const struct keg_runtime_state *state);
KEG_RUNTIME_API const char *keg_runtime_state_rootfs(const struct keg_runtime_state *state);
/* RFC 3339 in UTC. */
KEG_RUNTIME_API const char *keg_runtime_state_created(const struct keg_runtime_state *state);
/* The value of an annotation of its configuration, or NULL. */
KEG_RUNTIME_API const char *keg_runtime_state_annotation(const struct keg_runtime_state *state,
							 const char *name);

/* The configuration it was created with, as far as it is kept (without mounts, limits, seccomp), as
 * JSON; keg_runtime_release() frees it. */
KEG_RUNTIME_API int keg_runtime_config(const struct keg_runtime *rt, const char *id, char **json,
				       struct keg_runtime_error **err);

/* The processes in its cgroup; keg_runtime_release() frees *pids. Returns their number. */
KEG_RUNTIME_API int keg_runtime_pids(const struct keg_runtime *rt, const char *id, pid_t **pids,
				     struct keg_runtime_error **err);

/* What the kernel counted; UINT64_MAX where it is not to be had, or not limited. */
struct keg_runtime_stats {
	size_t size;
	uint64_t memory_usage, memory_peak, memory_limit, memory_inactive_file; /* bytes */
	uint64_t oom_kills;
	uint64_t cpu_usage_ns, cpu_user_ns, cpu_system_ns; /* nanoseconds since it was made */
	uint64_t pids_current, pids_limit;
	uint64_t io_read_bytes, io_write_bytes;
};
#define KEG_RUNTIME_STATS_INIT                                                       \
	{                                                                            \
		sizeof(struct keg_runtime_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/* Members that the library does not know become UINT64_MAX. */
KEG_RUNTIME_API int keg_runtime_stats(const struct keg_runtime *rt, const char *id,
				      struct keg_runtime_stats *out,
				      struct keg_runtime_error **err);

#ifdef __cplusplus
}
#endif

#endif
