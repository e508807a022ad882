/* SPDX-License-Identifier: Apache-2.0 */
#include "image/transport.h"

#include <string.h>

#include "base/mem.h"

/* In the order of the peers' help: by name. */
static const struct image_transport *const transports[] = {
	&image_transport_storage,	 &image_transport_dir,		 &image_transport_docker,
	&image_transport_docker_archive, &image_transport_docker_daemon, &image_transport_oci,
	&image_transport_oci_archive,	 &image_transport_sif,		 &image_transport_tarball,
};

/* Known to the peers, not built here: a clearer answer than "unknown". */
static const char *const refused[] = { "atomic", "ostree" };

char *image_transport_names(void)
{
	auto(keg_buf) text = { 0 };

	for (size_t i = 0; i < KEG_COUNT(transports); i++)
		keg_buf_printf(&text, "%s%s", i ? ", " : "", transports[i]->name);
	return keg_buf_take(&text);
}

static const struct image_transport *find(const char *name, size_t len)
{
	for (size_t i = 0; i < KEG_COUNT(transports); i++) {
		if (strlen(transports[i]->name) == len &&
		    memcmp(transports[i]->name, name, len) == 0)
			return transports[i];
	}
	return NULL;
}

static int unknown(const char *text, size_t len, struct keg_err *err)
{
	autofree char *known = image_transport_names();

	for (size_t i = 0; i < KEG_COUNT(refused); i++) {
		if (strlen(refused[i]) == len && memcmp(refused[i], text, len) == 0) {
			keg_fail(err, KEG_EUNSUPPORTED, "transport \"%s\" is not built into keg",
				 refused[i]);
			return keg_hint(err, "transports here: %s", known);
		}
	}
	return keg_fail(err, KEG_EUSAGE, "Invalid image name \"%s\", unknown transport \"%.*s\"",
			text, (int)len, text);
}

int image_name_parse(const char *text, const struct image_transport **transport, const char **rest,
		     struct keg_err *err)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return keg_fail(err, KEG_EUSAGE,
				"Invalid image name \"%s\", expected colon-separated "
				"transport:reference",
				text);

	const struct image_transport *found = find(text, (size_t)(colon - text));
	if (!found)
		return unknown(text, (size_t)(colon - text), err);

	int r = found->check(colon + 1, err);
	if (r < 0)
		return r;
	*transport = found;
	*rest = colon + 1;
	return 0;
}

char *image_name_or_docker(const char *text)
{
	const struct image_transport *transport;
	const char *rest;
	struct keg_err ignored;

	return image_name_parse(text, &transport, &rest, &ignored) >= 0
		       ? keg_strdup(text)
		       : keg_printf("docker://%s", text);
}
