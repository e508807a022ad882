/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices: nothing but the runtime's defaults, what --device names, or with --privileged all
 * of the host's. An ordinary user cannot make device nodes: his are bound from the host.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/num.h"
#include "engine/spec_gen.h"

enum { MAX_DEVICES = 4096, MAX_DEPTH = 8 };

/* Not devices of the host but file systems and sockets of their own. */
static const char *const skipped[] = { "pts",	      "shm",   "fd",	  "mqueue", ".lxc",
				       ".lxd-mounts", ".udev", "console", "ptmx" };

static void allow(struct spec_gen *gen, const struct stat *st, const char *access)
{
	struct oci_resources *res = gen->out.os->resources;

	*SPEC_PUSH(gen->arena, res->devices, res->n_devices) = (struct oci_device_rule){
		.allow = true,
		.type = S_ISBLK(st->st_mode) ? "b" : "c",
		.major = spec_gen_i64(gen->arena, major(st->st_rdev)),
		.minor = spec_gen_i64(gen->arena, minor(st->st_rdev)),
		.access = access,
	};
}

static void bind_device(struct spec_gen *gen, const char *source, const char *dest)
{
	static const char *words[] = { "bind", "nosuid", "noexec" };
	struct oci_config *out = &gen->out;

	*SPEC_PUSH(gen->arena, out->mounts, out->n_mounts) = (struct oci_mount){
		.destination = dest,
		.type = "bind",
		.source = source,
		.options = words,
		.n_options = KEG_COUNT(words),
	};
}

static void add_device(struct spec_gen *gen, const struct stat *st, const char *source,
		       const char *dest)
{
	struct oci_linux *out = gen->out.os;

	if (gen->config->rootless) {
		bind_device(gen, source, dest);
		return;
	}
	*SPEC_PUSH(gen->arena, out->devices, out->n_devices) = (struct oci_device){
		.type = S_ISBLK(st->st_mode) ? "b" : "c",
		.path = dest,
		.major = major(st->st_rdev),
		.minor = minor(st->st_rdev),
		.file_mode = spec_gen_u32(gen->arena, st->st_mode & 07777),
		.uid = spec_gen_u32(gen->arena, st->st_uid),
		.gid = spec_gen_u32(gen->arena, st->st_gid),
	};
}

static bool is_access(const char *text)
{
	size_t len = strlen(text);

	return len >= 1 && len <= 3 && strspn(text, "rwm") == len;
}

static int add_folder(struct spec_gen *gen, const char *source, const char *dest,
		      const char *access, unsigned level, struct keg_err *err);

static int add_node(struct spec_gen *gen, const char *source, const char *dest, const char *access,
		    struct keg_err *err)
{
	struct stat st;

	if (stat(source, &st) < 0)
		return keg_fail_sys(err, errno, "stat %s", source);
	if (S_ISDIR(st.st_mode))
		return add_folder(gen, source, dest, access, 0, err);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return keg_fail(err, KEG_EUSAGE, "%s is not a device node", source);
	add_device(gen, &st, source, dest);
	allow(gen, &st, access);
	return 0;
}

/* All nodes below a folder; `access` NULL: no rules for them (everything is allowed). */
static int add_folder(struct spec_gen *gen, const char *source, const char *dest,
		      const char *access, unsigned level, struct keg_err *err)
{
	autodir stream = opendir(source);

	if (!stream)
		return keg_fail_sys(err, errno, "open %s", source);
	for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
		struct stat st;
		const char *name = entry->d_name;

		if (*name == '.' || spec_gen_has(skipped, KEG_COUNT(skipped), name))
			continue;
		const char *from = keg_arena_printf(gen->arena, "%s/%s", source, name);
		const char *to = keg_arena_printf(gen->arena, "%s/%s", dest, name);
		if (lstat(from, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && level < MAX_DEPTH) {
			struct keg_err ignored;

			if (add_folder(gen, from, to, access, level + 1, &ignored) < 0)
				continue;
		} else if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
			   gen->out.os->n_devices < MAX_DEVICES) {
			add_device(gen, &st, from, to);
			if (access)
				allow(gen, &st, access);
		}
	}
	return 0;
}

/* SOURCE[:DEST][:ACCESS] */
static int add_option(struct spec_gen *gen, const char *text, struct keg_err *err)
{
	auto(keg_strv) parts = { 0 };
	const char *access = "rwm";

	keg_strv_split(&parts, text, ':');
	if (parts.n == 0 || parts.n > 3)
		return keg_fail(err, KEG_EUSAGE, "invalid device specification: %s", text);
	const char *source = keg_arena_strdup(gen->arena, parts.v[0]);
	const char *dest = source;
	if (parts.n == 2 && is_access(parts.v[1]))
		access = keg_arena_strdup(gen->arena, parts.v[1]);
	else if (parts.n >= 2 && *parts.v[1])
		dest = keg_arena_strdup(gen->arena, parts.v[1]);
	if (parts.n == 3 && !is_access(parts.v[2]))
		return keg_fail(err, KEG_EUSAGE, "invalid device mode: %s", parts.v[2]);
	if (parts.n == 3)
		access = keg_arena_strdup(gen->arena, parts.v[2]);
	if (*dest != '/')
		return keg_fail(err, KEG_EUSAGE, "invalid device mode: %s", dest);
	return add_node(gen, source, dest, access, err);
}

/* "c 10:200 rwm", with '*' for any number. */
static int add_rule(struct spec_gen *gen, const char *text, struct keg_err *err)
{
	struct oci_resources *res = gen->out.os->resources;
	char type, major_text[16], minor_text[16], access[8], extra;
	struct oci_device_rule rule = { .allow = true };
	uint32_t number;

	if (sscanf(text, "%c %15[0-9*]:%15[0-9*] %7s%c", &type, major_text, minor_text, access,
		   &extra) != 4 ||
	    !strchr("abc", type) || !is_access(access))
		return keg_fail(err, KEG_EUSAGE, "invalid device cgroup rule format: '%s'", text);
	rule.type = keg_arena_strndup(gen->arena, &type, 1);
	rule.access = keg_arena_strdup(gen->arena, access);
	if (strcmp(major_text, "*") != 0) {
		if (keg_parse_u32(major_text, &number, err) < 0)
			return keg_wrap(err, "device cgroup rule '%s'", text);
		rule.major = spec_gen_i64(gen->arena, number);
	}
	if (strcmp(minor_text, "*") != 0) {
		if (keg_parse_u32(minor_text, &number, err) < 0)
			return keg_wrap(err, "device cgroup rule '%s'", text);
		rule.minor = spec_gen_i64(gen->arena, number);
	}
	*SPEC_PUSH(gen->arena, res->devices, res->n_devices) = rule;
	return 0;
}

int spec_gen_devices(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	struct oci_resources *res = gen->out.os->resources;
	int r = 0;

	*SPEC_PUSH(gen->arena, res->devices, res->n_devices) =
		(struct oci_device_rule){ .allow = o->privileged, .access = "rwm" };
	if (o->privileged)
		return add_folder(gen, "/dev", "/dev", NULL, 0, err);
	for (size_t i = 0; r >= 0 && i < gen->config->n_devices; i++)
		r = add_option(gen, gen->config->devices[i], err);
	for (size_t i = 0; r >= 0 && i < o->devices.n; i++)
		r = add_option(gen, o->devices.v[i], err);
	for (size_t i = 0; r >= 0 && i < o->device_rules.n; i++)
		r = add_rule(gen, o->device_rules.v[i], err);
	return r;
}
