/* SPDX-License-Identifier: Apache-2.0 */
/* kegrun update - change the limits of a container. */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/num.h"
#include "cmd/kegrun/commands.h"
#include "cmd/kegrun/globals.h"

struct update_args {
	const char *resources, *cpus, *mems;
	const char *blkio_weight, *period, *quota, *burst, *shares, *rt_period, *rt_runtime, *idle;
	const char *kernel, *kernel_tcp, *memory, *reservation, *swap, *pids;
	const char *l3, *mb;
};

static const struct cli_opt update_opts[] = {
	OPT_STRING('r', "resources", struct update_args, resources, "FILE",
		   "read linux.resources from a JSON file, - for stdin"),
	OPT_STRING(0, "blkio-weight", struct update_args, blkio_weight, "N",
		   "block I/O weight, 10 to 1000"),
	OPT_STRING(0, "cpu-period", struct update_args, period, "USEC", "CFS period"),
	OPT_STRING(0, "cpu-quota", struct update_args, quota, "USEC", "CFS quota"),
	OPT_STRING(0, "cpu-burst", struct update_args, burst, "USEC", "CFS burst"),
	OPT_STRING(0, "cpu-share", struct update_args, shares, "N", "CPU weight"),
	OPT_STRING(0, "cpu-shares", struct update_args, shares, "N", "the same",
		   .flags = CLI_HIDDEN),
	OPT_STRING(0, "cpu-rt-period", struct update_args, rt_period, "USEC", "realtime period"),
	OPT_STRING(0, "cpu-rt-runtime", struct update_args, rt_runtime, "USEC", "realtime runtime"),
	OPT_STRING(0, "cpu-idle", struct update_args, idle, "N", "1: only when idle"),
	OPT_STRING(0, "cpuset-cpus", struct update_args, cpus, "LIST", "processors"),
	OPT_STRING(0, "cpuset-mems", struct update_args, mems, "LIST", "memory nodes"),
	OPT_STRING(0, "kernel-memory", struct update_args, kernel, "BYTES", "kernel memory"),
	OPT_STRING(0, "kernel-memory-tcp", struct update_args, kernel_tcp, "BYTES",
		   "kernel memory for TCP"),
	OPT_STRING(0, "memory", struct update_args, memory, "BYTES", "memory"),
	OPT_STRING(0, "memory-reservation", struct update_args, reservation, "BYTES",
		   "memory that is left to it under pressure"),
	OPT_STRING(0, "memory-swap", struct update_args, swap, "BYTES",
		   "memory and swap together; -1: no limit"),
	OPT_STRING(0, "pids-limit", struct update_args, pids, "N", "processes; -1: no limit"),
	OPT_STRING(0, "l3-cache-schema", struct update_args, l3, "SCHEMA",
		   "parts of the L3 caches, as in linux.intelRdt"),
	OPT_STRING(0, "mem-bw-schema", struct update_args, mb, "SCHEMA",
		   "memory bandwidth, as in linux.intelRdt"),
	OPT_END,
};

/* The options as JSON text that the specification's tables read, so that limits are read once. */
struct number {
	const char *value, *option, *group, *name;
	bool bytes;
};

static int put_number(struct json_object *doc, const struct number *n, struct keg_err *err)
{
	struct json_object *group = keg_json_get(doc, n->group);
	uint64_t bytes = 0;
	int64_t number = 0;
	int r;

	if (!n->value)
		return 0;
	if (n->bytes && n->value[0] != '-') {
		r = keg_parse_bytes(n->value, &bytes, err);
		number = (int64_t)bytes;
	} else {
		r = keg_parse_i64(n->value, &number, err);
	}
	if (r < 0)
		return keg_wrap(err, "invalid value for %s", n->option);
	if (!group) {
		group = json_object_new_object();
		json_object_object_add(doc, n->group, group);
	}
	json_object_object_add(group, n->name, json_object_new_int64(number));
	return 0;
}

static void put_text(struct json_object *doc, const char *name, const char *value)
{
	struct json_object *cpu = keg_json_get(doc, "cpu");

	if (!value)
		return;
	if (!cpu) {
		cpu = json_object_new_object();
		json_object_object_add(doc, "cpu", cpu);
	}
	keg_json_put_str(cpu, name, value);
}

static int from_options(const struct update_args *a, struct json_object *doc, struct keg_err *err)
{
	const struct number numbers[] = {
		{ a->blkio_weight, "blkio-weight", "blockIO", "weight", false },
		{ a->period, "cpu-period", "cpu", "period", false },
		{ a->quota, "cpu-quota", "cpu", "quota", false },
		{ a->burst, "cpu-burst", "cpu", "burst", false },
		{ a->shares, "cpu-share", "cpu", "shares", false },
		{ a->rt_period, "cpu-rt-period", "cpu", "realtimePeriod", false },
		{ a->rt_runtime, "cpu-rt-runtime", "cpu", "realtimeRuntime", false },
		{ a->idle, "cpu-idle", "cpu", "idle", false },
		{ a->kernel, "kernel-memory", "memory", "kernel", true },
		{ a->kernel_tcp, "kernel-memory-tcp", "memory", "kernelTCP", true },
		{ a->memory, "memory", "memory", "limit", true },
		{ a->reservation, "memory-reservation", "memory", "reservation", true },
		{ a->swap, "memory-swap", "memory", "swap", true },
		{ a->pids, "pids-limit", "pids", "limit", false },
	};

	for (size_t i = 0; i < KEG_COUNT(numbers); i++) {
		int r = put_number(doc, &numbers[i], err);

		if (r < 0)
			return r;
	}
	put_text(doc, "cpus", a->cpus);
	put_text(doc, "mems", a->mems);
	return 0;
}

static int read_resources(const char *path, struct keg_buf *text, struct keg_err *err)
{
	if (strcmp(path, "-") == 0)
		return keg_fd_read_all(0, OCI_CONFIG_MAX, text, err);
	return keg_file_read(AT_FDCWD, path, OCI_CONFIG_MAX, text, err);
}

static int update_run(const struct cli_call *call, struct keg_err *err)
{
	const struct update_args *args = call->args;
	auto(kegrun_context) ctx = { 0 };
	auto(keg_arena) arena = { 0 };
	auto(keg_buf) text = { 0 };
	autojson doc = json_object_new_object();
	struct oci_resources want;
	int r;

	if (args->resources) {
		r = read_resources(args->resources, &text, err);
	} else {
		r = from_options(args, doc, err);
		keg_json_print(doc, &text);
	}
	if (r >= 0)
		r = oci_resources_parse(keg_buf_text(&text), text.len, &want, &arena, err);
	if (r < 0)
		return r;
	kegrun_context_init(&ctx, call);
	const bool rdt = args->l3 || args->mb;
	/* Alone it needs no control group. */
	if (args->resources || json_object_object_length(doc) > 0 || !rdt)
		r = runtime_update(&ctx.runtime, call->operands[0], &want, err);
	if (r >= 0 && rdt)
		r = runtime_update_rdt(&ctx.runtime, call->operands[0], args->l3, args->mb, err);
	return r;
}

const struct cli_cmd kegrun_update = {
	.name = "update",
	.operands = "CONTAINER",
	.summary = "Change the limits of a container",
	.alike = "runc update and crun update",
	.opts = update_opts,
	.args_size = sizeof(struct update_args),
	.min = 1,
	.max = 1,
	.completes = CLI_RUNNING,
	.run = update_run,
};
