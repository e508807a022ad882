/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is mounted where: the kernel's file systems, the files that keg provides, and what the
 * user asked for. A user's mount replaces ours at the same place, and what lies deeper is
 * mounted later.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/num.h"
#include "engine/container_files.h"
#include "engine/spec_gen.h"

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct oci_mount *add_mount(struct spec_gen *gen, const char *dest, const char *type,
				   const char *source, const char *const *options)
{
	struct oci_config *out = &gen->out;

	if (volume_find(&gen->volumes, dest))
		return NULL;
	struct oci_mount *m = SPEC_PUSH(gen->arena, out->mounts, out->n_mounts);
	m->destination = dest;
	m->type = type;
	m->source = source;
	for (size_t i = 0; options[i]; i++)
		spec_gen_add(gen->arena, &m->options, &m->n_options, options[i]);
	return m;
}

static void add_proc(struct spec_gen *gen)
{
	/* Without its own pid namespace a new proc may not be mounted in a user namespace. */
	if (gen->ns[SPEC_PID].mode == SPEC_NS_HOST && gen->config->rootless)
		add_mount(gen, "/proc", "bind", "/proc",
			  OPTIONS("rbind", "nosuid", "noexec", "nodev"));
	else
		add_mount(gen, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
}

static void add_sys(struct spec_gen *gen)
{
	const char *access = gen->options->privileged ? "rw" : "ro";
	bool own_net =
		gen->ns[SPEC_NET].mode == SPEC_NS_PRIVATE || gen->ns[SPEC_NET].mode == SPEC_NS_NONE;

	/* A new sysfs shows the network namespace; one that is not ours may not be mounted. */
	if (gen->config->rootless && !own_net)
		add_mount(gen, "/sys", "bind", "/sys",
			  OPTIONS("rprivate", "nosuid", "noexec", "nodev", access, "rbind"));
	else
		add_mount(gen, "/sys", "sysfs", "sysfs",
			  OPTIONS("nosuid", "noexec", "nodev", access));
	if (gen->config->rootless && !own_net)
		return;
	add_mount(gen, "/sys/fs/cgroup", "cgroup", "cgroup",
		  OPTIONS("rprivate", "nosuid", "noexec", "nodev", "relatime", access));
}

static int add_shm(struct spec_gen *gen, struct keg_err *err)
{
	const char *asked = gen->options->shm_size;
	uint64_t size;
	struct keg_err why;

	if (keg_parse_bytes(asked ? asked : gen->config->shm_size, &size, &why) < 0)
		return keg_fail(err, KEG_EUSAGE,
				"unable to translate --shm-size: invalid size: '%s'",
				asked ? asked : gen->config->shm_size);
	switch (gen->ns[SPEC_IPC].mode) {
	case SPEC_NS_HOST:
		add_mount(gen, "/dev/shm", "bind", "/dev/shm", OPTIONS("rbind", "rprivate"));
		/* Of an ipc namespace that is not ours no new mqueue may be mounted. */
		if (!gen->config->rootless)
			break;
		if (access("/dev/mqueue", F_OK) == 0)
			add_mount(gen, "/dev/mqueue", "bind", "/dev/mqueue",
				  OPTIONS("bind", "nosuid", "noexec", "nodev"));
		return 0;
	case SPEC_NS_NONE:
		return 0;
	case SPEC_NS_CONTAINER:
		/* The other's is put there when it is known, at the start. */
		add_mount(gen, "/dev/shm", "bind",
			  keg_arena_printf(gen->arena, "%s/" CONTAINER_FILE_SHM, gen->files_dir),
			  OPTIONS("bind", "rprivate", "nosuid", "noexec", "nodev"));
		break;
	default:
		add_mount(gen, "/dev/shm", "tmpfs", "shm",
			  OPTIONS("nosuid", "noexec", "nodev", "mode=1777",
				  keg_arena_printf(gen->arena, "size=%llu",
						   (unsigned long long)size)));
	}
	add_mount(gen, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
	return 0;
}

static void add_dev(struct spec_gen *gen)
{
	bool has_tty_group = gen->config->rootless;

	add_mount(gen, "/dev", "tmpfs", "tmpfs",
		  OPTIONS("nosuid", "noexec", "strictatime", "mode=755", "size=65536k"));
	/* Alone in a user namespace there is no group 5. */
	if (has_tty_group && !container_id_is_mapped(5))
		add_mount(gen, "/dev/pts", "devpts", "devpts",
			  OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
	else
		add_mount(gen, "/dev/pts", "devpts", "devpts",
			  OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
				  "gid=5"));
}

/* hosts, hostname, resolv.conf, .containerenv: written by container_files.c at each start. */
static void add_files(struct spec_gen *gen)
{
	static const struct {
		const char *dest, *file;
		unsigned when;
	} files[] = {
		{ "/etc/hosts", CONTAINER_FILE_HOSTS, CONTAINER_WANTS_HOSTS },
		{ "/etc/hostname", CONTAINER_FILE_HOSTNAME, CONTAINER_WANTS_HOSTNAME },
		{ "/etc/resolv.conf", CONTAINER_FILE_RESOLV, CONTAINER_WANTS_RESOLV },
		{ "/run/.containerenv", CONTAINER_FILE_ENV, CONTAINER_WANTS_ENV },
		{ "/etc/passwd", CONTAINER_FILE_PASSWD, CONTAINER_WANTS_PASSWD },
	};
	unsigned wanted = container_files_wanted(gen);

	for (size_t i = 0; i < KEG_COUNT(files); i++) {
		if (!(wanted & files[i].when))
			continue;
		const char *source =
			keg_arena_printf(gen->arena, "%s/%s", gen->files_dir, files[i].file);
		if (gen->out.root->readonly)
			add_mount(gen, files[i].dest, "bind", source,
				  OPTIONS("bind", "rprivate", "ro", "nosuid", "noexec", "nodev"));
		else
			add_mount(gen, files[i].dest, "bind", source, OPTIONS("bind", "rprivate"));
	}
}

/* A zone's name is a path below the zones' folder, and nothing else. */
static int add_time_zone(struct spec_gen *gen, struct keg_err *err)
{
	const char *zone = gen->options->tz ? gen->options->tz : gen->config->tz;

	if (keg_str_empty(zone))
		return 0;
	if (*zone == '/' || strstr(zone, ".."))
		return keg_fail(err, KEG_EUSAGE, "invalid time zone \"%s\"", zone);
	const char *file = strcmp(zone, "local") == 0
				   ? "/etc/localtime"
				   : keg_arena_printf(gen->arena, "/usr/share/zoneinfo/%s", zone);
	if (access(file, R_OK) < 0)
		return keg_fail_sys(err, errno, "running container create option: stat %s", file);
	add_mount(gen, "/etc/localtime", "bind", file, OPTIONS("bind", "ro", "rprivate"));
	return 0;
}

static void add_init(struct spec_gen *gen)
{
	const struct container_options *o = gen->options;

	if (o->init || gen->config->init)
		add_mount(gen, "/run/podman-init", "bind",
			  o->init_path ? o->init_path : gen->config->init_path,
			  OPTIONS("bind", "ro", "rprivate"));
}

/* With --read-only what programs expect to write to is memory. */
static void add_read_only_tmpfs(struct spec_gen *gen)
{
	static const char *const places[] = { "/run", "/tmp", "/var/tmp" };

	if (!gen->out.root->readonly || gen->options->read_only_tmpfs == 0)
		return;
	for (size_t i = 0; i < KEG_COUNT(places); i++)
		add_mount(gen, places[i], "tmpfs", "tmpfs",
			  OPTIONS("rw", "rprivate", "nosuid", "nodev", "tmpcopyup"));
}

static void add_volumes(struct spec_gen *gen)
{
	static const char *const types[] = {
		[VOLUME_BIND] = "bind",
		[VOLUME_NAMED] = "bind",
		[VOLUME_TMPFS] = "tmpfs",
		[VOLUME_DEVPTS] = "devpts",
	};
	struct oci_config *out = &gen->out;

	for (size_t i = 0; i < gen->volumes.n; i++) {
		const struct volume_mount *v = &gen->volumes.v[i];
		struct oci_mount *m = SPEC_PUSH(gen->arena, out->mounts, out->n_mounts);

		m->destination = v->dest;
		m->type = types[v->kind];
		m->source = v->kind == VOLUME_NAMED ? keg_arena_printf(gen->arena, "%s/%s/_data",
								       gen->volumes_dir, v->source)
						    : v->source;
		m->options = v->options;
		m->n_options = v->n_options;
	}
}

static unsigned depth(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* Stable, and there are few of them. */
static void sort_by_depth(struct oci_mount *mounts, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct oci_mount moved = mounts[i];
		size_t at = i;

		for (; at > 0 && depth(mounts[at - 1].destination) > depth(moved.destination); at--)
			mounts[at] = mounts[at - 1];
		mounts[at] = moved;
	}
}

int spec_gen_mounts(struct spec_gen *gen, struct keg_err *err)
{
	add_proc(gen);
	add_dev(gen);
	add_sys(gen);
	int r = add_shm(gen, err);
	if (r < 0)
		return r;
	add_files(gen);
	r = add_time_zone(gen, err);
	if (r < 0)
		return r;
	add_init(gen);
	add_read_only_tmpfs(gen);
	add_volumes(gen);
	sort_by_depth(gen->out.mounts, gen->out.n_mounts);
	return 0;
}
