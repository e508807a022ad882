/* SPDX-License-Identifier: Apache-2.0 */
/* Which namespaces are new, the host's, another container's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/strv.h"
#include "engine/spec_gen.h"

enum {
	TAKES_NONE = 1,
	TAKES_SHAREABLE = 2,
	TAKES_USER_WORDS = 4,
	TAKES_JOIN = 8, /* container:, ns: */
};

static const struct kind {
	enum spec_ns ns;
	const char *type; /* in config.json */
	const char *word; /* in messages */
	unsigned takes;
} kinds[] = {
	{ SPEC_PID, "pid", "pid", TAKES_JOIN },
	{ SPEC_NET, "network", "network", TAKES_JOIN | TAKES_NONE },
	{ SPEC_IPC, "ipc", "ipc", TAKES_JOIN | TAKES_NONE | TAKES_SHAREABLE },
	{ SPEC_UTS, "uts", "uts", TAKES_JOIN },
	{ SPEC_USER, "user", "user", TAKES_JOIN | TAKES_USER_WORDS },
	{ SPEC_CGROUP, "cgroup", "cgroup", TAKES_JOIN },
};

static const struct {
	const char *text;
	enum spec_ns_mode mode;
	unsigned needs;
} words[] = {
	{ "", SPEC_NS_PRIVATE, 0 },
	{ "private", SPEC_NS_PRIVATE, 0 },
	{ "host", SPEC_NS_HOST, 0 },
	{ "none", SPEC_NS_NONE, TAKES_NONE },
	{ "shareable", SPEC_NS_SHAREABLE, TAKES_SHAREABLE },
	{ "keep-id", SPEC_NS_KEEP_ID, TAKES_USER_WORDS },
	{ "nomap", SPEC_NS_NOMAP, TAKES_USER_WORDS },
	{ "auto", SPEC_NS_AUTO, TAKES_USER_WORDS },
};

static int refuse_network(const char *text, struct keg_err *err)
{
	keg_fail(err, KEG_EUNSUPPORTED,
		 "unable to find network with name or ID %s: this version has no networks", text);
	return keg_hint(err, "Use --network none, host, private, container:ID or ns:PATH.");
}

static int parse_mode(const struct kind *kind, const char *text, struct spec_ns_choice *out,
		      struct keg_err *err)
{
	const char *target;

	for (size_t i = 0; i < KEG_COUNT(words); i++) {
		if (strcmp(words[i].text, text) == 0 &&
		    (words[i].needs == 0 || (words[i].needs & kind->takes))) {
			*out = (struct spec_ns_choice){ .mode = words[i].mode };
			return 0;
		}
	}
	if ((target = keg_str_after(text, "container:")) && *target) {
		*out = (struct spec_ns_choice){ SPEC_NS_CONTAINER, target };
		return 0;
	}
	if ((target = keg_str_after(text, "ns:")) && *target) {
		if (access(target, F_OK) < 0)
			return keg_fail_sys(err, errno, "%s namespace %s", kind->word, target);
		*out = (struct spec_ns_choice){ SPEC_NS_PATH, target };
		return 0;
	}
	if (kind->ns == SPEC_NET)
		return refuse_network(text, err);
	return keg_fail(err, KEG_EUSAGE, "unrecognized namespace mode %s passed", text);
}

/* Settings of containers.conf that name networks mean the private one, until there are any. */
static const char *default_network(const struct engine_config *config)
{
	static const char *const known[] = { "host", "none", "private" };

	for (size_t i = 0; i < KEG_COUNT(known); i++) {
		if (strcmp(config->netns, known[i]) == 0)
			return known[i];
	}
	return "private";
}

static const char *asked_mode(const struct spec_gen *gen, enum spec_ns ns)
{
	const struct container_options *o = gen->options;
	const struct engine_config *c = gen->config;
	const char *given[SPEC_NS_COUNT] = {
		[SPEC_PID] = o->pid,	 [SPEC_NET] = o->networks.n ? o->networks.v[0] : NULL,
		[SPEC_IPC] = o->ipc,	 [SPEC_UTS] = o->uts,
		[SPEC_USER] = o->userns, [SPEC_CGROUP] = o->cgroupns,
	};
	const char *standard[SPEC_NS_COUNT] = {
		[SPEC_PID] = c->pidns,
		[SPEC_NET] = default_network(c),
		[SPEC_IPC] = c->ipcns,
		[SPEC_UTS] = c->utsns,
		[SPEC_USER] = keg_str_empty(c->userns) ? "host" : c->userns,
		/* As the peers: with v1 hierarchies the host's. */
		[SPEC_CGROUP] = c->cgroupns	      ? c->cgroupns
				: gen->cgroup_unified ? "private"
						      : "host",
	};

	return given[ns] ? given[ns] : standard[ns];
}

