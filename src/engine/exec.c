/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spawn.h"
#include "engine/capabilities.h"
#include "engine/env.h"
#include "engine/image_user.h"
#include "engine/monitor_start.h"
#include "engine/runtime_call.h"
#include "engine/spec_gen.h"
#include "engine/userns.h"

#define EXEC_DIR "exec"

/* The process as the runtime gets it; all of it in `arena`. */
struct session {
	struct container *c;
	const struct exec_request *req;
	struct keg_arena arena;
	struct oci_config config; /* the container's, where something of it is needed */
	struct oci_process process;
};

static void session_done(struct session *s)
{
	keg_arena_done(&s->arena);
}
KEG_AUTO(session, session_done)

static bool needs_config(const struct exec_request *req, bool foreign)
{
	return foreign || req->user || req->env->n || req->env_files->n || req->privileged;
}

static int set_user(struct session *s, struct keg_strv *env, struct keg_err *err)
{
	autofree char *root_path = keg_printf("/proc/%d/root", s->c->state.pid);
	struct oci_user *user = keg_arena_alloc(&s->arena, 1, sizeof *user);
	struct image_user found;

	if (!s->req->user) {
		s->process.user = s->config.process->user;
		return 0;
	}
	autofd int root = keg_open_at(AT_FDCWD, root_path, O_PATH | O_DIRECTORY, 0, err);
	if (root < 0)
		return root;
	int r = image_user_find(root, s->req->user, &found, &s->arena, err);
	if (r < 0)
		return r;
	user->uid = found.uid;
	user->gid = found.gid;
	user->additional_gids = found.groups;
	user->n_additional_gids = found.n_groups;
	user->umask = s->config.process->user ? s->config.process->user->umask : NULL;
	s->process.user = user;
	keg_env_set(env, "HOME", found.home);
	return 0;
}

static int set_env(struct session *s, struct keg_strv *env, struct keg_err *err)
{
	const struct exec_request *req = s->req;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < req->env_files->n; i++)
		r = env_put_file(env, req->env_files->v[i], err);
	for (size_t i = 0; r >= 0 && i < req->env->n; i++)
		r = env_put(env, req->env->v[i], err);
	for (size_t i = 0; r >= 0 && i < env->n; i++)
		spec_gen_add(&s->arena, &s->process.env, &s->process.n_env,
			     keg_arena_strdup(&s->arena, env->v[i]));
	return r;
}

static void set_caps(struct session *s)
{
	struct oci_capabilities *caps = keg_arena_alloc(&s->arena, 1, sizeof *caps);
	uint64_t all = capability_bounding();

	if (!s->req->privileged) {
		s->process.capabilities = s->config.process->capabilities;
		return;
	}
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (all >> i & 1)
			spec_gen_add(&s->arena, &caps->bounding, &caps->n_bounding,
				     capability_name(i));
	}
	caps->effective = caps->permitted = caps->inheritable = caps->bounding;
	caps->n_effective = caps->n_permitted = caps->n_inheritable = caps->n_bounding;
	s->process.capabilities = caps;
}

static int read_config(struct session *s, struct keg_err *err)
{
	int r = oci_config_read(s->c->run, CONTAINER_FILE_CONFIG, &s->config, &s->arena, err);

	if (r >= 0 && !s->config.process)
		r = keg_fail(err, KEG_ECORRUPT, "config.json has no process");
	return r < 0 ? keg_wrap(err, "container %s", s->c->id) : 0;
}

static int fill(struct session *s, bool whole, struct keg_err *err)
{
	const struct exec_request *req = s->req;
	auto(keg_strv) env = { 0 };
	int r = 0;

	s->process.terminal = req->tty;
	s->process.cwd = req->workdir;
	for (char *const *word = req->command; *word; word++)
		spec_gen_add(&s->arena, &s->process.args, &s->process.n_args, *word);
	if (!whole && !needs_config(req, s->c->record.runtime != NULL))
		return 0;
	r = read_config(s, err);
	if (r < 0)
		return r;
	const struct oci_process *own = s->config.process;
	keg_strv_extend(&env, own->env, own->n_env);
	if (!req->workdir)
		s->process.cwd = own->cwd;
	s->process.rlimits = own->rlimits;
	s->process.n_rlimits = own->n_rlimits;
	s->process.no_new_privileges = own->no_new_privileges && !req->privileged;
	s->process.apparmor_profile = own->apparmor_profile;
	s->process.oom_score_adj = own->oom_score_adj;
	r = set_user(s, &env, err);
	if (r >= 0)
		r = set_env(s, &env, err);
	set_caps(s);
	return r;
}

