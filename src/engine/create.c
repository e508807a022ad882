/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order matters twice. The image is resolved only under a hold, so that nobody removes it
 * before it is pinned. And all that can be refused is checked before anything is made, for a
 * refused command must leave nothing behind.
 */
#include "engine/create.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/container_files.h"
#include "engine/create_detail.h"
#include "engine/image_find.h"
#include "engine/spec_gen.h"
#include "engine/volume.h"
#include "os/signal_names.h"
#include "runtime/runtime.h"
#include "spec/image_config.h"
#include "spec/platform.h"
#include "store/pin.h"
#include "store/rootfs.h"

enum { MAX_LABEL_FILE = 1 << 20 };

struct creation {
	struct engine *engine;
	struct store *store;
	const struct container_request *req;
	const struct container_options *o;
	struct keg_arena arena;
	struct store_image image;
	const char *image_name; /* as ps shows it */
	struct image_defaults defaults;
	struct spec_gen gen;
	int hold;
};

static void creation_done(struct creation *c)
{
	store_hold_release(&c->hold);
	keg_arena_done(&c->arena);
}
KEG_AUTO(creation, creation_done)

/* --- what is checked before anything is made ---------------------------------------------- */

static int check_options(struct creation *c, struct keg_err *err)
{
	const struct container_options *o = c->o;

	if (o->replace && keg_str_empty(o->name))
		return keg_fail(err, KEG_EUSAGE,
				"cannot replace container without --name being set");
	if (o->restart && strcmp(o->restart, "no") != 0 && *o->restart) {
		if (!keg_str_starts(o->restart, "on-failure") &&
		    strcmp(o->restart, "always") != 0 && strcmp(o->restart, "unless-stopped") != 0)
			return keg_fail(err, KEG_EUSAGE,
					"running container create option: \"%s\" is not a valid "
					"restart policy: invalid argument",
					o->restart);
		return keg_fail(err, KEG_EUNSUPPORTED,
				"restart policy \"%s\" is not supported by this version",
				o->restart);
	}
	if (o->rootfs)
		return keg_fail(err, KEG_EUNSUPPORTED, "--rootfs is not supported by this version");
	if (o->image_volume && strcmp(o->image_volume, "bind") != 0 &&
	    strcmp(o->image_volume, "anonymous") != 0 && strcmp(o->image_volume, "tmpfs") != 0 &&
	    strcmp(o->image_volume, "ignore") != 0)
		return keg_fail(err, KEG_EUSAGE,
				"invalid image-volume type \"%s\". Pick one of bind, tmpfs, or "
				"ignore",
				o->image_volume);
	if (o->systemd && strcmp(o->systemd, "true") != 0 && strcmp(o->systemd, "false") != 0 &&
	    strcmp(o->systemd, "always") != 0)
		return keg_fail(err, KEG_EUSAGE,
				"invalid config provided: --systemd values must be one of \"true, "
				"false, always\": invalid configuration");
	if (o->systemd && strcmp(o->systemd, "always") == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"--systemd always is not supported by this version");
	if (o->stop_timeout < -1)
		return keg_fail(err, KEG_EUSAGE,
				"invalid argument \"%lld\" for \"--stop-timeout\" flag: it is a "
				"number of seconds",
				(long long)o->stop_timeout);
	if (o->cidfile && keg_exists(AT_FDCWD, o->cidfile))
		return keg_fail(err, KEG_EUSAGE,
				"container id file exists. Ensure another container is not using "
				"it or delete %s",
				o->cidfile);
	return 0;
}

