/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/seccomp_profile.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "engine/capabilities.h"
#include "engine/spec_gen.h"

enum { MAX_PROFILE = 4 << 20 };

static const char *const default_places[] = { "/etc/containers/seccomp.json",
					      "/usr/share/containers/seccomp.json" };

/* A condition of a rule: for which capabilities, architectures and kernels it is. */
struct condition {
	const char **caps, **arches;
	size_t n_caps, n_arches;
	const char *min_kernel;
};

struct rule {
	const char **names, *action;
	size_t n_names;
	const uint32_t *errno_ret;
	struct oci_syscall_arg *args;
	size_t n_args;
	const char *name; /* older files: one name a rule */
	struct condition *includes, *excludes;
};

struct arch {
	const char *architecture;
	const char **sub;
	size_t n_sub;
};

struct profile {
	const char *default_action;
	const uint32_t *default_errno;
	const char **architectures, **flags;
	size_t n_architectures, n_flags;
	struct arch *arch_map;
	size_t n_arch_map;
	struct rule *rules;
	size_t n_rules;
};

static const struct keg_json_field condition_rows[] = {
	JSON_STRV("caps", struct condition, caps, 0),
	JSON_STRV("arches", struct condition, arches, 0),
	JSON_STR("minKernel", struct condition, min_kernel, 0),
	JSON_END,
};

static const struct keg_json_field arg_rows[] = {
	JSON_U32("index", struct oci_syscall_arg, index, 0),
	JSON_U64("value", struct oci_syscall_arg, value, 0),
	JSON_U64("valueTwo", struct oci_syscall_arg, value_two, 0),
	JSON_STR("op", struct oci_syscall_arg, op, KEG_JSON_REQUIRED),
	JSON_END,
};

static const struct keg_json_field rule_rows[] = {
	JSON_STRV("names", struct rule, names, 0),
	JSON_STR("name", struct rule, name, 0),
	JSON_STR("action", struct rule, action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("errnoRet", struct rule, errno_ret, 0),
	JSON_OBJV("args", struct rule, args, 0, oci_syscall_arg, arg_rows),
	JSON_OBJ("includes", struct rule, includes, 0, condition, condition_rows),
	JSON_OBJ("excludes", struct rule, excludes, 0, condition, condition_rows),
	JSON_END,
};

static const struct keg_json_field arch_rows[] = {
	JSON_STR("architecture", struct arch, architecture, 0),
	JSON_STRV("subArchitectures", struct arch, sub, 0),
	JSON_END,
};

static const struct keg_json_field profile_rows[] = {
	JSON_STR("defaultAction", struct profile, default_action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("defaultErrnoRet", struct profile, default_errno, 0),
	JSON_STRV("architectures", struct profile, architectures, 0),
	JSON_STRV("flags", struct profile, flags, 0),
	JSON_OBJV("archMap", struct profile, arch_map, 0, arch, arch_rows),
	JSON_OBJV("syscalls", struct profile, rules, 0, rule, rule_rows),
	JSON_END,
};

/* Go's and seccomp's names of the machine that we were built for. */
#if defined(__x86_64__)
static const char *const arch_words[] = { "amd64", "x32", "x86" };
static const char native_arch[] = "SCMP_ARCH_X86_64";
#elif defined(__aarch64__)
static const char *const arch_words[] = { "arm64", "arm" };
static const char native_arch[] = "SCMP_ARCH_AARCH64";
#else
#error "seccomp_profile.c does not know this architecture"
#endif

static bool has_cap(uint64_t caps, const char *name)
{
	int number = capability_number(name);

	return number >= 0 && (caps >> number & 1);
}

static bool has_arch(const char *word)
{
	return spec_gen_has(arch_words, KEG_COUNT(arch_words), word);
}

/* Is the running kernel at least "MAJOR.MINOR"? */
static bool kernel_is(const char *least)
{
	struct utsname host;
	unsigned have[2], want[2];

	return uname(&host) == 0 && sscanf(host.release, "%u.%u", &have[0], &have[1]) == 2 &&
	       sscanf(least, "%u.%u", &want[0], &want[1]) == 2 &&
	       (have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]));
}

