/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/format.h"
#include "os/cgroup.h"
#include "os/namespace.h"
#include "os/process.h"

/* LINK_MAX_LEN: of "cgroup:[4026531835]" */
enum { ID_MAX = 1024, RECORD_MAX = OCI_CONFIG_MAX, LINK_MAX_LEN = 64 };

static const char record_name[] = "state.json";

static const struct keg_json_field record_rows[] = {
	JSON_STR("ociVersion", struct state_record, oci_version, 0),
	JSON_STR("id", struct state_record, id, 0),
	JSON_I64("pid", struct state_record, pid, KEG_JSON_ALWAYS),
	JSON_U64("start", struct state_record, start, 0),
	JSON_I64("maker", struct state_record, maker, 0),
	JSON_U64("makerStart", struct state_record, maker_start, 0),
	JSON_BOOL("filtered", struct state_record, filtered, 0),
	JSON_BOOL("asCrun", struct state_record, as_crun, 0),
	JSON_STR("bundle", struct state_record, bundle, 0),
	JSON_STR("rootfs", struct state_record, rootfs, 0),
	JSON_STR("created", struct state_record, created, 0),
	JSON_STR("owner", struct state_record, owner, 0),
	JSON_STR("cgroup", struct state_record, cgroup, 0),
	JSON_STR("unit", struct state_record, unit, 0),
	JSON_BOOL("unitOfUser", struct state_record, unit_of_user, 0),
	JSON_BOOL("unitPlanned", struct state_record, unit_planned, 0),
	JSON_BOOL("groupFound", struct state_record, group_found, 0),
	JSON_STR("rdtGroup", struct state_record, rdt_group, 0),
	JSON_BOOL("rdtMade", struct state_record, rdt_made, 0),
	JSON_BOOL("rdtMonitor", struct state_record, rdt_monitor, 0),
	JSON_RAW("config", struct state_record, config, 0),
	JSON_END,
};

const char *runtime_status_name(enum runtime_status status)
{
	static const char *const names[] = {
		[RUNTIME_CREATING] = "creating", [RUNTIME_CREATED] = "created",
		[RUNTIME_RUNNING] = "running",	 [RUNTIME_PAUSED] = "paused",
		[RUNTIME_STOPPED] = "stopped",
	};

	return names[status];
}

int state_check_id(const char *id, struct keg_err *err)
{
	size_t len = strlen(id);

	if (len == 0)
		return keg_fail(err, KEG_EUSAGE, "container id cannot be empty");
	for (size_t i = 0; i < len && len <= ID_MAX; i++) {
		unsigned char c = (unsigned char)id[i];

		if (isalnum(c) || strchr("_+-.@", c))
			continue;
		return keg_fail(
			err, KEG_EUSAGE,
			isprint(c) ? "invalid container ID format: %.64s: invalid character '%c'"
				   : "invalid container ID format: %.64s: invalid byte 0x%02x",
			id, c);
	}
	if (len > ID_MAX || strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return keg_fail(err, KEG_EUSAGE, "invalid container ID format: %.64s", id);
	return 0;
}

int state_make(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	autofree char *path = keg_path_join(ctx->root, id);
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	int sys = mkdir(path, 0711) < 0 ? errno : 0;
	if (sys == ENOENT) {
		r = keg_mkdirs(AT_FDCWD, ctx->root, 0700, err);
		if (r < 0)
			return r;
		sys = mkdir(path, 0711) < 0 ? errno : 0;
	}
	if (sys == EEXIST)
		return keg_fail(err, KEG_EEXISTS, "container with given ID already exists: %s", id);
	if (sys)
		return keg_fail_sys(err, sys, "create folder %s", path);
	r = keg_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	if (r < 0)
		(void)rmdir(path);
	return r;
}

int state_open(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	autofree char *path = keg_path_join(ctx->root, id);
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	r = keg_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
	if (r == -KEG_ENOTFOUND)
		return keg_fail(err, KEG_ENOTFOUND, "container does not exist: %s", id);
	return r;
}

int state_remove(const struct runtime_context *ctx, const char *id, struct keg_err *err)
{
	autofree char *path = keg_path_join(ctx->root, id);

	return keg_remove_tree(AT_FDCWD, path, err);
}

void state_format(const struct state_record *record, struct keg_buf *out)
{
	autojson document = keg_json_encode(record_rows, record);

	keg_json_print(document, out);
}

int state_write(int folder, const struct state_record *record, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };

	state_format(record, &text);
	return keg_file_write(folder, record_name, text.data, text.len, 0600, 0, err);
}

int state_parse(const char *text, size_t len, struct state_record *out, struct keg_arena *arena,
		struct keg_err *err)
{
	autojson document = NULL;
	int r = keg_json_parse(text, len, &document, err);

	*out = (struct state_record){ 0 };
	if (r >= 0)
		r = keg_json_decode(document, record_rows, out, arena, err);
	return r < 0 ? keg_wrap(err, "%s", record_name) : 0;
}

int state_read(int folder, struct state_record *out, struct keg_arena *arena, struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	int r = keg_file_read(folder, record_name, RECORD_MAX, &text, err);

	*out = (struct state_record){ 0 };
	if (r == -KEG_ENOTFOUND)
		return 0;
	return r < 0 ? r : state_parse(keg_buf_text(&text), text.len, out, arena, err);
}

static int not_running(struct keg_err *err)
{
	return keg_fail(err, KEG_EBUSY, "container not running");
}