static int check_user_mode(const struct spec_gen *gen, struct keg_err *err)
{
	const struct spec_ns_choice *user = &gen->ns[SPEC_USER];

	switch (user->mode) {
	case SPEC_NS_HOST:
	case SPEC_NS_PATH:
		return 0;
	case SPEC_NS_KEEP_ID:
		if (gen->config->rootless)
			return 0;
		return keg_fail(err, KEG_EUSAGE, "keep-id is only supported in rootless mode");
	default:
		return keg_fail(err, KEG_EUNSUPPORTED,
				"user namespace mode \"%s\" is not supported by this version",
				asked_mode(gen, SPEC_USER));
	}
}

int spec_gen_modes(struct spec_gen *gen, struct keg_err *err)
{
	if (gen->options->networks.n > 1)
		return refuse_network(gen->options->networks.v[1], err);
	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		int r = parse_mode(&kinds[i], asked_mode(gen, kinds[i].ns), &gen->ns[kinds[i].ns],
				   err);
		if (r < 0)
			return r;
	}
	if (gen->options->hostname && gen->ns[SPEC_UTS].mode != SPEC_NS_PRIVATE)
		return keg_fail(err, KEG_EUSAGE,
				"cannot set hostname when running in the host UTS namespace: "
				"invalid configuration");
	return check_user_mode(gen, err);
}

/*
 * Where another container's namespace is gets known only when that one runs: its id stands
 * here as "container:ID" until the start puts the path there.
 */
static const char *path_of(struct spec_gen *gen, const struct spec_ns_choice *choice)
{
	if (choice->mode == SPEC_NS_PATH)
		return choice->target;
	if (choice->mode == SPEC_NS_CONTAINER)
		return keg_arena_printf(gen->arena, "container:%s", choice->target);
	return NULL;
}

static void add_sysctl(struct spec_gen *gen, const char *text)
{
	const char *equals = strchr(text, '=');
	struct oci_linux *out = gen->out.os;

	if (!equals)
		return;
	const char *key = keg_arena_strndup(gen->arena, text, (size_t)(equals - text));
	for (size_t i = 0; i < out->n_sysctl; i++) {
		if (strcmp(out->sysctl[i].key, key) == 0) {
			out->sysctl[i].value = equals + 1;
			return;
		}
	}
	*SPEC_PUSH(gen->arena, out->sysctl, out->n_sysctl) =
		(struct keg_pair){ .key = key, .value = equals + 1 };
}

static int add_sysctls(struct spec_gen *gen, struct keg_err *err)
{
	const struct container_options *o = gen->options;
	bool own_net =
		gen->ns[SPEC_NET].mode == SPEC_NS_PRIVATE || gen->ns[SPEC_NET].mode == SPEC_NS_NONE;
	bool own_ipc = gen->ns[SPEC_IPC].mode != SPEC_NS_HOST;

	for (size_t i = 0; i < gen->config->n_default_sysctls; i++) {
		const char *text = gen->config->default_sysctls[i];

		/* The defaults are for what is the container's own. */
		if (!(keg_str_starts(text, "net.") && !own_net) &&
		    !(keg_str_starts(text, "fs.mqueue.") && !own_ipc))
			add_sysctl(gen, text);
	}
	for (size_t i = 0; i < o->sysctls.n; i++) {
		const char *text = o->sysctls.v[i];

		if (!strchr(text, '='))
			return keg_fail(
				err, KEG_EUSAGE,
				"%s is invalid, sysctl values must be in the form of KEY=VALUE",
				text);
		if (keg_str_starts(text, "net.") && gen->ns[SPEC_NET].mode == SPEC_NS_HOST)
			return keg_fail(err, KEG_EUSAGE,
					"sysctl %s can't be set since Network Namespace set to "
					"host: invalid configuration",
					text);
		add_sysctl(gen, text);
	}
	return 0;
}

int spec_gen_namespaces(struct spec_gen *gen, struct keg_err *err)
{
	struct oci_linux *out = gen->out.os;

	for (size_t i = 0; i < KEG_COUNT(kinds); i++) {
		const struct spec_ns_choice *choice = &gen->ns[kinds[i].ns];

		if (choice->mode == SPEC_NS_HOST)
			continue;
		*SPEC_PUSH(gen->arena, out->namespaces, out->n_namespaces) = (struct oci_namespace){
			.type = kinds[i].type,
			.path = path_of(gen, choice),
		};
	}
	*SPEC_PUSH(gen->arena, out->namespaces, out->n_namespaces) =
		(struct oci_namespace){ .type = "mount" };
	if (gen->ns[SPEC_UTS].mode != SPEC_NS_PRIVATE)
		gen->out.hostname = NULL;
	return add_sysctls(gen, err);
}