static bool applies(const struct rule *rule, uint64_t caps)
{
	const struct condition *in = rule->includes, *ex = rule->excludes;
	bool arch = !in || in->n_arches == 0;

	for (size_t i = 0; in && i < in->n_arches; i++)
		arch |= has_arch(in->arches[i]);
	if (!arch)
		return false;
	for (size_t i = 0; in && i < in->n_caps; i++) {
		if (!has_cap(caps, in->caps[i]))
			return false;
	}
	if (in && in->min_kernel && !kernel_is(in->min_kernel))
		return false;
	for (size_t i = 0; ex && i < ex->n_arches; i++) {
		if (has_arch(ex->arches[i]))
			return false;
	}
	for (size_t i = 0; ex && i < ex->n_caps; i++) {
		if (has_cap(caps, ex->caps[i]))
			return false;
	}
	return !(ex && ex->min_kernel && kernel_is(ex->min_kernel));
}

static void choose_architectures(const struct profile *p, struct oci_seccomp *out,
				 struct keg_arena *arena)
{
	out->architectures = p->architectures;
	out->n_architectures = p->n_architectures;
	for (size_t i = 0; i < p->n_arch_map; i++) {
		const struct arch *a = &p->arch_map[i];

		if (!a->architecture || strcmp(a->architecture, native_arch) != 0)
			continue;
		spec_gen_add(arena, &out->architectures, &out->n_architectures, a->architecture);
		for (size_t k = 0; k < a->n_sub; k++)
			spec_gen_add(arena, &out->architectures, &out->n_architectures, a->sub[k]);
	}
}

static struct oci_seccomp *for_container(const struct profile *p, uint64_t caps,
					 struct keg_arena *arena)
{
	struct oci_seccomp *out = keg_arena_alloc(arena, 1, sizeof *out);

	out->default_action = p->default_action;
	out->default_errno_ret = p->default_errno;
	out->flags = p->flags;
	out->n_flags = p->n_flags;
	choose_architectures(p, out, arena);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct rule *rule = &p->rules[i];
		struct oci_syscall call = {
			.names = rule->names,
			.n_names = rule->n_names,
			.action = rule->action,
			.errno_ret = rule->errno_ret,
			.args = rule->args,
			.n_args = rule->n_args,
		};

		if (!applies(rule, caps))
			continue;
		if (call.n_names == 0 && rule->name)
			spec_gen_add(arena, &call.names, &call.n_names, rule->name);
		if (call.n_names)
			*SPEC_PUSH(arena, out->syscalls, out->n_syscalls) = call;
	}
	return out;
}

static const char *default_place(void)
{
	for (size_t i = 0; i < KEG_COUNT(default_places); i++) {
		if (access(default_places[i], R_OK) == 0)
			return default_places[i];
	}
	return NULL;
}

int seccomp_profile_load(const char *path, uint64_t caps, struct oci_seccomp **out,
			 struct keg_arena *arena, struct keg_err *err)
{
	autojson tree = NULL;
	struct profile profile = { 0 };

	if (!path)
		path = default_place();
	if (!path) {
		keg_fail(err, KEG_ENOTFOUND, "no seccomp profile: %s", default_places[1]);
		return keg_hint(err, "Install the package containers-common, or ask for "
				     "--security-opt seccomp=unconfined.");
	}
	int r = keg_json_read(AT_FDCWD, path, MAX_PROFILE, &tree, err);
	if (r == -KEG_ENOTFOUND || r == -KEG_EDENIED)
		return keg_wrap(err, "opening seccomp profile failed");
	if (r >= 0)
		r = keg_json_decode(tree, profile_rows, &profile, arena, err);
	if (r < 0)
		return keg_wrap(err, "loading seccomp profile (%s) failed", path);
	*out = for_container(&profile, caps, arena);
	return 0;
}
