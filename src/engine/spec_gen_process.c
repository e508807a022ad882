/* SPDX-License-Identifier: Apache-2.0 */
/* The command, its environment, its folder, its user and its limits. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "engine/env.h"
#include "engine/spec_gen.h"
#include "engine/userns.h"
#include "os/path.h"

#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_IN_CONTAINER "/run/podman-init"

enum { DEFAULT_FILES = 1048576 };

/* --- command ------------------------------------------------------------------------------ */

static void add_args(struct spec_gen *gen, const char *const *more, size_t n)
{
	struct oci_process *p = gen->out.process;

	for (size_t i = 0; i < n; i++)
		spec_gen_add(gen->arena, &p->args, &p->n_args, more[i]);
}

/* --entrypoint is one word, or a JSON list of words. */
static int add_entrypoint_option(struct spec_gen *gen, const char *text, struct keg_err *err)
{
	autojson list = NULL;
	struct keg_err not_json;

	if (*text == '\0')
		return 0;
	if (*text != '[' || keg_json_parse(text, strlen(text), &list, &not_json) < 0) {
		add_args(gen, &text, 1);
		return 0;
	}
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		const char *word;

		if (!json_object_is_type(item, json_type_string))
			return keg_fail(err, KEG_EUSAGE, "entrypoint %s: not a list of strings",
					text);
		word = keg_arena_strdup(gen->arena, json_object_get_string(item));
		add_args(gen, &word, 1);
	}
	return 0;
}

static int add_command(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	const struct image_defaults *image = gen->image;
	int r = 0;

	if (o->entrypoint)
		r = add_entrypoint_option(gen, o->entrypoint, err);
	else
		add_args(gen, image->entrypoint, image->n_entrypoint);
	if (r < 0)
		return r;
	if (gen->n_command > 0)
		add_args(gen, (const char *const *)gen->command, gen->n_command);
	else if (!o->entrypoint)
		add_args(gen, image->cmd, image->n_cmd);
	if (gen->out.process->n_args == 0)
		return keg_fail(err, KEG_EUSAGE,
				"no command or entrypoint provided, and no CMD or ENTRYPOINT from "
				"image");
	return 0;
}

/* --init: a small init is bound into the container and starts the command. */
static int wrap_in_init(struct spec_gen *gen, struct keg_err *err)
{
	static const char *const words[] = { INIT_IN_CONTAINER, "--" };
	const struct container_options *o = gen->options;
	struct oci_process *p = gen->out.process;
	const char *path = o->init_path ? o->init_path : gen->config->init_path;

	if (!o->init && !gen->config->init)
		return 0;
	if (gen->ns[SPEC_PID].mode != SPEC_NS_PRIVATE)
		return keg_fail(err, KEG_EUSAGE,
				"cannot add init binary as PID 1 (PID namespace "
				"isn't private): invalid argument");
	if (access(path, X_OK) < 0) {
		keg_fail_sys(err, errno, "container-init binary not found on the host: stat %s",
			     path);
		return keg_hint(err, "Install catatonit, or name an init with --init-path.");
	}
	const char **args = p->args;
	size_t n_args = p->n_args;
	p->args = NULL;
	p->n_args = 0;
	add_args(gen, words, KEG_COUNT(words));
	add_args(gen, args, n_args);
	return 0;
}

/* --- environment -------------------------------------------------------------------------- */

static void put_proxies(struct keg_strv *env)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy",
					     "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };

	for (size_t i = 0; i < KEG_COUNT(names); i++) {
		if (!keg_str_empty(getenv(names[i])))
			keg_env_set(env, names[i], getenv(names[i]));
	}
}

static void unset_env(struct keg_strv *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = env->n; i-- > 0;) {
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			keg_strv_remove(env, i);
	}
}

/* What is there before the user's own: the host's, the configuration's and the image's. */
static void put_base_env(struct spec_gen *gen, struct keg_strv *env)
{
	const struct container_options *o = gen->options;

	if (o->env_host || gen->config->env_host) {
		for (char **at = environ; *at; at++)
			keg_env_put(env, *at);
	}
	if (!o->unset_env_all) {
		keg_env_put(env, DEFAULT_PATH);
		for (size_t i = 0; i < gen->config->n_env; i++)
			keg_env_put(env, gen->config->env[i]);
		for (size_t i = 0; i < gen->image->n_env; i++)
			keg_env_put(env, gen->image->env[i]);
	}
	for (size_t i = 0; i < o->unset_env.n; i++)
		unset_env(env, o->unset_env.v[i]);
	keg_env_set(env, "container", "podman");
	if (o->http_proxy > 0 || (o->http_proxy < 0 && gen->config->http_proxy))
		put_proxies(env);
}

