/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/retry.h"

#include <poll.h>
#include <sys/random.h>

#include "base/log.h"
#include "registry/answer.h"

enum {
	FIRST_MS = 200,
	SLICE_MS = 100,
	STALL_COST = 3, /* a stall took a minute: two of them are enough */
};

/* Between half and all of it, so that those who failed together do not come back together. */
static int64_t scatter(int64_t ms)
{
	uint32_t chance = 0;

	(void)!getrandom(&chance, sizeof chance, GRND_NONBLOCK);
	return ms / 2 + (int64_t)(chance % (uint32_t)(ms / 2 + 1));
}

bool retry_again(struct retry *retry, const struct http *http, int r,
		 const struct http_response *answer)
{
	int64_t after = r < 0 ? -1 : answer->retry_after;

	if (r < 0 ? !answer->broken : !answer_is_transient(answer->status))
		return false;
	retry->failures += answer->stalled ? STALL_COST : 1;
	if (retry->failures >= RETRY_MOST || after > RETRY_AFTER_MOST)
		return false;

	int64_t left =
		after >= 0 ? after * 1000 : scatter((int64_t)FIRST_MS << (retry->failures - 1));
	keg_debug("trying again in %lld ms (status %d)", (long long)left, answer->status);
	/* In slices, as cancelling is a flag that another thread sets. */
	for (; left > 0 && !http_cancelled(http); left -= SLICE_MS)
		poll(NULL, 0, (int)(left < SLICE_MS ? left : SLICE_MS));
	return !http_cancelled(http);
}

int retry_exchange(struct http *http, const struct http_request *request, struct http_response *out,
		   struct keg_err *err)
{
	struct retry retry = { 0 };
	int r;

	do
		r = http_exchange(http, request, out, err);
	while (retry_again(&retry, http, r, out));
	return r;
}
