/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/seccomp_profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/num.h"
#include "base/strv.h"

enum { ERRNO_MAX = 4095 };

static const struct keg_json_field condition_rows[] = {
	JSON_STRV("caps", struct seccomp_condition, caps, 0),
	JSON_STRV("arches", struct seccomp_condition, arches, 0),
	JSON_STR("minKernel", struct seccomp_condition, min_kernel, 0),
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
	JSON_STRV("names", struct seccomp_conditional, names, 0),
	JSON_STR("name", struct seccomp_conditional, name, 0),
	JSON_STR("action", struct seccomp_conditional, action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("errnoRet", struct seccomp_conditional, errno_ret, 0),
	JSON_STR("errno", struct seccomp_conditional, errno_name, 0),
	JSON_OBJV("args", struct seccomp_conditional, args, 0, oci_syscall_arg, arg_rows),
	JSON_OBJ("includes", struct seccomp_conditional, includes, 0, seccomp_condition,
		 condition_rows),
	JSON_OBJ("excludes", struct seccomp_conditional, excludes, 0, seccomp_condition,
		 condition_rows),
	JSON_END,
};

static const struct keg_json_field arch_rows[] = {
	JSON_STR("architecture", struct seccomp_arch_map, architecture, KEG_JSON_REQUIRED),
	JSON_STRV("subArchitectures", struct seccomp_arch_map, sub, 0),
	JSON_END,
};

static const struct keg_json_field document_rows[] = {
	JSON_STR("defaultAction", struct seccomp_document, default_action, KEG_JSON_REQUIRED),
	JSON_U32_PTR("defaultErrnoRet", struct seccomp_document, default_errno_ret, 0),
	JSON_STR("defaultErrno", struct seccomp_document, default_errno_name, 0),
	JSON_STRV("architectures", struct seccomp_document, architectures, 0),
	JSON_STRV("flags", struct seccomp_document, flags, 0),
	JSON_STR("listenerPath", struct seccomp_document, listener_path, 0),
	JSON_STR("listenerMetadata", struct seccomp_document, listener_metadata, 0),
	JSON_OBJV("archMap", struct seccomp_document, arch_map, 0, seccomp_arch_map, arch_rows),
	JSON_OBJV("syscalls", struct seccomp_document, rules, 0, seccomp_conditional, rule_rows),
	JSON_END,
};

struct seccomp_host seccomp_host_here(void)
{
	struct seccomp_host here = {
#if defined(__x86_64__)
		.arch = "amd64",
		.scmp = "SCMP_ARCH_X86_64",
#elif defined(__aarch64__)
		.arch = "arm64",
		.scmp = "SCMP_ARCH_AARCH64",
#elif defined(__riscv) && __riscv_xlen == 64
		.arch = "riscv64",
		.scmp = "SCMP_ARCH_RISCV64",
#elif defined(__s390x__)
		.arch = "s390x",
		.scmp = "SCMP_ARCH_S390X",
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		.arch = "ppc64le",
		.scmp = "SCMP_ARCH_PPC64LE",
#else
#error "give this architecture its names"
#endif
	};
	struct utsname host;

	if (uname(&host) < 0 ||
	    sscanf(host.release, "%u.%u", &here.kernel[0], &here.kernel[1]) != 2)
		here.kernel[0] = here.kernel[1] = 0;
	return here;
}

/* "EPERM" or "1" as a number; the file says it by name, the specification by number. */
static int read_errno(const char *name, const uint32_t **out, struct keg_arena *arena,
		      struct keg_err *err)
{
	uint32_t number = 0;

	if (keg_str_empty(name))
		return 0;
	if (keg_parse_u32(name, &number, err) < 0) {
		for (number = 1; number <= ERRNO_MAX; number++) {
			const char *known = strerrorname_np((int)number);

			if (known && strcmp(known, name) == 0)
				break;
		}
	}
	if (number > ERRNO_MAX)
		return keg_fail(err, KEG_ECORRUPT, "unknown errno %s", name);

	uint32_t *copy = keg_arena_alloc(arena, 1, sizeof *copy);
	*copy = number;
	*out = copy;
	return 0;
}

static bool is_kernel_version(const char *text)
{
	unsigned numbers[2];
	char rest;

	return sscanf(text, "%u.%u%c", &numbers[0], &numbers[1], &rest) == 2;
}

static int check_condition(const struct seccomp_condition *c, struct keg_err *err)
{
	if (c && c->min_kernel && !is_kernel_version(c->min_kernel))
		return keg_fail(err, KEG_ECORRUPT, "minKernel: %s is not MAJOR.MINOR",
				c->min_kernel);
	return 0;
}

static int complete_rule(struct seccomp_conditional *rule, struct keg_arena *arena,
			 struct keg_err *err)
{
	int r = read_errno(rule->errno_name, &rule->errno_ret, arena, err);

	if (r >= 0)
		r = check_condition(rule->includes, err);
	if (r >= 0)
		r = check_condition(rule->excludes, err);
	if (r < 0)
		return r;
	if (rule->name && rule->n_names)
		return keg_fail(err, KEG_ECORRUPT, "both name and names are there");
	if (rule->name) {
		rule->names = keg_arena_alloc(arena, 2, sizeof *rule->names);
		rule->names[0] = rule->name;
		rule->n_names = 1;
	}
	return 0;
}

int seccomp_document_parse(const char *text, size_t len, struct seccomp_document *out,
			   struct keg_arena *arena, struct keg_err *err)
{
	autojson tree = NULL;
	int r = keg_json_parse(text, len, &tree, err);

	*out = (struct seccomp_document){ 0 };
	if (r >= 0)
		r = keg_json_decode(tree, document_rows, out, arena, err);
	if (r >= 0)
		r = read_errno(out->default_errno_name, &out->default_errno_ret, arena, err);
	if (r < 0)
		return r;
	if (out->n_architectures && out->n_arch_map)
		return keg_fail(err, KEG_ECORRUPT, "both architectures and archMap are there");
	for (size_t i = 0; i < out->n_rules; i++) {
		if (complete_rule(&out->rules[i], arena, err) < 0)
			return keg_wrap(err, "syscalls[%zu]", i);
	}
	return 0;
}

/* --- for one container ------------------------------------------------------------------- */

static bool has(const char *const *list, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i], word) == 0)
			return true;
	}
	return false;
}

