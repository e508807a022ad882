/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/url.h"

#include <curl/curl.h>
#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/strv.h"

static void auto_url_(CURLU **slot)
{
	curl_url_cleanup(*slot);
}
#define autourl __attribute__((cleanup(auto_url_))) CURLU *

static void auto_curl_text_(char **slot)
{
	curl_free(*slot);
}
#define autocurl __attribute__((cleanup(auto_curl_text_))) char *

static CURLU *parse(const char *url)
{
	CURLU *parsed = curl_url();

	if (!parsed)
		keg_out_of_memory();
	if (curl_url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK)
		return parsed;
	curl_url_cleanup(parsed);
	return NULL;
}

static bool is_http(CURLU *url)
{
	autocurl scheme = NULL;

	return curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	       (keg_str_eq(scheme, "http") || keg_str_eq(scheme, "https"));
}

int url_resolve(const char *base, const char *reference, char **out, struct keg_err *err)
{
	autocurl full = NULL;

	if (strlen(reference) > URL_MOST)
		return keg_fail(err, KEG_ENETWORK, "the server names a URL of %zu bytes",
				strlen(reference));
	autourl at = parse(base);
	if (!at || curl_url_set(at, CURLUPART_URL, reference, CURLU_DISALLOW_USER) != CURLUE_OK ||
	    !is_http(at) || curl_url_get(at, CURLUPART_URL, &full, 0) != CURLUE_OK)
		return keg_fail(err, KEG_ENETWORK, "the server names an unusable URL");
	*out = keg_strdup(full);
	return 0;
}

char *url_host_port(const char *url)
{
	autocurl host = NULL;
	autocurl port = NULL;
	autourl at = parse(url);

	if (!at || curl_url_get(at, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
	    curl_url_get(at, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return NULL;
	for (char *c = host; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return keg_printf("%s:%s", host, port);
}

bool url_is_https(const char *url)
{
	autocurl scheme = NULL;
	autourl at = parse(url);

	return at && curl_url_get(at, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	       keg_str_eq(scheme, "https");
}

bool url_same_origin(const char *a, const char *b)
{
	autofree char *host_a = url_host_port(a);
	autofree char *host_b = url_host_port(b);

	return host_a && host_b && keg_str_eq(host_a, host_b) && url_is_https(a) == url_is_https(b);
}

char *url_escape(const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	auto(keg_buf) out = { 0 };

	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if ((*c < 0x80 && isalnum(*c)) || strchr("-._~", *c)) {
			keg_buf_putc(&out, (char)*c);
			continue;
		}
		keg_buf_putc(&out, '%');
		keg_buf_putc(&out, hex[*c >> 4]);
		keg_buf_putc(&out, hex[*c & 15]);
	}
	return keg_buf_take(&out);
}

char *url_add_query(const char *url, const char *name, const char *value)
{
	autofree char *escaped = url_escape(value);

	return keg_printf("%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name, escaped);
}