static int build_env(struct spec_gen *gen, struct keg_strv *env, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	int r = 0;

	put_base_env(gen, env);
	for (size_t i = 0; r >= 0 && i < o->env_files.n; i++)
		r = env_put_file(env, o->env_files.v[i], err);
	for (size_t i = 0; r >= 0 && i < o->env.n; i++)
		r = env_put(env, o->env.v[i], err);
	if (r < 0)
		return r;
	if (o->tty && !keg_env_get(env, "TERM"))
		keg_env_set(env, "TERM", "xterm");
	if (!keg_env_get(env, "HOSTNAME"))
		keg_env_set(env, "HOSTNAME", gen->out.hostname);
	if (!keg_env_get(env, "HOME"))
		keg_env_set(env, "HOME", gen->user.home);
	return 0;
}

static int add_env(struct spec_gen *gen, struct keg_err *err)
{
	auto(keg_strv) env = { 0 };
	struct oci_process *p = gen->out.process;
	int r = build_env(gen, &env, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < env.n; i++)
		spec_gen_add(gen->arena, &p->env, &p->n_env,
			     keg_arena_strdup(gen->arena, env.v[i]));
	return 0;
}

/* --- user --------------------------------------------------------------------------------- */

static void add_gid(struct spec_gen *gen, uint32_t gid)
{
	struct oci_user *user = gen->out.process->user;

	for (size_t i = 0; i < user->n_additional_gids; i++) {
		if (user->additional_gids[i] == gid)
			return;
	}
	*SPEC_PUSH(gen->arena, user->additional_gids, user->n_additional_gids) = gid;
}

static int set_umask(struct spec_gen *gen, struct oci_user *user, struct keg_err *err)
{
	const char *text = gen->options->umask ? gen->options->umask : gen->config->umask;
	struct keg_err ignored;
	unsigned mask;

	if (keg_parse_mode(text, &mask, &ignored) < 0 || mask > 0777)
		return keg_fail(err, KEG_EUSAGE,
				"running container create option: invalid umask string %s: invalid "
				"argument",
				text);
	user->umask = spec_gen_u32(gen->arena, mask);
	return 0;
}

/* As the peers: what the image lacks is noticed when the command is about to run: status 126. */
static int cannot_run(struct keg_err *err)
{
	err->code = KEG_EBADCOMMAND;
	return -(int)err->code;
}

static int add_user(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	struct oci_user *user = keg_arena_alloc(gen->arena, 1, sizeof *user);
	const char *who = o->user ? o->user : gen->image->user;

	/* keep-id means to be oneself, whatever the image says. */
	if (!o->user && gen->ns[SPEC_USER].mode == SPEC_NS_KEEP_ID)
		who = keg_arena_printf(gen->arena, "%u:%u", userns_owner(), userns_owner_group());
	int r = image_user_find(gen->rootfd, who, &gen->user, gen->arena, err);

	if (r < 0)
		return cannot_run(err);
	gen->out.process->user = user;
	user->uid = gen->user.uid;
	user->gid = gen->user.gid;
	/* CVE-2022-2989: who lacks his own group passes where a file forbids that group. */
	if (!keg_str_empty(who))
		add_gid(gen, gen->user.gid);
	for (size_t i = 0; i < gen->user.n_groups; i++)
		add_gid(gen, gen->user.groups[i]);
	for (size_t i = 0; i < o->group_add.n; i++) {
		uint32_t gid;

		if (strcmp(o->group_add.v[i], "keep-groups") == 0)
			return keg_fail(err, KEG_EUNSUPPORTED,
					"--group-add keep-groups is not supported by this version");
		r = image_group_find(gen->rootfd, o->group_add.v[i], &gid, err);
		if (r < 0) {
			keg_wrap(err, "looking up supplemental groups for container %s", gen->id);
			return cannot_run(err);
		}
		add_gid(gen, gid);
	}
	return set_umask(gen, user, err);
}

