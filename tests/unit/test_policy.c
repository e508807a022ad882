/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "image/policy_file.h"
#include "image/policy_match.h"

#include "cmocka_keg.h"

#define ACCEPT "[{'type':'insecureAcceptAnything'}]"
#define KEYED "'type':'signedBy','keyType':'GPGKeys','keyPath':'/k'"
#define FULCIO "'caPath':'/c','oidcIssuer':'https://i','subjectEmail':'a@b'"

/* JSON is easier to read here with single quotes. */
static int parse(const char *text, struct policy_file **out, struct keg_err *err)
{
	autofree char *json = keg_strdup(text);

	for (char *c = json; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return policy_file_parse(json, strlen(json), out, err);
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "{}", "Default policy is missing" },
		{ "{'default':[]}", "List of verification policy requirements must not be empty" },
		{ "{'default':" ACCEPT ",'other':1}", "Unknown key \"other\"" },
		{ "{'default':" ACCEPT ",'default':" ACCEPT "}", "Duplicate key \"default\"" },
		{ "{'default':{}}", "list of requirements expected" },
		{ "{'default':[{'type':'other'}]}", "Unknown policy requirement type \"other\"" },
		{ "{'default':[{'type':'reject','keyPath':'/k'}]}", "Unknown key \"keyPath\"" },
		{ "{'default':[1]}", "Unknown policy requirement type" },
		{ "{'default':" ACCEPT ",'transports':[]}", "transports: JSON object expected" },
		{ "{'default':" ACCEPT ",'transports':{'docker':[]}}", "JSON object expected" },
		{ "{'default':" ACCEPT ",'transports':{'dir':{'a':" ACCEPT "}}}",
		  "Unknown key \"a\"" },
		{ "{'default':" ACCEPT ",'transports':{'dir':{'/':" ACCEPT "}}}",
		  "Unknown key \"/\"" },
		{ "{'default':" ACCEPT ",'transports':{'oci':{'/a/../b':" ACCEPT "}}}",
		  "Unknown key \"/a/../b\"" },
		{ "{'default':" ACCEPT ",'transports':{'docker-archive':{'/a':" ACCEPT "}}}",
		  "Unknown key \"/a\"" },
		{ "{'default':" ACCEPT ",'transports':{'containers-storage':{'x':" ACCEPT "}}}",
		  "Unknown key \"x\"" },
		{ "{'default':" ACCEPT ",'transports':{'docker':{'q.io':[]}}}",
		  "transports.docker: \"q.io\": List of verification" },
		{ "{'default':[{'type':'signedBy','keyPath':'/k'}]}", "keyType: missing" },
		{ "{'default':[{'type':'signedBy','keyType':'Other','keyPath':'/k'}]}",
		  "Unrecognized keyType value \"Other\"" },
		{ "{'default':[{'type':'signedBy','keyType':'GPGKeys'}]}",
		  "Exactly one of keyPath, keyPaths and keyData must be specified, none" },
		{ "{'default':[{" KEYED ",'keyData':'YQ=='}]}", "more than one present" },
		{ "{'default':[{'type':'signedBy','keyType':'GPGKeys','keyPaths':[]}]}",
		  "contains no entries" },
		{ "{'default':[{" KEYED ",'keyPaths':7}]}", "keyPaths" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'other'}}]}",
		  "Unknown policy reference match type \"other\"" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'matchExact','x':1}}]}",
		  "Unknown key \"x\"" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'exactReference'}}]}",
		  "dockerReference: missing" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'exactReference',"
		  "'dockerReference':'q.io/a'}}]}",
		  "contains neither a tag nor digest" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'exactRepository',"
		  "'dockerRepository':'q.io/UP'}}]}",
		  "Invalid format of dockerRepository" },
		{ "{'default':[{" KEYED ",'signedIdentity':{'type':'remapIdentity',"
		  "'prefix':'q.io/a:1','signedPrefix':'r.io'}}]}",
		  "prefix \"q.io/a:1\" is not valid" },
		{ "{'default':[{'type':'sigstoreSigned'}]}",
		  "exactly one of keyPath, keyPaths, keyData, keyDatas, fulcio, and pki" },
		{ "{'default':[{'type':'sigstoreSigned','keyPath':'/k','keyData':'YQ=='}]}",
		  "exactly one of keyPath" },
		{ "{'default':[{'type':'sigstoreSigned','fulcio':{" FULCIO "}}]}",
		  "must be specified if fulcio is used" },
		{ "{'default':[{'type':'sigstoreSigned','rekorPublicKeyPath':'/r',"
		  "'fulcio':{'caPath':'/c','oidcIssuer':'https://i'}}]}",
		  "subjectEmail not specified" },
		{ "{'default':[{'type':'sigstoreSigned','rekorPublicKeyPath':'/r',"
		  "'fulcio':{" FULCIO ",'more':1}}]}",
		  "fulcio: Unknown key \"more\"" },
		{ "{'default':[{'type':'sigstoreSigned','pki':{'caRootsPath':'/c'}}]}",
		  "At least one of subjectEmail, subjectHostname must be specified" },
		{ "{'default':[{'type':'sigstoreSigned','rekorPublicKeyPath':'/r',"
		  "'pki':{'caRootsPath':'/c','subjectEmail':'a@b'}}]}",
		  "are not supported for pki" },
		{ "{'default':[{'type':'signedBaseLayer'}]}", "baseLayerIdentity: missing" },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		autoptr(policy_file) file = NULL;
		struct keg_err err;

		if (parse(rows[i].text, &file, &err) != -KEG_ECORRUPT)
			fail_msg("%s is taken", rows[i].text);
		if (!strstr(err.msg, rows[i].says))
			fail_msg("%s: %s", rows[i].text, err.msg);
	}
}