/* The process as a file, for a program to read. */
static int write_process(struct session *s, int dirfd, const char *name, struct keg_err *err)
{
	struct oci_config wrapper = { .process = &s->process };
	autojson tree = oci_config_encode(&wrapper);
	auto(keg_buf) text = { 0 };

	keg_json_print(keg_json_get(tree, "process"), &text);
	return keg_file_write(dirfd, name, keg_buf_text(&text), text.len, 0600, 0, err);
}

static void add_words(struct session *s, const char *process, const char *log,
		      struct keg_strv *argv)
{
	struct container *c = s->c;

	keg_strv_add(argv, c->record.runtime);
	keg_strv_add(argv, "--root");
	keg_strv_add(argv, runtime_call_root(c));
	keg_strv_add(argv, "--log-format=json");
	keg_strv_addf(argv, "--log=%s/%s", c->run_path, log);
	keg_strv_add(argv, "exec");
	keg_strv_add(argv, "--process");
	keg_strv_take(argv, keg_path_join(c->run_path, process));
	keg_strv_add(argv, c->id);
}

static int spawn_foreign(const struct session *s, const struct keg_strv *argv, struct keg_err *err)
{
	const struct keg_spawn what = {
		.argv = (const char *const *)argv->v,
		.in = s->req->interactive ? KEG_SPAWN_KEEP : KEG_SPAWN_NULL,
		.out = KEG_SPAWN_KEEP,
		.errfd = KEG_SPAWN_KEEP,
	};
	autofd int process = keg_spawn(&what, NULL, err);
	/* The terminal's keys are for the process, which is in our process group. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	return process < 0 ? process : keg_spawn_wait(process, err);
}

static int run_foreign(struct session *s, struct keg_err *err)
{
	struct container *c = s->c;
	char id[KEG_ID_LEN + 1];
	auto(keg_strv) argv = { 0 };

	keg_random_id(id);
	autofree char *process = keg_printf("exec-%s.json", id);
	autofree char *log = keg_printf("exec-%s.log", id);
	int r = write_process(s, c->run, process, err);
	if (r < 0)
		return r;
	add_words(s, process, log, &argv);
	r = spawn_foreign(s, &argv, err);
	/* Its own failures leave a message; the process' exit status leaves none. */
	if (r > 0) {
		int why = runtime_call_read_log(c, log, err);

		r = why < 0 ? why : r;
	}
	unlinkat(c->run, process, 0);
	unlinkat(c->run, log, 0);
	return r;
}

static int check_running(struct container *c, struct keg_err *err)
{
	if (c->state.status == CONTAINER_RUNNING)
		return userns_enter(c->state.monitor ? c->state.monitor : c->state.pid, err);
	return keg_fail(err, KEG_EBUSY,
			"can only create exec sessions on running containers: container state "
			"improper");
}

/* Without -i the process reads nothing of ours. */
static int close_stdin(struct keg_err *err)
{
	autofd int null = keg_open_at(AT_FDCWD, "/dev/null", O_RDONLY, 0, err);

	if (null < 0)
		return null;
	return dup2(null, STDIN_FILENO) < 0 ? keg_fail_sys(err, errno, "close stdin") : 0;
}

int exec_run(struct container *c, const struct exec_request *req, struct keg_err *err)
{
	auto(session) s = { .c = c, .req = req };
	int r = check_running(c, err);

	if (r >= 0)
		r = fill(&s, false, err);
	if (r < 0)
		return r;
	if (c->record.runtime)
		return run_foreign(&s, err);
	if (!req->interactive && !req->tty && (r = close_stdin(err)) < 0)
		return r;
	struct runtime_context ctx = runtime_call_context(c);
	struct runtime_exec_request what = {
		.process = &s.process,
		.io = { .console_fd = -1, .preserve_fds = req->preserve_fds },
	};
	return runtime_exec(&ctx, c->id, &what, err);
}

int exec_detach(struct container *c, const struct exec_request *req, char *id, struct keg_err *err)
{
	auto(session) s = { .c = c, .req = req };
	auto(monitor_link) link = MONITOR_LINK_INIT;
	int r = check_running(c, err);

	if (r >= 0)
		r = fill(&s, true, err);
	if (r < 0)
		return r;
	keg_random_id(id);
	autofree char *dir = keg_printf(EXEC_DIR "/%s", id);
	autofree char *file = keg_printf("%s/%s/process.json", c->run_path, dir);
	r = keg_mkdirs(c->run, dir, 0700, err);
	if (r >= 0)
		r = write_process(&s, AT_FDCWD, file, err);
	if (r < 0)
		return r;
	struct monitor_request how = {
		.exec_id = id,
		.process_file = file,
		.tty = req->tty,
	};
	r = monitor_start(c, &how, &link, err);
	if (r < 0)
		return r;
	monitor_started(&link);
	return 0;
}
