/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three readers of the same lines. runc's scripts want "runc version N.N.N" in the first,
 * "commit:" and "spec:" in the next two; crun's want "crun version". Docker takes as name what
 * stands before the first "version", as version what stands after the last: it learns whose command
 * line it may use. crun's scripts look for a line that begins with '+' and names what is built in.
 */
#include "cmd/kegrun/version.h"

#include "cmd/kegrun/commit.h"
#include "cmd/kegrun/globals.h"
#include "runtime/runtime.h"

/* The newest releases whose options are all known. */
#define ALIKE_CRUN "1.29.1"
#define ALIKE_RUNC "1.5.1"

const char *kegrun_commit(void)
{
	return KEGRUN_COMMIT;
}

static bool is_enabled(struct json_object *os, const char *feature, const char *member)
{
	return keg_json_bool(keg_json_get(os, feature), member, false);
}

static void print_features(struct json_object *features, FILE *to)
{
	static const struct {
		const char *tag, *feature, *member;
	} tags[] = {
		{ "SYSTEMD", "cgroup", "systemd" },
		{ "SELINUX", "selinux", "enabled" },
		{ "APPARMOR", "apparmor", "enabled" },
		{ "SECCOMP", "seccomp", "enabled" },
		{ "EBPF", "cgroup", "v2" },
	};
	struct json_object *os = keg_json_get(features, "linux");

	for (size_t i = 0; i < KEG_COUNT(tags); i++) {
		if (is_enabled(os, tags[i].feature, tags[i].member))
			fprintf(to, "+%s ", tags[i].tag);
	}
	fputs("+CAP +JSON_C\n", to);
}

void kegrun_version_print(const void *globals, FILE *to)
{
	autojson features = runtime_features();
	const char *libseccomp = keg_json_str(keg_json_get(features, "annotations"),
					      "io.github.seccomp.libseccomp.version", "");
	const struct kegrun_globals *g = globals;
	autofree char *root = g->root ? keg_strdup(g->root) : runtime_default_root();

	fprintf(to,
		"kegrun version %s - the command line of crun version %s and of runc version %s\n",
		KEG_VERSION, ALIKE_CRUN, ALIKE_RUNC);
	fprintf(to, "commit: %s\n", kegrun_commit());
	fprintf(to, "spec: %s\n", OCI_RUNTIME_VERSION);
	fprintf(to, "rundir: %s\n", root);
	fprintf(to, "libseccomp: %s\n", libseccomp);
	print_features(features, to);
}