static int parse_volumes(struct creation *c, struct keg_err *err)
{
	const struct container_options *o = c->o;
	struct volume_list *list = &c->gen.volumes;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < o->volumes.n; i++)
		r = volume_parse(o->volumes.v[i], list, &c->arena, err);
	for (size_t i = 0; r >= 0 && i < o->mounts.n; i++)
		r = volume_parse_mount(o->mounts.v[i], list, &c->arena, err);
	for (size_t i = 0; r >= 0 && i < o->tmpfs.n; i++)
		r = volume_parse_tmpfs(o->tmpfs.v[i], list, &c->arena, err);
	for (size_t i = 0; r >= 0 && i < c->engine->config.n_volumes; i++)
		r = volume_parse(c->engine->config.volumes[i], list, &c->arena, err);
	if (o->image_volume && strcmp(o->image_volume, "ignore") == 0)
		return r;
	bool tmpfs = o->image_volume && strcmp(o->image_volume, "tmpfs") == 0;
	for (size_t i = 0; r >= 0 && i < c->defaults.n_volumes; i++)
		r = volume_add_image(c->defaults.volumes[i], tmpfs, list, &c->arena, err);
	return r;
}

/* --- the image ---------------------------------------------------------------------------- */

/* An image of another platform than the one that was asked for is as good as none. */
static int check_platform(struct creation *c, const struct image_config *config,
			  struct keg_err *err)
{
	const struct container_options *o = c->o;
	struct platform want = { .os = o->os, .architecture = o->arch, .variant = o->variant };
	struct platform have = { 0 }, host = { 0 };
	int r = 0;

	if (!o->platform && !o->os && !o->arch && !o->variant)
		return 0;
	if (o->platform)
		r = platform_parse(o->platform, &c->arena, &want, err);
	if (r < 0)
		return r;
	platform_normalize(&want);
	platform_host(&host);
	want.os = want.os ? want.os : host.os;
	want.architecture = want.architecture ? want.architecture : host.architecture;
	image_config_platform(config, &have);
	if (platform_distance(&want, &have) >= 0)
		return 0;
	*c->req->no_image = true;
	autofree char *text = platform_format(&want);
	return keg_fail(err, KEG_ENOTFOUND, "%s: no image for platform %s in the store",
			c->req->image, text);
}

static int read_image(struct creation *c, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	struct image_config config = { 0 };
	const char *name;
	int r = image_find(c->store, c->req->image, &c->arena, &c->image, &name, err);

	*c->req->no_image = r == -KEG_ENOTFOUND;
	if (r < 0)
		return r;
	c->image_name = *name ? name : c->image.n_names ? c->image.names[0] : c->image.id;
	autofree char *key = keg_printf("sha256:%s", c->image.id);
	r = store_image_data(c->store, &c->image, key, IMAGE_CONFIG_BYTES_MAX, &text, err);
	if (r >= 0)
		r = image_config_parse(keg_buf_text(&text), text.len, &c->arena, &config, err);
	if (r < 0)
		return keg_wrap(err, "image %s", c->req->image);
	r = check_platform(c, &config, err);
	if (r < 0)
		return r;
	const struct image_run_config *run = config.config;
	c->defaults = (struct image_defaults){
		.entrypoint = run->entrypoint,
		.n_entrypoint = run->n_entrypoint,
		.cmd = run->cmd,
		.n_cmd = run->n_cmd,
		.env = run->env,
		.n_env = run->n_env,
		.volumes = run->volumes,
		.n_volumes = run->n_volumes,
		.user = run->user,
		.workdir = run->working_dir,
		.stop_signal = run->stop_signal,
		.labels = run->labels,
		.n_labels = run->n_labels,
	};
	return 0;
}

