/* SPDX-License-Identifier: Apache-2.0 */
#include "image/policy_rule.h"

#include <string.h>

#include "base/json_strict.h"
#include "base/strv.h"
#include "spec/reference.h"

#define TYPE_ROW JSON_STR("type", struct policy_rule, type_name, KEG_JSON_REQUIRED)
#define IDENTITY_TYPE_ROW JSON_STR("type", struct policy_identity, type, KEG_JSON_REQUIRED)

/* Each kind of identity has its own members; they are looked up when the type is known. */
static const struct keg_json_field plain_identity[] = { IDENTITY_TYPE_ROW, JSON_END };
static const struct keg_json_field reference_identity[] = {
	IDENTITY_TYPE_ROW,
	JSON_STR("dockerReference", struct policy_identity, reference, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field repository_identity[] = {
	IDENTITY_TYPE_ROW,
	JSON_STR("dockerRepository", struct policy_identity, repository, KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field remap_identity[] = {
	IDENTITY_TYPE_ROW,
	JSON_STR("prefix", struct policy_identity, prefix, KEG_JSON_REQUIRED),
	JSON_STR("signedPrefix", struct policy_identity, signed_prefix, KEG_JSON_REQUIRED),
	JSON_END,
};

static const struct {
	const char *name;
	const struct keg_json_field *rows;
} identities[] = {
	[POLICY_MATCH_REPO_DIGEST_OR_EXACT] = { "matchRepoDigestOrExact", plain_identity },
	[POLICY_MATCH_EXACT] = { "matchExact", plain_identity },
	[POLICY_MATCH_REPOSITORY] = { "matchRepository", plain_identity },
	[POLICY_EXACT_REFERENCE] = { "exactReference", reference_identity },
	[POLICY_EXACT_REPOSITORY] = { "exactRepository", repository_identity },
	[POLICY_REMAP_IDENTITY] = { "remapIdentity", remap_identity },
};

static const struct keg_json_field fulcio_rows[] = {
	JSON_STR("caPath", struct policy_fulcio, ca.path, 0),
	JSON_STR("caData", struct policy_fulcio, ca.data, 0),
	JSON_STR("oidcIssuer", struct policy_fulcio, issuer, 0),
	JSON_STR("subjectEmail", struct policy_fulcio, email, 0),
	JSON_END,
};
static const struct keg_json_field pki_rows[] = {
	JSON_STR("caRootsPath", struct policy_pki, roots.path, 0),
	JSON_STR("caRootsData", struct policy_pki, roots.data, 0),
	JSON_STR("caIntermediatesPath", struct policy_pki, intermediates.path, 0),
	JSON_STR("caIntermediatesData", struct policy_pki, intermediates.data, 0),
	JSON_STR("subjectEmail", struct policy_pki, email, 0),
	JSON_STR("subjectHostname", struct policy_pki, hostname, 0),
	JSON_END,
};

/* The identity is decoded by itself. */
struct rule_raw {
	struct policy_rule rule;
	struct json_object *identity;
};
#define SOURCE_STR(name, member) JSON_STR(name, struct policy_rule, member, 0)
#define SOURCE_STRV(name, list, count)                                      \
	{                                                                   \
		name, KEG_JSON_STRV, 0, offsetof(struct policy_rule, list), \
			offsetof(struct policy_rule, count), NULL, 0        \
	}
#define IDENTITY_ROW(name, flags) JSON_RAW(name, struct rule_raw, identity, flags)

static const struct keg_json_field plain_rule[] = { TYPE_ROW, JSON_END };
static const struct keg_json_field signed_by_rule[] = {
	TYPE_ROW,
	JSON_STR("keyType", struct policy_rule, key_type, KEG_JSON_REQUIRED),
	SOURCE_STR("keyPath", keys.path),
	SOURCE_STRV("keyPaths", keys.paths, keys.n_paths),
	SOURCE_STR("keyData", keys.data),
	IDENTITY_ROW("signedIdentity", 0),
	JSON_END,
};
static const struct keg_json_field base_layer_rule[] = {
	TYPE_ROW,
	IDENTITY_ROW("baseLayerIdentity", KEG_JSON_REQUIRED),
	JSON_END,
};
static const struct keg_json_field sigstore_rule[] = {
	TYPE_ROW,
	SOURCE_STR("keyPath", keys.path),
	SOURCE_STRV("keyPaths", keys.paths, keys.n_paths),
	SOURCE_STR("keyData", keys.data),
	SOURCE_STRV("keyDatas", keys.datas, keys.n_datas),
	JSON_OBJ("fulcio", struct policy_rule, fulcio, 0, policy_fulcio, fulcio_rows),
	JSON_OBJ("pki", struct policy_rule, pki, 0, policy_pki, pki_rows),
	SOURCE_STR("rekorPublicKeyPath", rekor.path),
	SOURCE_STRV("rekorPublicKeyPaths", rekor.paths, rekor.n_paths),
	SOURCE_STR("rekorPublicKeyData", rekor.data),
	SOURCE_STRV("rekorPublicKeyDatas", rekor.datas, rekor.n_datas),
	IDENTITY_ROW("signedIdentity", 0),
	JSON_END,
};

static const struct {
	const char *name;
	const struct keg_json_field *rows;
} rules[] = {
	[POLICY_ACCEPT] = { "insecureAcceptAnything", plain_rule },
	[POLICY_REJECT] = { "reject", plain_rule },
	[POLICY_SIGNED_BY] = { "signedBy", signed_by_rule },
	[POLICY_SIGNED_BASE_LAYER] = { "signedBaseLayer", base_layer_rule },
	[POLICY_SIGSTORE] = { "sigstoreSigned", sigstore_rule },
};

static int invalid(struct keg_err *err, const char *what)
{
	return keg_fail(err, KEG_ECORRUPT, "%s", what);
}

static int check_prefix(const char *prefix, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	struct keg_err ignored;
	/* A domain alone is no reference, and with a path it must be one without a tag. */
	autofree char *text = strchr(prefix, '/') ? keg_strdup(prefix) : keg_printf("%s/x", prefix);

	if (reference_parse(text, &ref, &ignored) >= 0 && !ref.tag && !ref.digest)
		return 0;
	return keg_fail(err, KEG_ECORRUPT, "prefix \"%s\" is not valid", prefix);
}

static int check_reference(const struct policy_identity *identity, struct keg_err *err)
{
	auto(reference) ref = { 0 };
	const char *text = identity->reference ? identity->reference : identity->repository;

	if (reference_parse_normalized(text, &ref, err) < 0) {
		err->code = KEG_ECORRUPT;
		return keg_wrap(err, "Invalid format of %s \"%s\"",
				identity->reference ? "dockerReference" : "dockerRepository", text);
	}
	if (identity->reference && !ref.tag && !ref.digest)
		return keg_fail(err, KEG_ECORRUPT,
				"dockerReference \"%s\" contains neither a tag nor digest", text);
	return 0;
}

static int parse_identity(struct json_object *obj, struct keg_arena *arena,
			  struct policy_identity *out, struct keg_err *err)
{
	const char *type = keg_json_str(obj, "type", "");
	int r = 0;

	for (size_t i = 0; i < KEG_COUNT(identities); i++) {
		if (strcmp(identities[i].name, type) != 0)
			continue;
		out->match = (enum policy_match)i;
		r = keg_json_decode_strict(obj, identities[i].rows, out, arena, err);
		if (r >= 0 && (out->reference || out->repository))
			r = check_reference(out, err);
		if (r >= 0 && out->prefix)
			r = check_prefix(out->prefix, err);
		if (r >= 0 && out->signed_prefix)
			r = check_prefix(out->signed_prefix, err);
		return r;
	}
	return keg_fail(err, KEG_ECORRUPT, "Unknown policy reference match type \"%s\"", type);
}

/* How many of its members are given; an empty path is none. */
static int count_sources(const struct policy_source *source)
{
	return !keg_str_empty(source->path) + !!source->data + !!source->paths + !!source->datas;
}

/* Lists that are given must hold something. */
static bool has_empty_list(const struct policy_source *source)
{
	return (source->paths && source->n_paths == 0) || (source->datas && source->n_datas == 0);
}

static int check_signed_by(const struct policy_rule *rule, struct keg_err *err)
{
	static const char *const known[] = { "GPGKeys", "signedByGPGKeys", "X509Certificates",
					     "signedByX509CAs" };
	bool is_known = false;

	for (size_t i = 0; i < KEG_COUNT(known); i++)
		is_known = is_known || keg_str_eq(known[i], rule->key_type);
	if (!is_known)
		return keg_fail(err, KEG_ECORRUPT, "Unrecognized keyType value \"%s\"",
				rule->key_type);
	int sources = count_sources(&rule->keys);
	if (sources != 1)
		return keg_fail(err, KEG_ECORRUPT,
				"Exactly one of keyPath, keyPaths and keyData must be specified, "
				"%s present",
				sources ? "more than one" : "none of them");
	return has_empty_list(&rule->keys) ? invalid(err, "\"keyPaths\" contains no entries") : 0;
}

static int check_fulcio(const struct policy_fulcio *fulcio, struct keg_err *err)
{
	int sources = count_sources(&fulcio->ca);

	if (sources > 1)
		return invalid(err, "caPath and caData cannot be used simultaneously");
	if (sources == 0)
		return invalid(err, "At least one of caPath and caData must be specified");
	if (keg_str_empty(fulcio->issuer))
		return invalid(err, "oidcIssuer not specified");
	return keg_str_empty(fulcio->email) ? invalid(err, "subjectEmail not specified") : 0;
}

static int check_pki(const struct policy_pki *pki, struct keg_err *err)
{
	int roots = count_sources(&pki->roots);

	if (roots > 1)
		return invalid(err, "caRootsPath and caRootsData cannot be used simultaneously");
	if (roots == 0)
		return invalid(err,
			       "At least one of caRootsPath and caRootsData must be specified");
	if (count_sources(&pki->intermediates) > 1)
		return invalid(err, "caIntermediatesPath and caIntermediatesData cannot be used "
				    "simultaneously");
	if (keg_str_empty(pki->email) && keg_str_empty(pki->hostname))
		return invalid(err,
			       "At least one of subjectEmail, subjectHostname must be specified");
	return 0;
}

static int check_sigstore(const struct policy_rule *rule, struct keg_err *err)
{
	int rekor = count_sources(&rule->rekor);

	if (has_empty_list(&rule->keys) || has_empty_list(&rule->rekor))
		return invalid(err, "a list of keys contains no entries");
	if (count_sources(&rule->keys) + !!rule->fulcio + !!rule->pki != 1)
		return invalid(err, "exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio, "
				    "and pki must be specified");
	if (rekor > 1)
		return invalid(err, "at most one of rekorPublickeyPath, rekorPublicKeyPaths, "
				    "rekorPublickeyData and rekorPublicKeyDatas can be used "
				    "simultaneously");
	if (rule->fulcio && rekor == 0)
		return invalid(err, "At least one of rekorPublickeyPath, rekorPublicKeyPaths, "
				    "rekorPublickeyData and rekorPublicKeyDatas must be "
				    "specified if fulcio is used");
	if (rule->pki && rekor > 0)
		return invalid(err, "rekorPublickeyPath, rekorPublicKeyPaths, rekorPublickeyData "
				    "and rekorPublicKeyDatas are not supported for pki");
	if (rule->fulcio)
		return check_fulcio(rule->fulcio, err);
	return rule->pki ? check_pki(rule->pki, err) : 0;
}

static int find_type(const char *name, struct keg_err *err)
{
	for (size_t i = 0; i < KEG_COUNT(rules); i++) {
		if (strcmp(rules[i].name, name) == 0)
			return (int)i;
	}
	return keg_fail(err, KEG_ECORRUPT, "Unknown policy requirement type \"%s\"", name);
}

int policy_rule_parse(struct json_object *obj, struct keg_arena *arena, struct policy_rule *out,
		      struct keg_err *err)
{
	struct rule_raw raw = { 0 };

	int type = find_type(keg_json_str(obj, "type", ""), err);
	if (type < 0)
		return type;
	int r = keg_json_decode_strict(obj, rules[type].rows, &raw, arena, err);
	if (r < 0)
		return r;
	raw.rule.type = (enum policy_type)type;
	raw.rule.identity = keg_arena_alloc(arena, 1, sizeof *raw.rule.identity);
	if (raw.identity)
		r = parse_identity(raw.identity, arena, raw.rule.identity, err);
	if (r >= 0 && type == POLICY_SIGNED_BY)
		r = check_signed_by(&raw.rule, err);
	if (r >= 0 && type == POLICY_SIGSTORE)
		r = check_sigstore(&raw.rule, err);
	if (r < 0)
		return r;
	*out = raw.rule;
	return 0;
}
