/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities, system call filter, masked paths, and what --security-opt says. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strv.h"
#include "engine/capabilities.h"
#include "engine/seccomp_profile.h"
#include "engine/spec_gen.h"

static const char *const masked_paths[] = {
	"/proc/acpi",	       "/proc/kcore",	   "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
	"/proc/sched_debug",   "/proc/scsi",	   "/sys/firmware",
	"/sys/fs/selinux",     "/sys/dev/block",   "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = { "/proc/asound", "/proc/bus", "/proc/fs",
					      "/proc/irq",    "/proc/sys", "/proc/sysrq-trigger" };

/* What --security-opt and its kin say. */
struct security {
	const char *seccomp; /* NULL: the default profile; "unconfined" */
	const char *apparmor;
	struct keg_strv mask, unmask;
	bool no_new_privileges;
};

static void security_done(struct security *s)
{
	keg_strv_done(&s->mask);
	keg_strv_done(&s->unmask);
}
KEG_AUTO(security, security_done)

/* --- capabilities ------------------------------------------------------------------------- */

static void add_cap_names(struct spec_gen *gen, uint64_t set, const char ***list, size_t *n)
{
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (set & ((uint64_t)1 << i))
			spec_gen_add(gen->arena, list, n, capability_name(i));
	}
}

struct cap_choice {
	uint64_t bounding, added;
};

static bool has_all(const struct keg_strv *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcasecmp(list->v[i], "all") == 0)
			return true;
	}
	return false;
}

static int choose_caps(struct spec_gen *gen, struct cap_choice *out, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	const struct engine_config *c = gen->config;
	uint64_t all = capability_bounding(), base, add, drop;
	int r = capability_set(c->default_capabilities, c->n_default_capabilities, all, &base, err);

	if (r >= 0)
		r = capability_set((const char *const *)o->cap_add.v, o->cap_add.n, all, &add, err);
	if (r >= 0)
		r = capability_set((const char *const *)o->cap_drop.v, o->cap_drop.n, ~(uint64_t)0,
				   &drop, err);
	if (r < 0)
		return r;
	if (drop == ~(uint64_t)0 && has_all(&o->cap_add))
		return keg_fail(err, KEG_EUSAGE,
				"adding all caps and removing all caps not allowed");
	if (drop != ~(uint64_t)0 && (add & drop) && !has_all(&o->cap_add))
		return keg_fail(err, KEG_EUSAGE, "capability \"%s\" cannot be dropped and added",
				capability_name((unsigned)__builtin_ctzll(add & drop)));
	if (o->privileged)
		base = all;
	out->bounding = (drop == ~(uint64_t)0 ? add : ((base & ~drop) | add)) & all;
	out->added = add & all;
	return 0;
}

/* Root gets the set; another user only what was added for him, so that it survives the exec. */
static int set_caps(struct spec_gen *gen, uint64_t *bounding, struct keg_err *err)
{
	struct oci_capabilities *caps = keg_arena_alloc(gen->arena, 1, sizeof *caps);
	struct cap_choice choice = { 0 };
	int r = choose_caps(gen, &choice, err);

	if (r < 0)
		return r;
	add_cap_names(gen, choice.bounding, &caps->bounding, &caps->n_bounding);
	if (gen->user.uid == 0) {
		caps->effective = caps->permitted = caps->bounding;
		caps->n_effective = caps->n_permitted = caps->n_bounding;
	} else {
		add_cap_names(gen, choice.added, &caps->effective, &caps->n_effective);
		caps->permitted = caps->inheritable = caps->ambient = caps->effective;
		caps->n_permitted = caps->n_inheritable = caps->n_ambient = caps->n_effective;
	}
	gen->out.process->capabilities = caps;
	*bounding = choice.bounding;
	return 0;
}

/* --- --security-opt ----------------------------------------------------------------------- */