static bool is_kernel(const struct seccomp_host *host, const char *least)
{
	unsigned want[2] = { 0, 0 };

	(void)!sscanf(least, "%u.%u", &want[0], &want[1]);
	return host->kernel[0] > want[0] ||
	       (host->kernel[0] == want[0] && host->kernel[1] >= want[1]);
}

static bool applies(const struct seccomp_conditional *rule, const struct seccomp_host *host)
{
	const struct seccomp_condition *in = rule->includes, *ex = rule->excludes;

	if (in && in->n_arches && !has(in->arches, in->n_arches, host->arch))
		return false;
	for (size_t i = 0; in && i < in->n_caps; i++) {
		if (!has(host->caps, host->n_caps, in->caps[i]))
			return false;
	}
	if (in && in->min_kernel && !is_kernel(host, in->min_kernel))
		return false;
	if (ex && has(ex->arches, ex->n_arches, host->arch))
		return false;
	for (size_t i = 0; ex && i < ex->n_caps; i++) {
		if (has(host->caps, host->n_caps, ex->caps[i]))
			return false;
	}
	return !(ex && ex->min_kernel && is_kernel(host, ex->min_kernel));
}

static void choose_architectures(const struct seccomp_document *document,
				 const struct seccomp_host *host, struct oci_seccomp *out,
				 struct keg_arena *arena)
{
	out->architectures = document->architectures;
	out->n_architectures = document->n_architectures;
	for (size_t i = 0; i < document->n_arch_map; i++) {
		const struct seccomp_arch_map *map = &document->arch_map[i];

		if (strcmp(map->architecture, host->scmp) != 0)
			continue;
		out->architectures = keg_arena_alloc(arena, map->n_sub + 2, sizeof(char *));
		out->architectures[0] = map->architecture;
		for (size_t k = 0; k < map->n_sub; k++)
			out->architectures[k + 1] = map->sub[k];
		out->n_architectures = map->n_sub + 1;
		return;
	}
}

void seccomp_document_resolve(const struct seccomp_document *document,
			      const struct seccomp_host *host, struct oci_seccomp *out,
			      struct keg_arena *arena)
{
	*out = (struct oci_seccomp){
		.default_action = document->default_action,
		.default_errno_ret = document->default_errno_ret,
		.flags = document->flags,
		.n_flags = document->n_flags,
		.listener_path = document->listener_path,
		.listener_metadata = document->listener_metadata,
		.syscalls = keg_arena_alloc(arena, document->n_rules + 1, sizeof *out->syscalls),
	};
	choose_architectures(document, host, out, arena);
	for (size_t i = 0; i < document->n_rules; i++) {
		const struct seccomp_conditional *rule = &document->rules[i];

		if (rule->n_names == 0 || !applies(rule, host))
			continue;
		out->syscalls[out->n_syscalls++] = (struct oci_syscall){
			.names = rule->names,
			.n_names = rule->n_names,
			.action = rule->action,
			.errno_ret = rule->errno_ret,
			.args = rule->args,
			.n_args = rule->n_args,
		};
	}
}

static struct seccomp_arg *args_of(const struct oci_syscall *call, struct keg_arena *arena)
{
	struct seccomp_arg *args = keg_arena_alloc(arena, call->n_args + 1, sizeof *args);

	for (size_t i = 0; i < call->n_args; i++)
		args[i] = (struct seccomp_arg){ call->args[i].index, call->args[i].value,
						call->args[i].value_two, call->args[i].op };
	return args;
}

void seccomp_profile_from_config(const struct oci_seccomp *from, struct seccomp_profile *out,
				 struct keg_arena *arena)
{
	static const char *default_flags[] = { "SECCOMP_FILTER_FLAG_SPEC_ALLOW" };
	bool given = from->flags != NULL;

	*out = (struct seccomp_profile){
		.default_action = from->default_action,
		.default_errno_ret = from->default_errno_ret,
		.architectures = from->architectures,
		.n_architectures = from->n_architectures,
		.flags = given ? from->flags : default_flags,
		.n_flags = given ? from->n_flags : KEG_COUNT(default_flags),
		.rules = keg_arena_alloc(arena, from->n_syscalls + 1, sizeof *out->rules),
		.n_rules = from->n_syscalls,
	};
	for (size_t i = 0; i < from->n_syscalls; i++) {
		const struct oci_syscall *call = &from->syscalls[i];

		out->rules[i] = (struct seccomp_rule){
			.names = call->names,
			.n_names = call->n_names,
			.action = call->action,
			.errno_ret = call->errno_ret,
			.args = args_of(call, arena),
			.n_args = call->n_args,
		};
	}
}