static int mount_image(struct container *c, struct store *store, const struct store_image *image,
		       struct keg_err *err)
{
	autofd int upper = openat(c->dir, CONTAINER_DIR_UPPER, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofd int work = openat(c->dir, CONTAINER_DIR_WORK, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct store_rootfs what = {
		.image = image,
		.upper = upper,
		.work = work,
		/* Nobody misses the tree of a container that is removed at its end. */
		.is_volatile = c->record.remove,
	};

	if (upper < 0 || work < 0)
		return keg_fail_sys(err, errno, "container %s: open its layer", c->id);
	c->rootfs = store_rootfs_mount(store, &what, err);
	if (c->rootfs < 0)
		return keg_wrap(err, "mount the root of container %s", c->id);
	return 0;
}

int container_mount(struct container *c, struct keg_err *err)
{
	struct store *store;
	struct store_image image;

	if (c->rootfs >= 0)
		return 0;
	int r = engine_store(c->engine, &store, err);
	if (r >= 0)
		r = store_image_find(store, c->record.image_id, &c->arena, &image, err);
	return r < 0 ? r : mount_image(c, store, &image, err);
}

/* --- the record --------------------------------------------------------------------------- */

static int add_label(struct creation *c, struct container_record *rec, const char *text,
		     struct keg_err *err)
{
	size_t len = strcspn(text, "=");

	if (len == 0)
		return keg_fail(err, KEG_EUSAGE,
				"unable to process labels: invalid label format: \"%s\"", text);
	const char *key = keg_arena_strndup(&c->arena, text, len);
	const char *value = text[len] ? keg_arena_strdup(&c->arena, text + len + 1) : "";
	for (size_t i = 0; i < rec->n_labels; i++) {
		if (strcmp(rec->labels[i].key, key) == 0) {
			rec->labels[i].value = value;
			return 0;
		}
	}
	*SPEC_PUSH(&c->arena, rec->labels, rec->n_labels) = (struct keg_pair){ key, value };
	return 0;
}

static int add_label_file(struct creation *c, struct container_record *rec, const char *path,
			  struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(AT_FDCWD, path, MAX_LABEL_FILE, &text, err);

	char *at = text.len ? text.data : NULL;
	for (char *line; r >= 0 && (line = strsep(&at, "\n")) != NULL;) {
		line += strspn(line, " \t");
		if (*line && *line != '#')
			r = add_label(c, rec, line, err);
	}
	return r < 0 ? keg_wrap(err, "label file %s", path) : 0;
}

static int add_labels(struct creation *c, struct container_record *rec, struct keg_err *err)
{
	int r = 0;

	for (size_t i = 0; i < c->defaults.n_labels; i++)
		*SPEC_PUSH(&c->arena, rec->labels, rec->n_labels) = c->defaults.labels[i];
	for (size_t i = 0; r >= 0 && i < c->o->label_files.n; i++)
		r = add_label_file(c, rec, c->o->label_files.v[i], err);
	for (size_t i = 0; r >= 0 && i < c->o->labels.n; i++)
		r = add_label(c, rec, c->o->labels.v[i], err);
	return r;
}

static int set_stop(struct creation *c, struct container_record *rec, struct keg_err *err)
{
	const char *sig = c->o->stop_signal ? c->o->stop_signal : c->defaults.stop_signal;

	rec->stop_timeout =
		c->o->stop_timeout >= 0 ? c->o->stop_timeout : c->engine->config.stop_timeout;
	rec->timeout = (int64_t)c->o->timeout;
	rec->stop_signal = keg_str_empty(sig) ? SIGTERM : signal_parse(sig, err);
	return rec->stop_signal < 0 ? rec->stop_signal : 0;
}

static int set_log(struct creation *c, struct container_record *rec, struct keg_err *err)
{
	static const char *const drivers[] = { "k8s-file", "json-file", "journald", "none",
					       "passthrough" };
	const char *driver = c->o->log_driver ? c->o->log_driver : c->engine->config.log_driver;
	uint64_t size;

	if (!spec_gen_has(drivers, KEG_COUNT(drivers), driver))
		return keg_fail(err, KEG_EUSAGE,
				"running container create option: invalid log driver: invalid "
				"argument");
	if (strcmp(driver, "passthrough") == 0)
		return keg_fail(err, KEG_EUNSUPPORTED,
				"log driver passthrough is not supported by this version");
	/* As the peers: json-file is an alias. */
	rec->log_driver = strcmp(driver, "json-file") == 0 ? "k8s-file" : driver;
	rec->log_size_max = c->engine->config.log_size_max;
	for (size_t i = 0; i < c->o->log_opts.n; i++) {
		const char *path = keg_str_after(c->o->log_opts.v[i], "path=");
		const char *most = keg_str_after(c->o->log_opts.v[i], "max-size=");

		if (path)
			rec->log_path = path;
		else if (most && keg_parse_bytes(most, &size, err) >= 0 && size <= INT64_MAX)
			rec->log_size_max = (int64_t)size;
		else if (!keg_str_starts(c->o->log_opts.v[i], "tag="))
			return keg_fail(err, KEG_EUSAGE, "invalid log option: \"%s\"",
					c->o->log_opts.v[i]);
	}
	return 0;
}

static void list_mounts(struct creation *c, struct container_record *rec)
{
	for (size_t i = 0; i < c->gen.volumes.n; i++) {
		const struct volume_mount *v = &c->gen.volumes.v[i];

		spec_gen_add(&c->arena, &rec->mounts, &rec->n_mounts, v->dest);
		if (v->kind != VOLUME_NAMED)
			continue;
		spec_gen_add(&c->arena, &rec->volumes, &rec->n_volumes, v->source);
		if (v->anonymous)
			spec_gen_add(&c->arena, &rec->anonymous, &rec->n_anonymous, v->source);
	}
}

/* What is known before the container is made; its texts live in the creation's arena. */
static int fill_record(struct creation *c, struct container_record *rec, struct keg_err *err)
{
	const struct container_options *o = c->o;
	struct timespec now = keg_now();
	int r = add_labels(c, rec, err);

	if (r >= 0)
		r = set_stop(c, rec, err);
	if (r >= 0)
		r = set_log(c, rec, err);
	if (r < 0)
		return r;
	const char *cgroups = o->cgroups ? o->cgroups : c->engine->config.cgroups;
	rec->image = c->image_name;
	rec->image_id = c->image.id;
	rec->created = (int64_t)now.tv_sec * KEG_NS_PER_S + now.tv_nsec;
	rec->runtime = c->engine->runtime;
	rec->network = o->networks.n ? o->networks.v[0] : "private";
	rec->remove = o->rm;
	rec->transient = o->rm && c->req->starts;
	rec->tty = o->tty;
	rec->interactive = o->interactive;
	rec->privileged = o->privileged;
	rec->init = o->init || c->engine->config.init;
	rec->no_cgroups = strcmp(cgroups, "disabled") == 0;
	return 0;
}

/* --- making it ---------------------------------------------------------------------------- */

static int write_cidfile(const char *path, const char *id, struct keg_err *err)
{
	autofd int fd = keg_open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0644, err);

	return fd < 0 ? fd : keg_write_all(fd, id, strlen(id), err);
}

static int generate(struct creation *cr, struct container *c, struct keg_err *err)
{
	struct spec_gen *gen = &cr->gen;

	gen->id = c->id;
	gen->name = c->record.name;
	gen->image_name = cr->image_name;
	gen->image_id = cr->image.id;
	gen->files_dir = c->run_path;
	gen->volumes_dir = cr->engine->volumes;
	gen->rootfd = c->rootfs;
	for (; cr->req->command[gen->n_command]; gen->n_command++)
		;
	gen->command = cr->req->command;
	int r = volume_prepare(cr->engine, &gen->volumes, c->rootfs, &cr->arena, err);
	if (r >= 0)
		r = spec_gen_run(gen, err);
	if (r >= 0)
		r = volume_chown(cr->engine, &gen->volumes, gen->user.uid, gen->user.gid, err);
	if (r >= 0)
		r = container_files_write(gen, c->run, c->record.remove ? -1 : c->dir, err);
	return r;
}

static int write_all(struct creation *cr, struct container *c, struct keg_err *err)
{
	autojson config = oci_config_encode(&cr->gen.out);
	autojson detail = create_detail(&cr->gen, cr->req->argv);
	auto(keg_buf) text = { 0 };

	keg_json_print(config, &text);
	c->record.command = cr->gen.out.process->args;
	c->record.n_command = cr->gen.out.process->n_args;
	list_mounts(cr, &c->record);
	int r = container_save(c, detail, text.data, text.len, err);
	if (r >= 0 && cr->o->cidfile)
		r = write_cidfile(cr->o->cidfile, c->id, err);
	return r;
}

/* A path as the user typed it, for a command that runs elsewhere. */
static const char *from_here(struct keg_arena *arena, const char *path)
{
	autofree char *here = path && *path != '/' ? getcwd(NULL, 0) : NULL;

	return here ? keg_arena_printf(arena, "%s/%s", here, path) : path;
}

static int make(struct creation *cr, struct container *c, struct container_record *rec,
		struct keg_err *err)
{
	rec->id = c->id;
	rec->name = c->record.name;
	rec->pid_file = from_here(&cr->arena, cr->o->pid_file);
	rec->monitor_pid_file = from_here(&cr->arena, cr->o->monitor_pid_file);
	c->record = *rec;
	if (!c->record.log_path && strcmp(c->record.log_driver, "k8s-file") == 0)
		c->record.log_path = keg_arena_printf(&cr->arena, "%s/" CONTAINER_FILE_LOG,
						      c->record.remove ? c->run_path : c->path);
	int r = mount_image(c, cr->store, &cr->image, err);
	if (r >= 0)
		r = generate(cr, c, err);
	if (r >= 0)
		r = write_all(cr, c, err);
	return r;
}

/* The record's texts outlive the creation: they are handed to the container's arena. */
static void adopt_arena(void *from)
{
	keg_arena_done(from);
	free(from);
}

static void hand_over(struct creation *cr, struct container *c)
{
	struct keg_arena *moved = keg_alloc(1, sizeof *moved);

	*moved = cr->arena;
	cr->arena = (struct keg_arena){ 0 };
	keg_arena_defer(&c->arena, adopt_arena, moved);
}

static int prepare(struct creation *cr, struct container_record *rec, struct keg_err *err)
{
	int r = check_options(cr, err);

	if (r >= 0)
		r = engine_store(cr->engine, &cr->store, err);
	if (r >= 0)
		r = cr->hold = store_hold(cr->store, err);
	if (r >= 0)
		r = read_image(cr, err);
	if (r < 0)
		return r;
	cr->gen.config = &cr->engine->config;
	cr->gen.options = cr->o;
	cr->gen.image = &cr->defaults;
	cr->gen.arena = &cr->arena;
	/*
	 * What outlives the boot needs the rules themselves, and so does a foreign runtime; a
	 * container that is removed when it ends does not outlive the folder of filters.
	 */
	if (!cr->engine->runtime && cr->o->rm) {
		autofree char *cache = runtime_default_cache();

		cr->gen.filter_cache = keg_arena_strdup(&cr->arena, cache);
	}
	cr->gen.cgroup_unified = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	r = spec_gen_modes(&cr->gen, err);
	if (r >= 0)
		r = parse_volumes(cr, err);
	return r < 0 ? r : fill_record(cr, rec, err);
}

static bool joins_others(const struct spec_gen *gen)
{
	for (size_t i = 0; i < SPEC_NS_COUNT; i++) {
		if (gen->ns[i].mode == SPEC_NS_CONTAINER)
			return true;
	}
	return false;
}

int container_create(struct engine *engine, const struct container_request *req, int *hold,
		     struct container *out, struct keg_err *err)
{
	auto(creation) cr = { .engine = engine, .req = req, .o = req->options, .hold = -1 };
	struct container_record rec = { 0 };
	int r = prepare(&cr, &rec, err);

	if (r >= 0)
		r = container_make(engine, keg_str_empty(cr.o->name) ? NULL : cr.o->name, out, err);
	if (r < 0)
		return r;
	r = make(&cr, out, &rec, err);
	if (r >= 0 && !hold)
		r = store_pin(cr.store, cr.image.id, out->id, err);
	if (r < 0) {
		struct keg_err ignored;

		if (container_discard(out, &ignored) < 0)
			keg_debug("%s", ignored.msg);
		container_close(out);
		return r;
	}
	if (hold)
		*hold = take_fd(&cr.hold);
	out->fresh = !joins_others(&cr.gen);
	hand_over(&cr, out);
	return 0;
}
