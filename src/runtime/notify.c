/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/socket.h"
#include "runtime/sync.h"

/* Of the message, as in the specification's example, whatever the container's is. */
static const char crun_version[] = "0.2.0";

int notify_connect(const struct oci_seccomp *seccomp, struct keg_err *err)
{
	int fd = socket_connect_at(AT_FDCWD, seccomp->listener_path, err);

	return fd < 0 ? keg_wrap(err, "failed to connect with seccomp agent") : fd;
}

int notify_pass(const struct notify_process *process, int64_t number, int socket,
		const struct state_record *record, const struct oci_config *config,
		struct keg_err *err)
{
	auto(keg_buf) text = { 0 };
	autojson doc = json_object_new_object();
	struct json_object *fds = json_object_new_array();
	long fd = syscall(SYS_pidfd_getfd, process->pidfd, (int)number, 0);

	json_object_array_add(fds, json_object_new_string("seccompFd"));
	json_object_object_add(doc, "fds", fds);
	if (fd < 0)
		return keg_fail_sys(err, errno, "fetch the seccomp listener");
	autofd int listener = (int)fd;
	keg_json_put_str(doc, "ociVersion", record->as_crun ? crun_version : record->oci_version);
	json_object_object_add(doc, "pid", keg_json_new_i64(process->pid));
	keg_json_put_str(doc, "metadata", config->os->seccomp->listener_metadata);
	json_object_object_add(doc, "state", state_document(record, process->status, config));
	keg_json_print(doc, &text);

	int r = socket_send_fd(socket, listener, text.data, text.len, err);
	return r < 0 ? r : sync_send(process->sync, SYNC_GO, 0, err);
}
