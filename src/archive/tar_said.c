/* SPDX-License-Identifier: Apache-2.0 */
#include "archive/tar_said.h"

#include <stddef.h>

#include "base/err.h"

static uint32_t device_said(const char field[8])
{
	struct keg_err ignored;
	uint64_t value = 0;

	return tar_natural(field, 8, "device number", UINT32_MAX, &value, &ignored) < 0
		       ? 0
		       : (uint32_t)value;
}

void tar_said_take(struct tar_said *said, const struct tar_block *block,
		   const struct tar_meta *meta, const char *link)
{
	enum tar_format format = tar_format_of(block);
	size_t at = format == TAR_GNU ? offsetof(struct tar_block, gnu_times)
				      : offsetof(struct tar_block, star_atime);
	const char *times =
		format == TAR_GNU || format == TAR_STAR ? (const char *)block + at : NULL;
	struct keg_err ignored;
	int64_t atime = 0, ctime = 0;
	uint64_t mode = 0;

	(void)!tar_natural(block->mode, sizeof block->mode, "mode", UINT32_MAX, &mode, &ignored);
	said->mode = (uint32_t)mode;
	said->size = meta->size;
	if (!meta->has_size)
		(void)!tar_natural(block->size, sizeof block->size, "size", INT64_MAX, &said->size,
				   &ignored);
	said->link = meta->link ? meta->link : link;
	if (format != TAR_V7) {
		said->dev_major = device_said(block->dev_major);
		said->dev_minor = device_said(block->dev_minor);
	}
	if (times && times[0])
		(void)!tar_number(times, 12, "time", &atime, &ignored);
	if (times && times[12])
		(void)!tar_number(times + 12, 12, "time", &ctime, &ignored);
	said->atime = meta->atime;
	said->ctime = meta->ctime;
	if (said->atime.tv_sec == 0 && said->atime.tv_nsec == 0)
		said->atime.tv_sec = atime;
	if (said->ctime.tv_sec == 0 && said->ctime.tv_nsec == 0)
		said->ctime.tv_sec = ctime;
}
