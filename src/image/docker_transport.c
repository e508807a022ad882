/* SPDX-License-Identifier: Apache-2.0 */
#include "image/docker_transport.h"

#include "base/mem.h"
#include "image/scopes.h"
#include "registry/manifest.h"

void docker_site_done(struct docker_site *site)
{
	reference_done(&site->ref);
	if (site->client)
		registry_client_free(site->client);
	if (site->config)
		registry_config_free(site->config);
	*site = (struct docker_site){ 0 };
}

/* "//" and a reference. */
static int parse(const char *rest, struct reference *out, struct keg_err *err)
{
	const char *text = keg_str_after(rest, "//");

	if (!text)
		return keg_fail(err, KEG_EUSAGE,
				"docker: image reference \"%s\" does not start with //", rest);
	int r = reference_parse_normalized(text, out, err);
	if (r < 0)
		return r;
	if (out->tag && out->digest)
		return keg_fail(err, KEG_EUSAGE,
				"Docker references with both a tag and digest are currently not "
				"supported");
	return 0;
}

static int docker_check(const char *rest, struct keg_err *err)
{
	auto(reference) ref = { 0 };

	return parse(rest, &ref, err);
}

int docker_site_connect(const struct image_access *access, struct docker_site *out,
			struct keg_err *err)
{
	struct registry_options options = {
		.authfile = access->authfile,
		.username = access->username,
		.password = access->password,
		.registry_token = access->registry_token,
		.anonymous = access->no_creds,
		.cert_dir = access->cert_dir,
		.user_agent_prefix = access->user_agent_prefix,
		.deadline_ns = access->deadline_ns,
	};

	int r = registry_config_load(access->registries_conf, access->registries_conf_dir,
				     &out->config, err);
	if (r < 0)
		return r;
	options.helpers = registry_config_helpers(out->config);
	if (access->tls_verify_given)
		options.tls = access->tls_verify ? REGISTRY_TLS_VERIFY : REGISTRY_TLS_OFF;
	return registry_client_new(&options, &out->client, err);
}

int docker_site_open(const char *rest, const struct image_access *access, struct docker_site *out,
		     struct keg_err *err)
{
	int r = parse(rest, &out->ref, err);

	if (r < 0)
		return r;
	reference_add_latest(&out->ref);
	return docker_site_connect(access, out, err);
}

const char *docker_site_what(const struct docker_site *site)
{
	return site->ref.digest ? site->ref.digest : site->ref.tag;
}

char *docker_site_name(const struct docker_site *site)
{
	autofree char *familiar = reference_familiar(&site->ref);

	return keg_printf("docker://%s", familiar);
}

static int docker_scopes(const char *rest, const struct image_access *access, struct keg_strv *out,
			 struct keg_err *err)
{
	int r = docker_check(rest, err);

	(void)access;
	return r < 0 ? r : image_scopes_docker(rest + 2, out, err);
}

static int docker_remove(const char *rest, const struct image_access *access, struct keg_err *err)
{
	auto(docker_site) site = { 0 };
	auto(registry_places) places = { 0 };
	autoptr(registry_repo) repo = NULL;

	int r = docker_site_open(rest, access, &site, err);
	if (r >= 0)
		r = registry_config_push_place(site.config, site.ref.domain, site.ref.path, &places,
					       err);
	if (r >= 0)
		r = registry_repo_open(site.client, &places.v[0], REGISTRY_DELETE, &repo, err);
	return r < 0 ? r : registry_manifest_delete(repo, docker_site_what(&site), err);
}

/* The first place that answers; what the last one said otherwise. */
static int tags_of(const struct docker_site *site, const struct registry_places *places,
		   struct keg_strv *out, struct keg_err *err)
{
	int r = -KEG_ENOTFOUND;

	for (size_t i = 0; i < places->n && r < 0; i++) {
		autoptr(registry_repo) repo = NULL;

		keg_strv_clear(out);
		r = registry_repo_open(site->client, &places->v[i], REGISTRY_PULL, &repo, err);
		if (r >= 0)
			r = registry_tags(repo, out, err);
	}
	return r;
}

int image_docker_tags(const char *rest, const struct image_access *access, char **repository,
		      struct keg_strv *out, struct keg_err *err)
{
	auto(docker_site) site = { 0 };
	auto(registry_places) places = { 0 };
	auto(keg_strv) tags = { 0 };

	int r = parse(rest, &site.ref, err);
	if (r < 0)
		return r;
	if (site.ref.tag || site.ref.digest)
		return keg_fail(err, KEG_EUSAGE,
				"repository name \"%s\" must not contain a tag or digest",
				rest + 2);
	r = docker_site_connect(access, &site, err);
	if (r >= 0)
		r = registry_config_pull_places(site.config, site.ref.domain, site.ref.path, false,
						&places, err);
	if (r >= 0)
		r = tags_of(&site, &places, &tags, err);
	if (r < 0)
		return r;
	*repository = reference_name(&site.ref);
	keg_strv_extend(out, (const char *const *)tags.v, tags.n);
	return 0;
}

const struct image_transport image_transport_docker = {
	.name = "docker",
	.check = docker_check,
	.source = docker_source_open,
	.dest = docker_dest_open,
	.scopes = docker_scopes,
	.remove = docker_remove,
};
