/* SPDX-License-Identifier: Apache-2.0 */
/* The list comes in pages, linked by RFC 8288 headers; both pages and their number are bounded. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "registry/link.h"
#include "registry/manifest.h"
#include "registry/url.h"

enum { PAGE_MOST = 4 << 20, PAGES_MOST = 1000, TAGS_MOST = 1000000 };

static int add_page(const struct http_response *answer, struct keg_strv *out, struct keg_err *err)
{
	autojson page = NULL;

	int r = keg_json_parse(keg_buf_text(&answer->body), answer->body.len, &page, err);
	if (r < 0)
		return r;
	struct json_object *tags = keg_json_get(page, "tags");
	if (!tags) /* null: no tag is left */
		return 0;
	if (!json_object_is_type(tags, json_type_array))
		return keg_fail(err, KEG_ECORRUPT, "tags: not a list");
	size_t n = json_object_array_length(tags);
	if (out->n + n > TAGS_MOST)
		return keg_fail(err, KEG_ECORRUPT, "more than %d tags", TAGS_MOST);
	for (size_t i = 0; i < n; i++) {
		struct json_object *tag = json_object_array_get_idx(tags, i);

		if (!tag || !json_object_is_type(tag, json_type_string))
			return keg_fail(err, KEG_ECORRUPT, "tags[%zu]: not a string", i);
		keg_strv_add(out, json_object_get_string(tag));
	}
	return 0;
}

static int get_page(struct registry_repo *repo, const char *url, struct http_response *answer,
		    struct keg_strv *out, struct keg_err *err)
{
	struct http_request request = { .method = "GET", .url = url, .most = PAGE_MOST };
	int r = registry_call(repo, &request, NULL, answer, err);

	if (r < 0)
		return r;
	return answer->status == 200 ? add_page(answer, out, err) : answer_fail(answer, err);
}

int registry_tags(struct registry_repo *repo, struct keg_strv *out, struct keg_err *err)
{
	autofree char *url = registry_url(repo, "/tags/list");

	for (int pages = 0; pages < PAGES_MOST; pages++) {
		auto(http_response) answer = { 0 };
		char *next = NULL;

		int r = get_page(repo, url, &answer, out, err);
		if (r < 0)
			return keg_wrap(err, "fetching tags list");
		autofree char *link = link_next(answer.link);
		if (!link)
			return 0;
		r = url_resolve(url, link, &next, err);
		if (r < 0)
			return keg_wrap(err, "fetching tags list");
		free(url);
		url = next;
	}
	return keg_fail(err, KEG_ECORRUPT, "fetching tags list: the pages of %s do not end",
			repo->name);
}