/* --- folder ------------------------------------------------------------------------------- */

static bool is_below_volume(const struct spec_gen *gen, const char *path)
{
	for (size_t i = 0; i < gen->volumes.n; i++) {
		const char *rest = keg_str_after(path, gen->volumes.v[i].dest);

		if (rest && (*rest == '\0' || *rest == '/'))
			return true;
	}
	return false;
}

/* A folder that the user names must exist; the image's own is made by the runtime. */
static int set_workdir(struct spec_gen *gen, struct keg_err *err)
{
	const char *asked = gen->options->workdir;
	const char *dir = asked ? asked : gen->image->workdir;
	struct keg_err ignored;

	if (keg_str_empty(dir))
		dir = "/";
	if (*dir != '/' && asked)
		return keg_fail(err, KEG_EUSAGE,
				"workdir \"%s\": the working directory must be an absolute path",
				dir);
	if (*dir != '/')
		dir = keg_arena_printf(gen->arena, "/%s", dir);
	gen->out.process->cwd = dir;
	if (!asked || is_below_volume(gen, dir) || strcmp(dir, "/") == 0)
		return 0;
	autofd int fd = path_open_in_root(gen->rootfd, dir, O_PATH | O_DIRECTORY, &ignored);
	if (fd < 0)
		return keg_fail(err, KEG_EBADCOMMAND,
				"workdir \"%s\" does not exist on container %s", dir, gen->id);
	return 0;
}

/* --- limits ------------------------------------------------------------------------------- */

static const struct {
	const char *name, *type;
	int resource; /* for "host" */
} limits[] = {
	{ "core", "RLIMIT_CORE", RLIMIT_CORE },
	{ "cpu", "RLIMIT_CPU", RLIMIT_CPU },
	{ "data", "RLIMIT_DATA", RLIMIT_DATA },
	{ "fsize", "RLIMIT_FSIZE", RLIMIT_FSIZE },
	{ "locks", "RLIMIT_LOCKS", RLIMIT_LOCKS },
	{ "memlock", "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK },
	{ "msgqueue", "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE },
	{ "nice", "RLIMIT_NICE", RLIMIT_NICE },
	{ "nofile", "RLIMIT_NOFILE", RLIMIT_NOFILE },
	{ "nproc", "RLIMIT_NPROC", RLIMIT_NPROC },
	{ "rss", "RLIMIT_RSS", RLIMIT_RSS },
	{ "rtprio", "RLIMIT_RTPRIO", RLIMIT_RTPRIO },
	{ "rttime", "RLIMIT_RTTIME", RLIMIT_RTTIME },
	{ "sigpending", "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING },
	{ "stack", "RLIMIT_STACK", RLIMIT_STACK },
};

static struct oci_rlimit *limit_slot(struct spec_gen *gen, const char *type)
{
	struct oci_process *p = gen->out.process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		if (strcmp(p->rlimits[i].type, type) == 0)
			return &p->rlimits[i];
	}
	struct oci_rlimit *limit = SPEC_PUSH(gen->arena, p->rlimits, p->n_rlimits);
	limit->type = type;
	return limit;
}

static int refuse_ulimit(const char *text, const char *why, const char *what, struct keg_err *err)
{
	return keg_fail(err, KEG_EUSAGE,
			"ulimit option \"%s\" requires name=SOFT:HARD, failed to be parsed: %s%s",
			text, why, what);
}

static bool limit_value(const char *text, uint64_t *out)
{
	struct keg_err err;

	if (strcmp(text, "-1") == 0 || strcmp(text, "unlimited") == 0) {
		*out = UINT64_MAX;
		return true;
	}
	return keg_parse_u64(text, out, &err) >= 0;
}

/* NAME=SOFT[:HARD] */
static int add_ulimit(struct spec_gen *gen, const char *text, struct keg_err *err)
{
	size_t len = strcspn(text, "="), i = 0;
	uint64_t soft, hard;

	if (!text[len])
		return refuse_ulimit(text, "invalid ulimit argument: ", text, err);
	autofree char *name = keg_strndup(text, len);
	while (i < KEG_COUNT(limits) && strcmp(limits[i].name, name) != 0)
		i++;
	if (i == KEG_COUNT(limits))
		return refuse_ulimit(text, "invalid ulimit type: ", name, err);
	autofree char *first = keg_strndup(text + len + 1, strcspn(text + len + 1, ":"));
	const char *second = strchr(text + len + 1, ':');
	if (!limit_value(first, &soft) || !limit_value(second ? second + 1 : first, &hard))
		return refuse_ulimit(text, "not a number: ", text + len + 1, err);
	if (soft > hard)
		return refuse_ulimit(text,
				     "ulimit soft limit must be less than or equal to hard limit",
				     "", err);
	struct oci_rlimit *limit = limit_slot(gen, limits[i].type);
	limit->soft = soft;
	limit->hard = hard;
	return 0;
}

static void add_host_limits(struct spec_gen *gen)
{
	for (size_t i = 0; i < KEG_COUNT(limits); i++) {
		struct rlimit now;

		if (getrlimit((__rlimit_resource_t)limits[i].resource, &now) < 0)
			continue;
		struct oci_rlimit *limit = limit_slot(gen, limits[i].type);
		limit->soft = now.rlim_cur;
		limit->hard = now.rlim_max;
	}
}

/* Only the initial namespace's CAP_SYS_RESOURCE raises a hard limit. */
static bool may_raise_limits(const struct spec_gen *gen)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (gen->config->rootless || syscall(SYS_capget, &head, data) < 0)
		return false;
	return (data[0].effective & (1u << CAP_SYS_RESOURCE)) != 0;
}

static void add_default_limit(struct spec_gen *gen, const char *type, __rlimit_resource_t resource)
{
	struct rlimit now;
	uint64_t value = DEFAULT_FILES;
	size_t before = gen->out.process->n_rlimits;
	struct oci_rlimit *limit = limit_slot(gen, type);

	if (gen->out.process->n_rlimits == before)
		return; /* the user's own */
	if (!may_raise_limits(gen) && getrlimit(resource, &now) == 0 && now.rlim_max < value)
		value = now.rlim_max;
	limit->soft = limit->hard = value;
}

static int add_limits(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < gen->config->n_default_ulimits; i++)
		r = add_ulimit(gen, gen->config->default_ulimits[i], err);
	if (r >= 0 && o->ulimits.n == 1 && strcmp(o->ulimits.v[0], "host") == 0) {
		add_host_limits(gen);
		return 0;
	}
	for (size_t i = 0; r >= 0 && i < o->ulimits.n; i++)
		r = add_ulimit(gen, o->ulimits.v[i], err);
	if (r < 0)
		return r;
	add_default_limit(gen, "RLIMIT_NOFILE", RLIMIT_NOFILE);
	add_default_limit(gen, "RLIMIT_NPROC", RLIMIT_NPROC);
	return 0;
}

