/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three sources: the record and the state, detail.json (what was asked for and shows nowhere
 * else), and config.json, from which the limits, mounts and capabilities are read back.
 */
#include "engine/container_inspect.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "engine/container_files.h"
#include "engine/container_size.h"
#include "spec/runtime_config.h"
#include "store/image.h"

enum { MAX_DETAIL = 4 << 20 };

struct view {
	struct container *c;
	struct keg_arena arena;
	struct oci_config config;
	struct json_object *detail; /* or NULL */
};

static void view_done(struct view *v)
{
	json_object_put(v->detail);
	keg_arena_done(&v->arena);
}
KEG_AUTO(view, view_done)

static void put_int(struct json_object *obj, const char *name, int64_t value)
{
	json_object_object_add(obj, name, json_object_new_int64(value));
}

static void put_bool(struct json_object *obj, const char *name, bool value)
{
	json_object_object_add(obj, name, json_object_new_boolean(value));
}

static void put_texts(struct json_object *obj, const char *name, const char *const *list, size_t n)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(out, json_object_new_string(list[i]));
	json_object_object_add(obj, name, out);
}

static void put_pairs(struct json_object *obj, const char *name, const struct keg_pair *pairs,
		      size_t n)
{
	json_object_object_add(obj, name, n ? keg_json_of_pairs(pairs, n) : NULL);
}

static void put_time(struct json_object *obj, const char *name, int64_t ns)
{
	struct timespec t = { .tv_sec = ns / KEG_NS_PER_S, .tv_nsec = ns % KEG_NS_PER_S };
	autofree char *text = ns ? keg_time_format(t) : keg_strdup("0001-01-01T00:00:00Z");

	keg_json_put_str(obj, name, text);
}

static void put_path(struct json_object *obj, const char *name, const char *dir, const char *file)
{
	autofree char *path = keg_path_join(dir, file);

	keg_json_put_str(obj, name, path);
}

/* A member of the detail, shared with it. */
static void put_detail(const struct view *v, struct json_object *obj, const char *group,
		       const char *name)
{
	struct json_object *from = group ? keg_json_get(v->detail, group) : v->detail;

	json_object_object_add(obj, name, json_object_get(keg_json_get(from, name)));
}

/* Of a container without a health check, as all are. */
static struct json_object *health_of_none(void)
{
	struct json_object *out = json_object_new_object();

	keg_json_put_str(out, "Status", "");
	put_int(out, "FailingStreak", 0);
	json_object_object_add(out, "Log", NULL);
	return out;
}

static struct json_object *state_of(const struct view *v)
{
	const struct container_state *s = &v->c->state;
	struct json_object *out = json_object_new_object();

	keg_json_put_str(out, "OciVersion", v->config.oci_version);
	keg_json_put_str(out, "Status", container_status_name(s->status));
	put_bool(out, "Running", s->status == CONTAINER_RUNNING);
	put_bool(out, "Paused", s->status == CONTAINER_PAUSED);
	put_bool(out, "Restarting", false);
	put_bool(out, "OOMKilled", s->oom_killed);
	put_bool(out, "Dead", false);
	put_int(out, "Pid", s->pid);
	if (s->monitor)
		put_int(out, "ConmonPid", s->monitor);
	put_int(out, "ExitCode", s->exit_code);
	keg_json_put_str(out, "Error", s->error ? s->error : "");
	put_time(out, "StartedAt", s->started);
	put_time(out, "FinishedAt", s->finished);
	json_object_object_add(out, "Health", health_of_none());
	if (s->status == CONTAINER_RUNNING && v->config.os && v->config.os->cgroups_path)
		keg_json_put_str(out, "CgroupPath", v->config.os->cgroups_path);
	put_time(out, "CheckpointedAt", 0);
	put_time(out, "RestoredAt", 0);
	return out;
}

static struct json_object *config_of(const struct view *v)
{
	const struct container_record *rec = &v->c->record;
	const struct oci_process *p = v->config.process;
	struct json_object *out = json_object_new_object();
	autofree char *umask =
		keg_printf("%04o", p->user && p->user->umask ? *p->user->umask : 022);

