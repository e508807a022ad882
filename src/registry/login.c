/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/login.h"

#include "registry/answer.h"
#include "registry/client.h"

enum { LOGIN_BODY_MOST = 64 << 10 };

int registry_login_check(struct registry_repo *repo, struct keg_err *err)
{
	auto(http_response) answer = { 0 };
	autofree char *url = keg_printf("%s://%s/v2/", repo->host->scheme, repo->host->server);
	struct http_request request = { .method = "GET", .url = url, .most = LOGIN_BODY_MOST };

	int r = registry_call(repo, &request, NULL, &answer, err);
	if (r < 0)
		return r;
	return answer.status == 200 ? 0 : answer_fail(&answer, err);
}
