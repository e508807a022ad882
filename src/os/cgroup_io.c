/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block I/O: v1's blkio and v2's io. Weights exist in two flavours, those of the BFQ scheduler
 * and those of the older CFQ (v1) or of io.cost (v2); the kernel's configuration decides which
 * files there are.
 */
#include "os/cgroup_internal.h"

#include <inttypes.h>

#include "base/mem.h"

static int write_number(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file, uint64_t number, struct keg_err *err)
{
	autofree char *value = keg_printf("%" PRIu64, number);

	return cgroup_file_write(group, h, file, value, err);
}

static int write_device(const struct cgroup *group, const struct cgroup_hierarchy *h,
			const char *file, struct cgroup_device device, uint64_t number,
			struct keg_err *err)
{
	autofree char *value =
		keg_printf("%" PRIu32 ":%" PRIu32 " %" PRIu64, device.major, device.minor, number);

	return cgroup_file_write(group, h, file, value, err);
}

/* The four kinds of throttles: v1's file, v2's key, and where the request has them. */
struct throttles {
	const char *file, *key;
	const struct cgroup_throttle *list;
	size_t n;
};

static int throttles_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
			   const struct cgroup_resources *want, struct keg_err *err)
{
	const struct throttles kinds[] = {
		{ "blkio.throttle.read_bps_device", "rbps", want->io.read_bps,
		  want->io.n_read_bps },
		{ "blkio.throttle.write_bps_device", "wbps", want->io.write_bps,
		  want->io.n_write_bps },
		{ "blkio.throttle.read_iops_device", "riops", want->io.read_iops,
		  want->io.n_read_iops },
		{ "blkio.throttle.write_iops_device", "wiops", want->io.write_iops,
		  want->io.n_write_iops },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < KEG_COUNT(kinds); i++) {
		for (size_t j = 0; r >= 0 && j < kinds[i].n; j++) {
			const struct cgroup_throttle *t = &kinds[i].list[j];
			autofree char *limit =
				t->rate ? keg_printf("%" PRIu64, t->rate) : keg_strdup("max");
			autofree char *line =
				keg_printf("%" PRIu32 ":%" PRIu32 " %s=%s", t->device.major,
					   t->device.minor, kinds[i].key, limit);

			r = h->v2 ? cgroup_file_write(group, h, "io.max", line, err)
				  : write_device(group, h, kinds[i].file, t->device, t->rate, err);
		}
	}
	return r;
}

static int weights_v1(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const struct cgroup_resources *want, struct keg_err *err)
{
	bool bfq = !cgroup_file_exists(group, h, "blkio.weight");
	const char *weight = bfq ? "blkio.bfq.weight" : "blkio.weight";
	const char *weight_device = bfq ? "blkio.bfq.weight_device" : "blkio.weight_device";
	int r = 0;

	if (CGROUP_ASKED(want->io.weight))
		r = write_number(group, h, weight, *want->io.weight, err);
	if (r >= 0 && CGROUP_ASKED(want->io.leaf_weight))
		r = write_number(group, h, "blkio.leaf_weight", *want->io.leaf_weight, err);
	for (size_t i = 0; r >= 0 && i < want->io.n_devices; i++) {
		const struct cgroup_device_weight *d = &want->io.devices[i];

		if (CGROUP_ASKED(d->weight))
			r = write_device(group, h, weight_device, d->device, *d->weight, err);
		if (r >= 0 && CGROUP_ASKED(d->leaf_weight))
			r = write_device(group, h, "blkio.leaf_weight_device", d->device,
					 *d->leaf_weight, err);
	}
	return r;
}

static int weights_v2(const struct cgroup *group, const struct cgroup_hierarchy *h,
		      const struct cgroup_resources *want, struct keg_err *err)
{
	bool bfq = cgroup_file_exists(group, h, "io.bfq.weight");
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	int r = 0;

	if (CGROUP_ASKED(want->io.leaf_weight))
		return keg_fail(err, KEG_EUNSUPPORTED, "cgroup v2 has no leaf weights");
	if (CGROUP_ASKED(want->io.weight))
		r = write_number(group, h, file, cgroup_weight_of_blkio(*want->io.weight, bfq),
				 err);
	for (size_t i = 0; r >= 0 && i < want->io.n_devices; i++) {
		const struct cgroup_device_weight *d = &want->io.devices[i];

		if (CGROUP_ASKED(d->leaf_weight))
			return keg_fail(err, KEG_EUNSUPPORTED, "cgroup v2 has no leaf weights");
		if (CGROUP_ASKED(d->weight))
			r = write_device(group, h, file, d->device,
					 cgroup_weight_of_blkio(*d->weight, bfq), err);
	}
	return r;
}

int cgroup_io_apply(const struct cgroup *group, const struct cgroup_hierarchy *h,
		    const struct cgroup_resources *want, struct keg_err *err)
{
	int r = h->v2 ? weights_v2(group, h, want, err) : weights_v1(group, h, want, err);

	return r < 0 ? r : throttles_apply(group, h, want, err);
}
