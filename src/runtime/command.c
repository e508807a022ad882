/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum { PASSWD_MAX = 16 << 20, PASSWD_FIELDS = 7 };

/*
 * The container's file, read by hand: it is hostile, and a static program has no NSS. It may be a
 * pipe or a device, so it is opened without blocking and must be a plain file.
 */
static char *home_of(uid_t uid)
{
	struct keg_err err;
	struct stat st;
	auto(keg_buf) text = { 0 };
	autofd int fd = open("/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char *save = NULL;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    keg_fd_read_all(fd, PASSWD_MAX, &text, &err) < 0 || text.len == 0)
		return NULL;
	for (char *line = strtok_r(text.data, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		auto(keg_strv) fields = { 0 };
		char *end;

		keg_strv_split(&fields, line, ':');
		if (fields.n < PASSWD_FIELDS - 1)
			continue;
		unsigned long number = strtoul(fields.v[2], &end, 10);
		if (*fields.v[2] && !*end && number == uid)
			return keg_strdup(fields.v[5]);
	}
	return NULL;
}

static int not_found(const char *name, struct keg_err *err)
{
	return keg_fail(err, KEG_ENOCOMMAND, "exec: \"%s\": executable file not found in $PATH",
			name);
}

static int check_direct(const char *name, struct keg_err *err)
{
	struct stat st;

	if (stat(name, &st) < 0) {
		int saved = errno;
		bool absent = saved == ENOENT || saved == ENOTDIR;

		keg_fail_sys(err, saved, "exec: \"%s\": stat %s", name, name);
		/* As Go says it, which engines look for. */
		if (absent)
			return keg_fail(
				err, KEG_ENOCOMMAND, "exec: \"%s\": stat %s: %s", name, name,
				saved == ENOENT ? "no such file or directory" : "not a directory");
		if (saved == EACCES)
			return keg_fail(err, KEG_EBADCOMMAND,
					"exec: \"%s\": stat %s: permission denied", name, name);
		err->code = KEG_EBADCOMMAND;
		return -KEG_EBADCOMMAND;
	}
	if (S_ISDIR(st.st_mode))
		return keg_fail(err, KEG_EBADCOMMAND,
				"exec: \"%s\": is a directory: permission denied", name);
	if (faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) < 0)
		return keg_fail(err, KEG_EBADCOMMAND, "exec: \"%s\": permission denied", name);
	return 0;
}

static int find(const char *name, const char *paths, char **out, struct keg_err *err)
{
	auto(keg_strv) folders = { 0 };

	if (strchr(name, '/')) {
		int r = check_direct(name, err);

		if (r >= 0)
			*out = keg_strdup(name);
		return r;
	}
	keg_strv_split(&folders, paths ? paths : "", ':');
	for (size_t i = 0; i < folders.n; i++) {
		autofree char *path = keg_path_join(*folders.v[i] ? folders.v[i] : ".", name);
		struct stat st;

		if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode) &&
		    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) {
			*out = take_ptr(&path);
			return 0;
		}
	}
	return not_found(name, err);
}

int command_prepare(const struct oci_process *process, struct command *out, struct keg_err *err)
{
	*out = (struct command){ 0 };
	for (size_t i = 0; i < process->n_env; i++)
		keg_env_put(&out->env, process->env[i]);
	if (keg_str_empty(keg_env_get(&out->env, "HOME"))) {
		autofree char *home = home_of(geteuid());

		keg_env_set(&out->env, "HOME", keg_str_empty(home) ? "/" : home);
	}

	int r = find(process->args[0], keg_env_get(&out->env, "PATH"), &out->path, err);
	if (r < 0)
		command_done(out);
	return r;
}

void command_done(struct command *command)
{
	free(command->path);
	command->path = NULL;
	keg_strv_done(&command->env);
}

int command_exec(const struct oci_process *process, const struct command *command,
		 struct keg_err *err)
{
	execve(command->path, (char *const *)(uintptr_t)process->args, command->env.v);

	int saved = errno;
	const char *name = process->args[0];

	switch (saved) {
	case ENOENT: /* the interpreter of a script, or the dynamic loader */
		return keg_fail(err, KEG_ENOCOMMAND, "exec %s: no such file or directory", name);
	case ENOEXEC:
		return keg_fail(err, KEG_EBADCOMMAND, "exec %s: exec format error", name);
	case EACCES:
		return keg_fail(err, KEG_EBADCOMMAND, "exec %s: permission denied", name);
	default:
		keg_fail_sys(err, saved, "exec %s", name);
		err->code = KEG_EBADCOMMAND;
		return -KEG_EBADCOMMAND;
	}
}
