/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/platform.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/strv.h"

const struct keg_json_field platform_rows[] = {
	JSON_STR("architecture", struct platform, architecture, KEG_JSON_ALWAYS),
	JSON_STR("os", struct platform, os, KEG_JSON_ALWAYS),
	JSON_STR("os.version", struct platform, os_version, 0),
	JSON_STRV("os.features", struct platform, os_features, 0),
	JSON_STR("variant", struct platform, variant, 0),
	JSON_STRV("features", struct platform, features, 0),
	JSON_END,
};

/* Names of the world and uname(2), and what Go calls them. */
static const struct alias {
	const char *name, *arch, *variant; /* variant NULL: as it was given */
} aliases[] = {
	{ "x86_64", "amd64", NULL },	{ "x86-64", "amd64", NULL },
	{ "i386", "386", "" },		{ "i486", "386", "" },
	{ "i586", "386", "" },		{ "i686", "386", "" },
	{ "aarch64", "arm64", NULL },	{ "armhf", "arm", "v7" },
	{ "armel", "arm", "v6" },	{ "armv5l", "arm", "v5" },
	{ "armv5tel", "arm", "v5" },	{ "armv6l", "arm", "v6" },
	{ "armv7l", "arm", "v7" },	{ "armv7", "arm", "v7" },
	{ "armv8l", "arm", "v8" },	{ "mips64el", "mips64le", NULL },
	{ "ppc64el", "ppc64le", NULL }, { "powerpc64le", "ppc64le", NULL },
};

static const char *const known_arches[] = {
	"386",	  "amd64",    "arm",	 "arm64", "loong64", "mips",  "mipsle",
	"mips64", "mips64le", "ppc64le", "ppc64", "riscv64", "s390x", "wasm",
};
static const char *const known_systems[] = {
	"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "wasi",
};

/* Highest first: each runs what stands behind it. */
static const struct lineage {
	const char *arch;
	const char *variants[5];
} lineages[] = {
	{ "arm", { "v8", "v7", "v6", "v5" } },
	{ "arm64", { "v8" } },
};

static bool is_one_of(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, list[i]) == 0)
			return true;
	}
	return false;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

void platform_normalize(struct platform *platform)
{
	const char *variant = or_empty(platform->variant);

	for (size_t i = 0; platform->architecture && i < KEG_COUNT(aliases); i++) {
		if (strcmp(platform->architecture, aliases[i].name) != 0)
			continue;
		platform->architecture = aliases[i].arch;
		if (aliases[i].variant && !*variant)
			platform->variant = aliases[i].variant;
		break;
	}
	if (keg_str_eq(platform->os, "macos"))
		platform->os = "darwin";

	/* The lowest level of an architecture is what is meant without a variant. */
	variant = or_empty(platform->variant);
	const char *arch = or_empty(platform->architecture);
	if (strcmp(arch, "amd64") == 0 && strcmp(variant, "v1") == 0)
		platform->variant = "";
	if (strcmp(arch, "arm64") == 0 && strcmp(variant, "8") == 0)
		platform->variant = "v8";
	if (strcmp(arch, "arm") == 0 && strlen(variant) == 1) {
		static const char *const spelled[] = { "v5", "v6", "v7", "v8" };

		if (*variant >= '5' && *variant <= '8')
			platform->variant = spelled[*variant - '5'];
	}
}

void platform_host(struct platform *out)
{
	struct utsname machine;

	*out = (struct platform){ .os = "linux", .architecture = "amd64" };
	if (uname(&machine) < 0)
		return;
	for (size_t i = 0; i < KEG_COUNT(known_arches); i++) {
		if (strcmp(machine.machine, known_arches[i]) == 0)
			out->architecture = known_arches[i];
	}
	for (size_t i = 0; i < KEG_COUNT(aliases); i++) {
		if (strcmp(machine.machine, aliases[i].name) == 0) {
			out->architecture = aliases[i].arch;
			out->variant = aliases[i].variant;
		}
	}
	if (strcmp(out->architecture, "arm64") == 0)
		out->variant = "v8";
}

static int parse_one_word(const char *word, struct platform *out)
{
	struct platform host, named = { .architecture = word };

	platform_host(&host);
	platform_normalize(&named);
	if (is_one_of(word, known_systems, KEG_COUNT(known_systems))) {
		*out = host;
		out->os = word;
		return 0;
	}
	if (is_one_of(named.architecture, known_arches, KEG_COUNT(known_arches))) {
		*out = named;
		out->os = host.os;
		return 0;
	}
	return -1;
}

int platform_parse(const char *text, struct keg_arena *arena, struct platform *out,
		   struct keg_err *err)
{
	enum { MAX = 128, PARTS = 3 };
	char *parts[PARTS + 1] = { 0 };
	size_t n = 0;

	if (strnlen(text, MAX + 1) > MAX)
		return keg_fail(err, KEG_EUSAGE, "invalid platform \"%.128s...\": too long", text);

	char *copy = keg_arena_strdup(arena, text);
	for (char *c = copy; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	for (char *part; n <= PARTS && (part = strsep(&copy, "/")) != NULL;)
		parts[n++] = part;
	for (size_t i = 0; i < n; i++) {
		if (!*parts[i] ||
		    parts[i][strspn(parts[i], "abcdefghijklmnopqrstuvwxyz0123456789_.-")])
			n = 0;
	}
	if (n == 0 || n > PARTS)
		return keg_fail(err, KEG_EUSAGE, "invalid platform \"%s\": not os/arch[/variant]",
				text);
	if (n == 1) {
		if (parse_one_word(parts[0], out) < 0)
			return keg_fail(err, KEG_EUSAGE,
					"invalid platform \"%s\": unknown operating system or "
					"architecture",
					text);
		return 0;
	}
	*out = (struct platform){ .os = parts[0], .architecture = parts[1], .variant = parts[2] };
	platform_normalize(out);
	return 0;
}

static const struct lineage *find_lineage(const char *arch)
{
	for (size_t i = 0; i < KEG_COUNT(lineages); i++) {
		if (strcmp(lineages[i].arch, arch) == 0)
			return &lineages[i];
	}
	return NULL;
}

static int position(const struct lineage *line, const char *variant)
{
	for (int i = 0; line && line->variants[i]; i++) {
		if (strcmp(line->variants[i], variant) == 0)
			return i;
	}
	return -1;
}

int platform_distance(const struct platform *want, const struct platform *have)
{
	struct platform w = *want, h = *have;

	platform_normalize(&w);
	platform_normalize(&h);
	if (!keg_str_eq(w.os, h.os) || !keg_str_eq(w.architecture, h.architecture))
		return -1;

	const struct lineage *line = find_lineage(or_empty(w.architecture));
	const char *wanted = or_empty(w.variant), *had = or_empty(h.variant);
	int from = position(line, wanted), at = position(line, had);
	if (strcmp(wanted, had) == 0)
		return 0;
	if (!*wanted)
		return at < 0 ? -1 : at + 1;
	if (!*had)
		return (int)KEG_COUNT(lineages[0].variants) + 1;
	return from >= 0 && at > from ? at - from : -1;
}

char *platform_format(const struct platform *platform)
{
	const char *variant = or_empty(platform->variant);

	return keg_printf("%s/%s%s%s", or_empty(platform->os), or_empty(platform->architecture),
			  *variant ? "/" : "", variant);
}