static int check_alive(int64_t pid, uint64_t start, struct keg_err *err)
{
	struct process_id id;
	int r = pid > 0 ? process_identify((pid_t)pid, &id, err) : -KEG_ENOTFOUND;

	if (r < 0 && r != -KEG_ENOTFOUND && err->sys != ESRCH)
		return r;
	if (r < 0 || id.start != start || id.state == 'Z' || id.state == 'X')
		return not_running(err);
	return 0;
}

int state_check_alive(const struct state_record *record, struct keg_err *err)
{
	return check_alive(record->pid, record->start, err);
}

bool state_is_alive(const struct state_record *record)
{
	struct keg_err err;

	return state_check_alive(record, &err) != -KEG_EBUSY;
}

enum runtime_status state_status(int folder, const struct state_record *record)
{
	autoptr(cgroup) group = NULL;
	struct keg_err err;

	/* Without a record it was begun a moment ago. */
	if (record->pid == 0 &&
	    (!record->created || check_alive(record->maker, record->maker_start, &err) >= 0))
		return RUNTIME_CREATING;
	if (!state_is_alive(record))
		return RUNTIME_STOPPED;
	if (keg_exists(folder, STATE_START_SOCKET))
		return RUNTIME_CREATED;
	if (record->cgroup && *record->cgroup && cgroup_open(record->cgroup, &group, &err) >= 0 &&
	    cgroup_is_frozen(group, &err) > 0)
		return RUNTIME_PAUSED;
	return RUNTIME_RUNNING;
}

int state_open_process(const struct state_record *record, struct keg_err *err)
{
	autofd int fd = record->pid > 0 ? process_open((pid_t)record->pid, err) : -KEG_ENOTFOUND;

	if (fd < 0 && fd != -KEG_ENOTFOUND)
		return fd;
	int r = fd < 0 ? not_running(err) : state_check_alive(record, err);
	return r < 0 ? r : take_fd(&fd);
}

/* By the links' texts: to follow them costs the kernel several times as much. */
static int open_links(const char *process, struct keg_err *err)
{
	char path[64];

	keg_format(path, sizeof path, "/proc/%s/ns", process);
	return keg_open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0, err);
}

/* One that could not be looked at is no kind to leave out: who enters would be in the host's. */
static int compare_links(int ours, int theirs, uint64_t *out, struct keg_err *err)
{
	*out = 0;
	for (size_t i = 0; i < namespace_n_kinds; i++) {
		const struct namespace_kind *kind = &namespace_kinds[i];
		char a[LINK_MAX_LEN], b[LINK_MAX_LEN];
		ssize_t len = readlinkat(ours, kind->file, a, sizeof a);
		int cause = len < 0 ? errno : 0;
		ssize_t other = readlinkat(theirs, kind->file, b, sizeof b);

		/* A kind that the kernel does not have neither of us has. */
		if (cause == ENOENT && other < 0 && errno == ENOENT)
			continue;
		if (len < 0 || other < 0)
			return keg_fail_sys(err, cause ? cause : errno, "look at the %s namespace",
					    kind->name);
		if (len != other || memcmp(a, b, (size_t)len) != 0)
			*out |= kind->flag;
	}
	return 0;
}

int state_namespaces(const struct state_record *record, int pidfd, uint64_t *out,
		     struct keg_err *err)
{
	char pid[24];
	uint64_t flags;

	keg_format(pid, sizeof pid, "%d", (int)record->pid);
	autofd int ours = open_links("self", err);
	if (ours < 0)
		return ours;
	autofd int theirs = open_links(pid, err);
	int r = theirs < 0 ? theirs : compare_links(ours, theirs, &flags, err);
	/* Still there: so it was this process that was looked at, not another with its number. */
	if (process_has_ended(pidfd))
		return not_running(err);
	if (r >= 0)
		*out = flags;
	return r < 0 ? r : 0;
}

int state_load(const struct runtime_context *ctx, const char *id, struct state_container *out,
	       struct keg_err *err)
{
	*out = (struct state_container){ .folder = -1 };

	int r = out->folder = state_open(ctx, id, err);
	if (r >= 0)
		r = state_read(out->folder, &out->record, &out->arena, err);
	/* Who created it may have written the last record after we read, and ended. */
	if (r >= 0 && out->record.maker &&
	    check_alive(out->record.maker, out->record.maker_start, err) < 0)
		r = state_read(out->folder, &out->record, &out->arena, err);
	if (r >= 0 && out->record.config)
		r = oci_config_decode(out->record.config, &out->config, &out->arena, err);
	if (r < 0) {
		state_container_done(out);
		return r;
	}
	if (!out->record.id)
		out->record.id = keg_arena_strdup(&out->arena, id);
	return 0;
}

void state_container_done(struct state_container *container)
{
	if (container->folder >= 0)
		close(container->folder);
	keg_arena_done(&container->arena);
	*container = (struct state_container){ .folder = -1 };
}

struct json_object *state_document(const struct state_record *record, const char *status,
				   const struct oci_config *config)
{
	struct json_object *doc = json_object_new_object();

	keg_json_put_str(doc, "ociVersion", record->oci_version);
	keg_json_put_str(doc, "id", record->id);
	json_object_object_add(doc, "pid", keg_json_new_i64(record->pid));
	keg_json_put_str(doc, "status", status);
	keg_json_put_str(doc, "bundle", record->bundle);
	if (config && config->n_annotations > 0)
		json_object_object_add(
			doc, "annotations",
			keg_json_of_pairs(config->annotations, config->n_annotations));
	return doc;
}
