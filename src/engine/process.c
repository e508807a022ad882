/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/process.h"

#include "os/process.h"

uint64_t process_born(pid_t pid)
{
	struct process_id id;
	struct keg_err gone;

	return process_identify(pid, &id, &gone) < 0 ? 0 : id.start;
}

bool process_is(pid_t pid, uint64_t born)
{
	struct process_id id;
	struct keg_err gone;

	return pid > 0 && process_identify(pid, &id, &gone) >= 0 && id.start == born &&
	       id.state != 'Z' && id.state != 'X';
}
