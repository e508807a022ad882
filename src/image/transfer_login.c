/* SPDX-License-Identifier: Apache-2.0 */
/* login and logout: credentials are asked for below, checked here against the registry, kept. */
#include <string.h>

#include "base/mem.h"
#include "image/docker_transport.h"
#include "image/transfer_parts.h"
#include "registry/auth_edit.h"
#include "registry/login.h"

static struct auth_keeper keeper_of(const struct transfer_login *req,
				    const struct registry_config *config)
{
	return (struct auth_keeper){ .authfile = req->access->authfile,
				     .compat = req->compat_authfile,
				     .helpers = registry_config_helpers(config) };
}

static int load_config(const struct transfer_login *req, struct registry_config **out,
		       struct keg_err *err)
{
	return registry_config_load(req->access->registries_conf, req->access->registries_conf_dir,
				    out, err);
}

int transfer_login_find(const struct transfer_login *req, char **username, char **password,
			struct keg_err *err)
{
	autoptr(registry_config) config = NULL;
	auto(registry_creds) creds = { 0 };
	auto(auth_site) site = { 0 };

	int r = load_config(req, &config, err);
	if (r >= 0)
		r = auth_site_find(req->access->authfile, req->compat_authfile, &site, err);
	if (r >= 0)
		r = registry_auth_find(site.path, registry_config_helpers(config), req->key, &creds,
				       err);
	if (r <= 0)
		return r < 0 ? keg_wrap(err, "get credentials") : 0;
	*username = take_ptr(&creds.username);
	*password = take_ptr(&creds.password);
	return 1;
}

int transfer_login_check(const struct transfer_login *req, struct keg_err *err)
{
	autofree char *host = keg_strndup(req->key, strcspn(req->key, "/"));
	auto(docker_site) site = { 0 };
	auto(registry_places) places = { 0 };
	autoptr(registry_repo) repo = NULL;

	int r = docker_site_connect(req->access, &site, err);
	if (r >= 0)
		r = registry_config_push_place(site.config, host, "", &places, err);
	if (r >= 0)
		r = registry_repo_open(site.client, &places.v[0], REGISTRY_PULL, &repo, err);
	return r < 0 ? r : registry_login_check(repo, err);
}

int transfer_login_store(const struct transfer_login *req, char **place, struct keg_err *err)
{
	auto(registry_creds) creds = { .username = keg_strdup(req->access->username),
				       .password = keg_strdup(req->access->password) };
	autoptr(registry_config) config = NULL;

	int r = load_config(req, &config, err);
	if (r < 0)
		return r;
	const struct auth_keeper keeper = keeper_of(req, config);
	return registry_auth_store(&keeper, req->key, &creds, place, err);
}

int transfer_login_forget(const struct transfer_login *req, struct keg_err *err)
{
	autoptr(registry_config) config = NULL;

	int r = load_config(req, &config, err);
	if (r < 0)
		return r;
	const struct auth_keeper keeper = keeper_of(req, config);
	return req->key ? registry_auth_erase(&keeper, req->key, err)
			: registry_auth_erase_all(&keeper, err);
}