	keg_json_put_str(out, "Hostname", v->config.hostname ? v->config.hostname : "");
	keg_json_put_str(out, "Domainname", "");
	put_detail(v, out, "Config", "User");
	put_bool(out, "AttachStdin", false);
	put_bool(out, "AttachStdout", false);
	put_bool(out, "AttachStderr", false);
	put_bool(out, "Tty", rec->tty);
	put_bool(out, "OpenStdin", rec->interactive);
	put_bool(out, "StdinOnce", false);
	put_texts(out, "Env", p->env, p->n_env);
	put_detail(v, out, "Config", "Cmd");
	keg_json_put_str(out, "Image", rec->image);
	json_object_object_add(out, "Volumes", NULL);
	keg_json_put_str(out, "WorkingDir", p->cwd);
	put_detail(v, out, "Config", "Entrypoint");
	json_object_object_add(out, "OnBuild", NULL);
	put_pairs(out, "Labels", rec->labels, rec->n_labels);
	put_pairs(out, "Annotations", v->config.annotations, v->config.n_annotations);
	put_int(out, "StopSignal", rec->stop_signal);
	put_detail(v, out, "Config", "CreateCommand");
	keg_json_put_str(out, "Umask", umask);
	put_int(out, "Timeout", rec->timeout);
	put_int(out, "StopTimeout", rec->stop_timeout);
	put_bool(out, "Passwd", true);
	keg_json_put_str(out, "HealthcheckOnFailureAction", "none");
	keg_json_put_str(out, "sdNotifyMode", "ignore");
	return out;
}

static struct json_object *ulimits_of(const struct oci_process *p)
{
	struct json_object *out = json_object_new_array();

	for (size_t i = 0; i < p->n_rlimits; i++) {
		struct json_object *one = json_object_new_object();

		keg_json_put_str(one, "Name", p->rlimits[i].type);
		json_object_object_add(one, "Soft", json_object_new_uint64(p->rlimits[i].soft));
		json_object_object_add(one, "Hard", json_object_new_uint64(p->rlimits[i].hard));
		json_object_array_add(out, one);
	}
	return out;
}

static struct json_object *tmpfs_of(const struct view *v)
{
	struct json_object *out = json_object_new_object();

	for (size_t i = 0; i < v->config.n_mounts; i++) {
		const struct oci_mount *m = &v->config.mounts[i];
		auto(keg_strv) words = { 0 };
		bool ours = keg_str_starts(m->destination, "/dev");

		if (!m->type || strcmp(m->type, "tmpfs") != 0 || ours)
			continue;
		keg_strv_extend(&words, m->options, m->n_options);
		autofree char *joined = keg_strv_join(&words, ",");
		keg_json_put_str(out, m->destination, joined);
	}
	return out;
}

static struct json_object *binds_of(const struct view *v)
{
	struct json_object *out = json_object_new_array();
	struct json_object *mounts = keg_json_get(v->detail, "Mounts");

	for (size_t i = 0; mounts && i < json_object_array_length(mounts); i++) {
		struct json_object *m = json_object_array_get_idx(mounts, i);
		const char *type = keg_json_str(m, "Type", "");
		bool named = strcmp(type, "volume") == 0;

		if (!named && strcmp(type, "bind") != 0)
			continue;
		autofree char *text =
			keg_printf("%s:%s:%s,%s", keg_json_str(m, named ? "Name" : "Source", ""),
				   keg_json_str(m, "Destination", ""),
				   keg_json_bool(m, "RW", true) ? "rw" : "ro",
				   keg_json_str(m, "Propagation", "rprivate"));
		json_object_array_add(out, json_object_new_string(text));
	}
	return out;
}

static void put_limits(const struct view *v, struct json_object *out)
{
	const struct oci_resources *res = v->config.os ? v->config.os->resources : NULL;
	const struct oci_memory *m = res ? res->memory : NULL;
	const struct oci_cpu *cpu = res ? res->cpu : NULL;
	int64_t quota = cpu && cpu->quota ? *cpu->quota : 0;
	uint64_t period = cpu && cpu->period ? *cpu->period : 0;

	put_int(out, "CpuShares", cpu && cpu->shares ? (int64_t)*cpu->shares : 0);
	put_int(out, "Memory", m && m->limit ? *m->limit : 0);
	put_int(out, "NanoCpus",
		quota > 0 && period ? quota * (KEG_NS_PER_S / (int64_t)period) : 0);
	put_detail(v, out, "HostConfig", "CgroupParent");
	put_int(out, "CpuPeriod", (int64_t)period);
	put_int(out, "CpuQuota", quota);
	keg_json_put_str(out, "CpusetCpus", cpu && cpu->cpus ? cpu->cpus : "");
	keg_json_put_str(out, "CpusetMems", cpu && cpu->mems ? cpu->mems : "");
	put_int(out, "MemoryReservation", m && m->reservation ? *m->reservation : 0);
	put_int(out, "MemorySwap", m && m->swap ? *m->swap : 0);
	put_int(out, "MemorySwappiness", m && m->swappiness ? (int64_t)*m->swappiness : 0);
	put_bool(out, "OomKillDisable", m && m->disable_oom_killer && *m->disable_oom_killer);
	put_int(out, "PidsLimit", res && res->pids && res->pids->limit ? *res->pids->limit : 0);
	json_object_object_add(out, "Ulimits", ulimits_of(v->config.process));
}

