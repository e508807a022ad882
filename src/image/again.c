/* SPDX-License-Identifier: Apache-2.0 */
/* When an image is moved once more, and when there is no more time for it. */
#include <poll.h>

#include "base/clock.h"
#include "base/log.h"
#include "image/copy.h"

enum { DOUBLINGS_MOST = 6 };

/* The wait before another try; negative when the deadline comes first. */
static int64_t wait_before(const struct image_access *access, unsigned tries)
{
	unsigned doublings = tries < DOUBLINGS_MOST ? tries : DOUBLINGS_MOST;
	int64_t wait =
		access->retry_delay_ns > 0 ? access->retry_delay_ns : KEG_NS_PER_S << doublings;

	if (access->deadline_ns > 0 && keg_monotonic_ns() + wait >= access->deadline_ns)
		return -1;
	return wait;
}

bool image_try_again(const struct image_access *access, int r, unsigned *tries)
{
	enum { NS_PER_MS = 1000000, MS_MOST = 1 << 30 };

	/* The store changed under us: once more, whatever was asked, and at once. */
	if (r == -KEG_EBUSY && *tries == 0) {
		struct keg_err over;

		++*tries;
		return image_check_deadline(access->deadline_ns, &over) >= 0;
	}
	if ((r != -KEG_ENETWORK && r != -KEG_EBUSY) || *tries >= access->retries)
		return false;

	int64_t wait = wait_before(access, *tries);
	if (wait < 0)
		return false;
	++*tries;
	keg_debug("try %u of %u in %lld ms", *tries, access->retries,
		  (long long)(wait / NS_PER_MS));
	wait /= NS_PER_MS;
	poll(NULL, 0, wait < MS_MOST ? (int)wait : MS_MOST);
	return true;
}

int image_check_deadline(int64_t deadline_ns, struct keg_err *err)
{
	if (deadline_ns == 0 || keg_monotonic_ns() < deadline_ns)
		return 0;
	return keg_fail(err, KEG_EBUSY, "context deadline exceeded");
}
