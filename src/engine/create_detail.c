/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/create_detail.h"

#include <string.h>

#include "base/json.h"
#include "base/num.h"
#include "base/strv.h"

static struct json_object *texts(const char *const *list, size_t n)
{
	struct json_object *out = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(out, json_object_new_string(list[i]));
	return out;
}

static struct json_object *strv(const struct keg_strv *list)
{
	return texts((const char *const *)list->v, list->n);
}

static void put_flag(struct json_object *obj, const char *name, bool value)
{
	json_object_object_add(obj, name, json_object_new_boolean(value));
}

static struct json_object *config_of(const struct spec_gen *gen, char *const *argv)
{
	const struct container_options *o = gen->options;
	const struct image_defaults *image = gen->image;
	struct json_object *out = json_object_new_object();
	auto(keg_strv) entrypoint = { 0 };
	size_t n = 0;

	while (argv && argv[n])
		n++;
	if (o->entrypoint)
		keg_strv_add(&entrypoint, o->entrypoint);
	else
		keg_strv_extend(&entrypoint, image->entrypoint, image->n_entrypoint);
	autofree char *joined = keg_strv_join(&entrypoint, " ");
	keg_json_put_str(out, "User", o->user ? o->user : image->user ? image->user : "");
	keg_json_put_str(out, "Entrypoint", joined);
	json_object_object_add(out, "Cmd",
			       gen->n_command
				       ? texts((const char *const *)gen->command, gen->n_command)
			       : o->entrypoint ? NULL
					       : texts(image->cmd, image->n_cmd));
	json_object_object_add(out, "CreateCommand", texts((const char *const *)argv, n));
	return out;
}

static const char *mode_text(const char *given, const char *standard)
{
	return given ? given : standard;
}

static struct json_object *host_config_of(const struct spec_gen *gen)
{
	const struct container_options *o = gen->options;
	struct json_object *out = json_object_new_object();
	uint64_t shm = 0;
	struct keg_err ignored;

	keg_json_put_str(out, "ContainerIDFile", o->cidfile ? o->cidfile : "");
	keg_json_put_str(out, "NetworkMode", o->networks.n ? o->networks.v[0] : gen->config->netns);
	json_object_object_add(out, "CapAdd", strv(&o->cap_add));
	json_object_object_add(out, "CapDrop", strv(&o->cap_drop));
	json_object_object_add(out, "Dns", strv(&o->dns));
	json_object_object_add(out, "DnsOptions", strv(&o->dns_options));
	json_object_object_add(out, "DnsSearch", strv(&o->dns_search));
	json_object_object_add(out, "ExtraHosts", strv(&o->add_hosts));
	json_object_object_add(out, "GroupAdd", strv(&o->group_add));
	keg_json_put_str(out, "IpcMode", mode_text(o->ipc, gen->config->ipcns));
	keg_json_put_str(out, "PidMode", mode_text(o->pid, gen->config->pidns));
	keg_json_put_str(out, "UTSMode", mode_text(o->uts, gen->config->utsns));
	keg_json_put_str(out, "UsernsMode", mode_text(o->userns, ""));
	json_object_object_add(out, "SecurityOpt", strv(&o->security_opts));
	if (keg_parse_bytes(o->shm_size ? o->shm_size : gen->config->shm_size, &shm, &ignored) >= 0)
		json_object_object_add(out, "ShmSize", json_object_new_uint64(shm));
	keg_json_put_str(out, "CgroupParent", o->cgroup_parent ? o->cgroup_parent : "");
	keg_json_put_str(out, "Cgroups", mode_text(o->cgroups, "default"));
	return out;
}

static const char *propagation_of(const struct volume_mount *v)
{
	for (size_t i = 0; i < v->n_options; i++) {
		if (keg_str_ends(v->options[i], "private") ||
		    keg_str_ends(v->options[i], "shared") || keg_str_ends(v->options[i], "slave"))
			return v->options[i];
	}
	return "";
}

static struct json_object *mount_of(const struct spec_gen *gen, const struct volume_mount *v)
{
	static const char *const types[] = { [VOLUME_BIND] = "bind",
					     [VOLUME_NAMED] = "volume",
					     [VOLUME_TMPFS] = "tmpfs",
					     [VOLUME_DEVPTS] = "devpts" };
	struct json_object *out = json_object_new_object();
	struct json_object *options = json_object_new_array();

	for (size_t i = 0; i < v->n_options; i++) {
		const char *word = v->options[i];

		if (strcmp(word, "rw") != 0 && strcmp(word, "ro") != 0 &&
		    strcmp(word, propagation_of(v)) != 0)
			json_object_array_add(options, json_object_new_string(word));
	}
	keg_json_put_str(out, "Type", types[v->kind]);
	if (v->kind == VOLUME_NAMED) {
		autofree char *path = keg_printf("%s/%s/_data", gen->volumes_dir, v->source);

		keg_json_put_str(out, "Name", v->source);
		keg_json_put_str(out, "Source", path);
	} else {
		keg_json_put_str(out, "Source", v->kind == VOLUME_BIND ? v->source : "");
	}
	keg_json_put_str(out, "Destination", v->dest);
	keg_json_put_str(out, "Driver", v->kind == VOLUME_NAMED ? "local" : "");
	keg_json_put_str(out, "Mode", "");
	json_object_object_add(out, "Options", options);
	put_flag(out, "RW", !v->read_only);
	keg_json_put_str(out, "Propagation", propagation_of(v));
	return out;
}

struct json_object *create_detail(const struct spec_gen *gen, char *const *argv)
{
	struct json_object *out = json_object_new_object();
	struct json_object *mounts = json_object_new_array();

	for (size_t i = 0; i < gen->volumes.n; i++)
		json_object_array_add(mounts, mount_of(gen, &gen->volumes.v[i]));
	json_object_object_add(out, "Config", config_of(gen, argv));
	json_object_object_add(out, "HostConfig", host_config_of(gen));
	json_object_object_add(out, "Mounts", mounts);
	return out;
}