static struct json_object *log_of(const struct container_record *rec)
{
	struct json_object *out = json_object_new_object();

	keg_json_put_str(out, "Type", rec->log_driver ? rec->log_driver : "");
	json_object_object_add(out, "Config", NULL);
	keg_json_put_str(out, "Path", rec->log_path ? rec->log_path : "");
	keg_json_put_str(out, "Tag", "");
	keg_json_put_str(out, "Size", "0B");
	return out;
}

static struct json_object *host_config_of(const struct view *v)
{
	static const char *const details[] = { "CapAdd",    "CapDrop",	  "Dns",      "DnsOptions",
					       "DnsSearch", "ExtraHosts", "GroupAdd", "IpcMode" };
	const struct container_record *rec = &v->c->record;
	struct json_object *out = json_object_new_object();
	struct json_object *restart = json_object_new_object();

	json_object_object_add(out, "Binds", binds_of(v));
	keg_json_put_str(out, "CgroupManager", "cgroupfs");
	put_detail(v, out, "HostConfig", "ContainerIDFile");
	json_object_object_add(out, "LogConfig", log_of(rec));
	put_detail(v, out, "HostConfig", "NetworkMode");
	json_object_object_add(out, "PortBindings", json_object_new_object());
	keg_json_put_str(restart, "Name", "");
	put_int(restart, "MaximumRetryCount", 0);
	json_object_object_add(out, "RestartPolicy", restart);
	put_bool(out, "AutoRemove", rec->remove);
	for (size_t i = 0; i < KEG_COUNT(details); i++)
		put_detail(v, out, "HostConfig", details[i]);
	put_detail(v, out, "HostConfig", "Cgroups");
	put_int(out, "OomScoreAdj",
		v->config.process->oom_score_adj ? *v->config.process->oom_score_adj : 0);
	put_detail(v, out, "HostConfig", "PidMode");
	put_bool(out, "Privileged", rec->privileged);
	put_bool(out, "PublishAllPorts", false);
	put_bool(out, "ReadonlyRootfs", v->config.root && v->config.root->readonly);
	put_detail(v, out, "HostConfig", "SecurityOpt");
	json_object_object_add(out, "Tmpfs", tmpfs_of(v));
	put_detail(v, out, "HostConfig", "UTSMode");
	put_detail(v, out, "HostConfig", "UsernsMode");
	put_detail(v, out, "HostConfig", "ShmSize");
	keg_json_put_str(out, "Runtime", "oci");
	put_limits(v, out);
	return out;
}

static struct json_object *graph_driver_of(const struct view *v)
{
	struct json_object *out = json_object_new_object();
	struct json_object *data = json_object_new_object();
	const char *driver = v->c->engine->storage.driver;

	keg_json_put_str(out, "Name", driver);
	if (strcmp(driver, "overlay") == 0) {
		put_path(data, "UpperDir", v->c->path, CONTAINER_DIR_UPPER);
		put_path(data, "WorkDir", v->c->path, CONTAINER_DIR_WORK);
	}
	json_object_object_add(out, "Data", data);
	return out;
}

static void put_caps(const struct view *v, struct json_object *out)
{
	const struct oci_capabilities *caps = v->config.process->capabilities;

	put_texts(out, "EffectiveCaps", caps ? caps->effective : NULL,
		  caps ? caps->n_effective : 0);
	put_texts(out, "BoundingCaps", caps ? caps->bounding : NULL, caps ? caps->n_bounding : 0);
}

static const char *image_digest(const struct view *v, struct keg_arena *arena)
{
	struct store *store;
	struct store_image image;
	struct keg_err ignored;

	if (engine_store(v->c->engine, &store, &ignored) < 0 ||
	    store_image_find(store, v->c->record.image_id, arena, &image, &ignored) < 0)
		return "";
	return image.digest;
}

