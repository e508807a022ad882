/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/crun_status.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "os/path.h"

/* The standard streams that were given, a JSON list as a text in JSON: CRIU is told of these. */
static char *external_descriptors(const struct creation *c)
{
	autojson list = json_object_new_array();
	auto(keg_buf) text = { 0 };

	for (int fd = 0; fd <= STDERR_FILENO && !c->config.process->terminal; fd++) {
		char path[PATH_FD_MAX], target[PATH_MAX];
		ssize_t len = readlink(path_of_fd(fd, path), target, sizeof target);

		json_object_array_add(list,
				      json_object_new_string_len(target, len < 0 ? 0 : (int)len));
	}
	keg_json_print(list, &text);
	return keg_strdup(keg_buf_text(&text));
}

static void put_bool(struct json_object *doc, const char *name, bool value)
{
	json_object_object_add(doc, name, json_object_new_boolean(value));
}

int crun_status_write(const struct creation *c, struct keg_err *err)
{
	const struct state_record *record = &c->record;
	autofree char *descriptors = external_descriptors(c);
	autojson doc = json_object_new_object();
	auto(keg_buf) text = { 0 };

	json_object_object_add(doc, "pid", keg_json_new_i64(record->pid));
	json_object_object_add(doc, "process-start-time", keg_json_new_u64(record->start));
	keg_json_put_str(doc, "cgroup-path", record->cgroup ? record->cgroup : "");
	keg_json_put_str(doc, "scope", record->unit ? record->unit : "");
	keg_json_put_str(doc, "rootfs", record->rootfs);
	put_bool(doc, "systemd-cgroup", record->unit != NULL);
	keg_json_put_str(doc, "bundle", record->bundle);
	keg_json_put_str(doc, "created", record->created);
	keg_json_put_str(doc, "owner", record->owner);
	put_bool(doc, "detached", c->req->detach);
	keg_json_put_str(doc, "external_descriptors", descriptors);
	keg_json_print(doc, &text);
	return keg_file_write(c->folder, "status", text.data, text.len, 0600, 0, err);
}