static void all_that_there_is_is_understood(void **state)
{
	static const char *const rows[] = {
		"{'default':" ACCEPT "}",
		"{'default':[{'type':'reject'}],'transports':{}}",
		"{'default':" ACCEPT ",'transports':{'docker':{'':" ACCEPT
		",'*.example.com':[{" KEYED "}],'q.io/a:1':[{'type':'reject'}]},"
		"'containers-storage':{'[overlay@/var/lib/x]q.io/a':" ACCEPT
		"},'dir':{'/a/b':" ACCEPT "},'unheard-of':{'any':" ACCEPT "}}}",
		"{'default':[{'type':'signedBy','keyType':'signedByGPGKeys','keyData':'YQ=='}]}",
		"{'default':[{" KEYED ",'signedIdentity':{'type':'remapIdentity',"
		"'prefix':'localhost:5000/a','signedPrefix':'r.io'}}]}",
		"{'default':[{'type':'signedBaseLayer','baseLayerIdentity':{'type':'matchExact'}}]"
		"}",
		"{'default':[{'type':'sigstoreSigned','keyDatas':['YQ==','Yg=='],"
		"'rekorPublicKeyDatas':['YQ=='],'signedIdentity':{'type':'matchRepository'}}]}",
		"{'default':[{'type':'sigstoreSigned','fulcio':{" FULCIO
		"},'rekorPublicKeyPaths':['/r','/s']}]}",
		"{'default':[{'type':'sigstoreSigned','pki':{'caRootsData':'YQ==',"
		"'caIntermediatesPath':'/i','subjectHostname':'h','subjectEmail':'a@b'}}]}",
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		autoptr(policy_file) file = NULL;
		struct keg_err err;

		if (parse(rows[i], &file, &err) < 0)
			fail_msg("%s: %s", rows[i], err.msg);
	}
}