static void put_head(const struct view *v, struct json_object *out, struct keg_arena *arena)
{
	const struct container_record *rec = &v->c->record;

	keg_json_put_str(out, "Id", v->c->id);
	put_time(out, "Created", rec->created);
	keg_json_put_str(out, "Path", rec->n_command ? rec->command[0] : "");
	put_texts(out, "Args", rec->command + (rec->n_command ? 1 : 0),
		  rec->n_command ? rec->n_command - 1 : 0);
	json_object_object_add(out, "State", state_of(v));
	keg_json_put_str(out, "Image", rec->image_id);
	keg_json_put_str(out, "ImageDigest", image_digest(v, arena));
	keg_json_put_str(out, "ImageName", rec->image);
	keg_json_put_str(out, "Rootfs", "");
	keg_json_put_str(out, "Pod", "");
	put_path(out, "ResolvConfPath", v->c->run_path, CONTAINER_FILE_RESOLV);
	put_path(out, "HostnamePath", v->c->run_path, CONTAINER_FILE_HOSTNAME);
	put_path(out, "HostsPath", v->c->run_path, CONTAINER_FILE_HOSTS);
	keg_json_put_str(out, "StaticDir", v->c->path);
	put_path(out, "OCIConfigPath", rec->remove ? v->c->run_path : v->c->path,
		 CONTAINER_FILE_CONFIG);
	keg_json_put_str(out, "OCIRuntime", rec->runtime ? keg_path_base(rec->runtime) : "kegrun");
	if (rec->monitor_pid_file)
		keg_json_put_str(out, "ConmonPidFile", rec->monitor_pid_file);
	else
		put_path(out, "ConmonPidFile", v->c->run_path, CONTAINER_FILE_MONITOR_PID);
	if (rec->pid_file)
		keg_json_put_str(out, "PidFile", rec->pid_file);
	else
		put_path(out, "PidFile", v->c->run_path, CONTAINER_FILE_PID);
	keg_json_put_str(out, "Name", rec->name);
	put_int(out, "RestartCount", v->c->state.restarts);
}

/* Of a container without a network: scripts ask for these members all the same. */
static struct json_object *network_of(void)
{
	static const char *const texts[] = { "EndpointID",	  "Gateway",
					     "IPAddress",	  "IPv6Gateway",
					     "MacAddress",	  "Bridge",
					     "SandboxID",	  "LinkLocalIPv6Address",
					     "GlobalIPv6Address", "SandboxKey" };
	static const char *const numbers[] = { "IPPrefixLen", "GlobalIPv6PrefixLen",
					       "LinkLocalIPv6PrefixLen" };
	struct json_object *out = json_object_new_object();

	for (size_t i = 0; i < KEG_COUNT(texts); i++)
		keg_json_put_str(out, texts[i], "");
	for (size_t i = 0; i < KEG_COUNT(numbers); i++)
		put_int(out, numbers[i], 0);
	put_bool(out, "HairpinMode", false);
	json_object_object_add(out, "Ports", json_object_new_object());
	return out;
}

static struct json_object *describe(const struct view *v)
{
	auto(keg_arena) arena = { 0 };
	struct json_object *out = json_object_new_object();

	put_head(v, out, &arena);
	keg_json_put_str(out, "Driver", v->c->engine->storage.driver);
	keg_json_put_str(out, "MountLabel", "");
	keg_json_put_str(out, "ProcessLabel", "");
	keg_json_put_str(out, "AppArmorProfile",
			 v->config.process->apparmor_profile ? v->config.process->apparmor_profile
							     : "");
	put_caps(v, out);
	json_object_object_add(out, "ExecIDs", json_object_new_array());
	json_object_object_add(out, "GraphDriver", graph_driver_of(v));
	put_detail(v, out, NULL, "Mounts");
	json_object_object_add(out, "Dependencies", json_object_new_array());
	json_object_object_add(out, "NetworkSettings", network_of());
	keg_json_put_str(out, "Namespace", "");
	put_bool(out, "IsInfra", false);
	put_bool(out, "IsService", false);
	json_object_object_add(out, "Config", config_of(v));
	json_object_object_add(out, "HostConfig", host_config_of(v));
	return out;
}

int container_inspect(struct container *c, bool size, struct json_object **out, struct keg_err *err)
{
	auto(view) v = { .c = c };
	int dir = c->record.remove ? c->run : c->dir;
	struct keg_err ignored;
	int r = oci_config_read(dir, CONTAINER_FILE_CONFIG, &v.config, &v.arena, err);

	if (r >= 0 && !v.config.process)
		r = keg_fail(err, KEG_ECORRUPT, "config.json has no process");
	if (r < 0)
		return keg_wrap(err, "container %s", c->id);
	if (keg_json_read(dir, CONTAINER_FILE_DETAIL, MAX_DETAIL, &v.detail, &ignored) < 0)
		v.detail = NULL;
	*out = describe(&v);
	if (size) {
		struct container_size bytes;

		r = container_size(c, &bytes, err);
		if (r < 0)
			return r;
		put_int(*out, "SizeRw", bytes.rw);
		put_int(*out, "SizeRootFs", bytes.rw + bytes.image);
	}
	return 0;
}
