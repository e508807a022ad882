/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/spawn.h"
#include "lib/lib.h"
#include "os/process.h"

static const struct keg_runtime_io no_io = KEG_RUNTIME_IO_INIT;

static int parse(const char *text, const char *what, struct json_object **out, struct keg_err *err)
{
	if (!text)
		return 0;
	return keg_json_parse(text, strlen(text), out, err) < 0 ? keg_wrap(err, "%s", what) : 0;
}

/* A call that makes a process. One that somebody else's wait collected already has no pidfd. */
static int make(const struct keg_runtime *rt, const struct keg_runtime_io *io,
		struct remote_call *call, int *pidfd, struct keg_err *err)
{
	struct keg_err ignored;
	pid_t pid = -1;
	int r = lib_call(rt, io, call, &pid, err);

	if (r >= 0 && pidfd) {
		int fd = process_open(pid, &ignored);

		*pidfd = fd < 0 ? -1 : fd;
	}
	return r;
}

static int create(const struct keg_runtime *rt, const char *id,
		  const struct keg_runtime_create_options *options, int *pidfd, struct keg_err *err)
{
	struct keg_runtime_create_options o = KEG_RUNTIME_CREATE_OPTIONS_INIT;
	autojson config = NULL;
	int r = options ? lib_take(&o, sizeof o, options, err) : 0;

	if (r >= 0)
		r = lib_check_flags(o.flags, KEG_RUNTIME_NO_PIVOT | KEG_RUNTIME_NO_NEW_KEYRING,
				    err);
	if (r >= 0)
		r = parse(o.config, "configuration", &config, err);
	if (r < 0)
		return r;
	struct remote_call call = {
		.operation = REMOTE_CREATE,
		.id = id,
		.pid_file = o.pid_file,
		.bundle = o.bundle,
		.config_path = o.config_path,
		.config = config,
		.no_pivot = o.flags & KEG_RUNTIME_NO_PIVOT,
		.no_new_keyring = o.flags & KEG_RUNTIME_NO_NEW_KEYRING,
	};
	return make(rt, &o.io, &call, pidfd, err);
}

static int start(const struct keg_runtime *rt, const char *id, struct keg_err *err)
{
	struct remote_call call = { .operation = REMOTE_START, .id = id };

	return lib_call(rt, &no_io, &call, NULL, err);
}

static int remove_container(const struct keg_runtime *rt, const char *id, unsigned flags,
			    struct keg_err *err)
{
	struct remote_call call = {
		.operation = REMOTE_DELETE,
		.id = id,
		.force = flags & KEG_RUNTIME_DELETE_FORCE,
	};
	int r = lib_check_flags(flags, KEG_RUNTIME_DELETE_FORCE, err);

	return r < 0 ? r : lib_call(rt, &no_io, &call, NULL, err);
}

static int exec(const struct keg_runtime *rt, const char *id,
		const struct keg_runtime_exec_options *options, int *pidfd, struct keg_err *err)
{
	struct keg_runtime_exec_options o = KEG_RUNTIME_EXEC_OPTIONS_INIT;
	autojson process = NULL;
	int r = lib_take(&o, sizeof o, options, err);

	if (r >= 0)
		r = lib_check_flags(o.flags, KEG_RUNTIME_EXEC_IGNORE_PAUSED, err);
	if (r >= 0 && !o.process)
		r = keg_fail(err, KEG_EUSAGE, "no process is given");
	if (r >= 0)
		r = parse(o.process, "process", &process, err);
	if (r < 0)
		return r;
	struct remote_call call = {
		.operation = REMOTE_EXEC,
		.id = id,
		.pid_file = o.pid_file,
		.process = process,
		.ignore_paused = o.flags & KEG_RUNTIME_EXEC_IGNORE_PAUSED,
	};
	return make(rt, &o.io, &call, pidfd, err);
}

static int update(const struct keg_runtime *rt, const char *id, const char *resources,
		  struct keg_err *err)
{
	autojson document = NULL;
	int r = parse(resources, "resources", &document, err);

	if (r < 0)
		return r;
	struct remote_call call = {
		.operation = REMOTE_UPDATE,
		.id = id,
		.resources = document,
	};
	return lib_call(rt, &no_io, &call, NULL, err);
}

static int run(const struct keg_runtime *rt, const char *id,
	       const struct keg_runtime_create_options *options, struct keg_err *err)
{
	struct keg_err ignored;
	autofd int pidfd = -1;
	int r = create(rt, id, options, &pidfd, err);

	if (r < 0)
		return r;
	r = start(rt, id, err);
	if (r < 0) {
		(void)!remove_container(rt, id, KEG_RUNTIME_DELETE_FORCE, &ignored);
		(void)!keg_spawn_wait(pidfd, &ignored);
		return r;
	}
	int status = keg_spawn_wait(pidfd, err);
	r = remove_container(rt, id, KEG_RUNTIME_DELETE_FORCE, status < 0 ? &ignored : err);
	return status < 0 || r >= 0 ? status : r;
}

int keg_runtime_create(const struct keg_runtime *rt, const char *id,
		       const struct keg_runtime_create_options *options, int *pidfd,
		       struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return create(rt, id, options, pidfd, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_start(const struct keg_runtime *rt, const char *id,
		      struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return start(rt, id, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_wait(int pidfd, struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };
	int status = keg_spawn_wait(pidfd, &err);

	return status < 0 ? lib_fail(error, &err) : status;
}

int keg_runtime_delete(const struct keg_runtime *rt, const char *id, unsigned flags,
		       struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return remove_container(rt, id, flags, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_run(const struct keg_runtime *rt, const char *id,
		    const struct keg_runtime_create_options *options,
		    struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };
	int status = run(rt, id, options, &err);

	return status < 0 ? lib_fail(error, &err) : status;
}

int keg_runtime_exec(const struct keg_runtime *rt, const char *id,
		     const struct keg_runtime_exec_options *options, int *pidfd,
		     struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return exec(rt, id, options, pidfd, &err) < 0 ? lib_fail(error, &err) : 0;
}

int keg_runtime_update(const struct keg_runtime *rt, const char *id, const char *resources,
		       struct keg_runtime_error **error)
{
	struct keg_err err = { 0 };

	return update(rt, id, resources, &err) < 0 ? lib_fail(error, &err) : 0;
}