static int set_oom_score(struct spec_gen *gen, struct keg_err *err)
{
	const char *text = gen->options->oom_score_adj;
	int *value = keg_arena_alloc(gen->arena, 1, sizeof *value);

	if (!text)
		return 0;
	if (keg_parse_int(text, value, err) < 0 || *value < -1000 || *value > 1000)
		return keg_fail(err, KEG_EUSAGE,
				"invalid value %s for --oom-score-adj: it is from -1000 to 1000",
				text);
	gen->out.process->oom_score_adj = value;
	return 0;
}

static const char *choose_hostname(struct spec_gen *gen)
{
	struct utsname host;

	if (gen->options->hostname)
		return gen->options->hostname;
	if (gen->ns[SPEC_UTS].mode == SPEC_NS_PRIVATE || uname(&host) < 0)
		return keg_arena_strndup(gen->arena, gen->id, 12);
	return keg_arena_strdup(gen->arena, host.nodename);
}

int spec_gen_process(struct spec_gen *gen, struct keg_err *err)
{
	static int (*const steps[])(struct spec_gen *, struct keg_err *) = {
		add_command, wrap_in_init, add_user,	  add_env,
		set_workdir, add_limits,   set_oom_score,
	};

	gen->out.process = keg_arena_alloc(gen->arena, 1, sizeof *gen->out.process);
	gen->out.process->terminal = gen->options->tty;
	gen->out.hostname = choose_hostname(gen);
	for (size_t i = 0; i < KEG_COUNT(steps); i++) {
		int r = steps[i](gen, err);

		if (r < 0)
			return r;
	}
	return 0;
}