static void the_narrowest_scope_decides(void **state)
{
	autoptr(policy_file) file = NULL;
	auto(keg_strv) scopes = { 0 }, none = { 0 };
	struct keg_err err;

	(void)state;
	assert_int_equal(parse("{'default':[{'type':'reject'}],'transports':{'docker':{"
			       "'q.io/a':[{" KEYED "}],'q.io':" ACCEPT ",'':" ACCEPT "}}}",
			       &file, &err),
			 0);
	keg_strv_add(&scopes, "q.io/a:1");
	keg_strv_add(&scopes, "q.io/a");
	keg_strv_add(&scopes, "q.io");
	const struct policy_rules *rules = policy_file_find(file, "docker", &scopes);
	assert_int_equal(rules->v[0].type, POLICY_SIGNED_BY);
	assert_string_equal(rules->v[0].keys.path, "/k");
	assert_int_equal(rules->v[0].identity->match, POLICY_MATCH_REPO_DIGEST_OR_EXACT);
	assert_int_equal(policy_file_find(file, "docker", &none)->v[0].type, POLICY_ACCEPT);
	assert_int_equal(policy_file_find(file, "dir", &scopes)->v[0].type, POLICY_REJECT);
}

#define DIGEST "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void names_match_as_the_policy_says(void **state)
{
	static const struct policy_identity plain = { 0 }, exact = { .match = POLICY_MATCH_EXACT },
					    repository = { .match = POLICY_MATCH_REPOSITORY },
					    reference = { .match = POLICY_EXACT_REFERENCE,
							  .reference = "q.io/a:1" },
					    one = { .match = POLICY_EXACT_REPOSITORY,
						    .repository = "q.io/a" },
					    remap = { .match = POLICY_REMAP_IDENTITY,
						      .prefix = "m.io/mirror",
						      .signed_prefix = "q.io" };
	static const struct {
		const struct policy_identity *identity;
		const char *image, *signature;
		bool matches;
	} rows[] = {
		{ &plain, "q.io/a:1", "q.io/a:1", true },
		{ &plain, "q.io/a:1", "q.io/a:2", false },
		{ &plain, "q.io/a:1", "q.io/b:1", false },
		{ &plain, "q.io/a@" DIGEST, "q.io/a:2", true },
		{ &plain, "q.io/a@" DIGEST, "q.io/b:2", false },
		{ &plain, "q.io/a@" DIGEST, "q.io/a", false },
		{ &plain, "q.io/a:1@" DIGEST, "q.io/a:1", false },
		{ &plain, NULL, "q.io/a:1", false },
		{ &plain, "q.io/a:1", "not a name", false },
		{ &plain, "docker.io/library/a:1", "a:1", true },
		{ &exact, "q.io/a:1", "q.io/a:1", true },
		{ &exact, "q.io/a@" DIGEST, "q.io/a:1", false },
		{ &exact, "q.io/a", "q.io/a", false },
		{ &repository, "q.io/a:1", "q.io/a:2", true },
		{ &repository, "q.io/a:1", "q.io/ab:1", false },
		{ &reference, "x.io/y:z", "q.io/a:1", true },
		{ &reference, NULL, "q.io/a:1", true },
		{ &reference, "q.io/a:1", "q.io/a:2", false },
		{ &one, NULL, "q.io/a:7", true },
		{ &one, NULL, "q.io/b:7", false },
		{ &remap, "m.io/mirror/x/a:1", "q.io/x/a:1", true },
		{ &remap, "m.io/mirror/x/a:1", "q.io/x/a:2", false },
		{ &remap, "m.io/mirror2/a:1", "q.io/a:1", false },
		{ &remap, "m.io/mirror2/a:1", "m.io/mirror2/a:1", true },
		{ &remap, "m.io/mirror/a@" DIGEST, "q.io/a:2", true },
	};

	(void)state;
	for (size_t i = 0; i < KEG_COUNT(rows); i++) {
		if (policy_identity_matches(rows[i].identity, rows[i].image, rows[i].signature) !=
		    rows[i].matches)
			fail_msg("row %zu: %s signed as %s", i,
				 rows[i].image ? rows[i].image : "(none)", rows[i].signature);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_understood_is_refused_by_name),
		cmocka_unit_test(all_that_there_is_is_understood),
		cmocka_unit_test(the_narrowest_scope_decides),
		cmocka_unit_test(names_match_as_the_policy_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