static bool apparmor_is_on(void)
{
	char answer = 'N';
	autofd int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

static int parse_security_opt(struct security *s, const char *text, struct keg_err *err)
{
	size_t len = strcspn(text, "=:");
	const char *value = text[len] ? text + len + 1 : NULL;
	autofree char *key = keg_strndup(text, len);

	if (strcmp(key, "no-new-privileges") == 0) {
		s->no_new_privileges = !value || strcmp(value, "true") == 0;
		return 0;
	}
	if (!value)
		return keg_fail(err, KEG_EUSAGE, "invalid --security-opt 1: \"%s\"", text);
	if (strcmp(key, "seccomp") == 0)
		s->seccomp = value;
	else if (strcmp(key, "apparmor") == 0)
		s->apparmor = value;
	else if (strcmp(key, "mask") == 0)
		keg_strv_split(&s->mask, value, ':');
	else if (strcmp(key, "unmask") == 0)
		keg_strv_split(&s->unmask, value, ':');
	else if (strcmp(key, "label") == 0)
		keg_debug("SELinux is not enabled: label=%s changes nothing", value);
	else
		return keg_fail(err, KEG_EUSAGE, "invalid --security-opt 2: \"%s\"", text);
	return 0;
}

static int set_apparmor(struct spec_gen *gen, const struct security *s, struct keg_err *err)
{
	if (!s->apparmor || strcmp(s->apparmor, "unconfined") == 0)
		return 0;
	if (!apparmor_is_on())
		return keg_fail(err, KEG_EUSAGE,
				"apparmor profile \"%s\" specified, but Apparmor is not enabled on "
				"this system",
				s->apparmor);
	gen->out.process->apparmor_profile = s->apparmor;
	return 0;
}

static bool is_unmasked(const struct security *s, const char *path)
{
	for (size_t i = 0; i < s->unmask.n; i++) {
		const char *word = s->unmask.v[i];
		size_t len = strlen(word);

		if (strcasecmp(word, "all") == 0 || strcmp(word, path) == 0)
			return true;
		if (len > 1 && word[len - 1] == '*' && strncmp(word, path, len - 1) == 0)
			return true;
	}
	return false;
}

static void set_masks(struct spec_gen *gen, const struct security *s)
{
	struct oci_linux *out = gen->out.os;

	if (!gen->options->privileged) {
		for (size_t i = 0; i < KEG_COUNT(masked_paths); i++) {
			if (!is_unmasked(s, masked_paths[i]))
				spec_gen_add(gen->arena, &out->masked_paths, &out->n_masked_paths,
					     masked_paths[i]);
		}
		for (size_t i = 0; i < KEG_COUNT(readonly_paths); i++) {
			if (!is_unmasked(s, readonly_paths[i]))
				spec_gen_add(gen->arena, &out->readonly_paths,
					     &out->n_readonly_paths, readonly_paths[i]);
		}
	}
	for (size_t i = 0; i < s->mask.n; i++)
		spec_gen_add(gen->arena, &out->masked_paths, &out->n_masked_paths,
			     keg_arena_strdup(gen->arena, s->mask.v[i]));
}

static int set_seccomp(struct spec_gen *gen, const struct security *s, uint64_t caps,
		       struct keg_err *err)
{
	const char *path = s->seccomp;

	if (gen->options->privileged && !path)
		return 0;
	if (path && strcmp(path, "unconfined") == 0)
		return 0;
	if (!path && !keg_str_empty(gen->config->seccomp_profile))
		path = gen->config->seccomp_profile;
	if (gen->filter_cache) {
		int r = seccomp_profile_file(path, caps, gen->filter_cache, &gen->filter,
					     gen->arena, err);

		if (r != 0)
			return r < 0 ? r : 0;
	}
	return seccomp_profile_load(path, caps, &gen->out.os->seccomp, gen->arena, err);
}

int spec_gen_security(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	auto(security) s = { 0 };
	uint64_t caps = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < o->security_opts.n; i++)
		r = parse_security_opt(&s, o->security_opts.v[i], err);
	if (r >= 0)
		r = set_caps(gen, &caps, err);
	if (r >= 0)
		r = set_apparmor(gen, &s, err);
	if (r >= 0)
		r = set_seccomp(gen, &s, caps, err);
	if (r < 0)
		return r;
	gen->out.process->no_new_privileges = s.no_new_privileges;
	set_masks(gen, &s);
	return 0;
}
