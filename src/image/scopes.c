/* SPDX-License-Identifier: Apache-2.0 */
#include "image/scopes.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

/* "a.b.c:5000" also as "*.b.c" and "*.c"; the port is no part of a wildcard's match. */
static void add_wildcards(const char *domain, struct keg_strv *out)
{
	autofree char *host = keg_strdup(domain);

	host[strcspn(host, ":")] = '\0';
	for (const char *dot = strchr(host, '.'); dot; dot = strchr(dot + 1, '.'))
		keg_strv_addf(out, "*%s", dot);
}

int image_scopes_docker(const char *reference, struct keg_strv *out, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	int r = reference_parse_normalized(reference, &ref, err);
	if (r < 0)
		return r;
	reference_add_latest(&ref);
	keg_strv_take(out, reference_format(&ref));

	autofree char *name = reference_name(&ref);
	for (;;) {
		keg_strv_add(out, name);
		char *slash = strrchr(name, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	add_wildcards(ref.domain, out);
	return 0;
}

void image_scopes_path(const char *path, struct keg_strv *out)
{
	autofree char *full = realpath(path, NULL);

	/* Without one the transport's default holds, and opening it says what is wrong. */
	while (full && strrchr(full, '/') > full) {
		keg_strv_add(out, full);
		*strrchr(full, '/') = '\0';
	}
	if (full && full[1])
		keg_strv_add(out, full);
}

void image_scopes_storage(const char *driver, const char *root, const struct reference *ref,
			  const char *id, struct keg_strv *out)
{
	autofree char *store = keg_printf("[%s@%s]", driver, root);
	autofree char *all = ref ? reference_format(ref) : keg_strdup("");
	autofree char *name = ref ? reference_name(ref) : keg_strdup("");

	if (id)
		keg_strv_addf(out, "%s%s@%s", store, all, id);
	if (ref)
		keg_strv_addf(out, "%s%s", store, all);
	if (ref && ref->tag && ref->digest)
		keg_strv_addf(out, "%s%s:%s", store, name, ref->tag);
	while (*name) {
		char *slash = strrchr(name, '/');

		keg_strv_addf(out, "%s%s", store, name);
		*(slash ? slash : name) = '\0';
	}
	keg_strv_add(out, store);
	keg_strv_addf(out, "[%s]", root);
}

/* The root is "": with two names for it one would hide the other. */
static bool is_clean_path(const char *scope)
{
	autofree char *clean = keg_path_clean(scope);

	return *scope == '/' && scope[1] && keg_str_eq(clean, scope);
}

bool image_scope_is_valid(const char *transport, const char *scope)
{
	static const char *const of_files[] = { "dir", "oci", "oci-archive" };
	static const char *const without[] = { "docker-archive", "tarball" };

	for (size_t i = 0; i < KEG_COUNT(of_files); i++) {
		if (strcmp(of_files[i], transport) == 0)
			return is_clean_path(scope);
	}
	for (size_t i = 0; i < KEG_COUNT(without); i++) {
		if (strcmp(without[i], transport) == 0)
			return false;
	}
	return strcmp(transport, "containers-storage") != 0 ||
	       (*scope == '[' && strchr(scope, ']'));
}
