/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http_error.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "registry/url.h"

/* X509_V_ERR_* of OpenSSL, which CURLINFO_SSL_VERIFYRESULT hands through. */
static const struct verdict {
	long code;
	const char *text;
} verdicts[] = {
	{ 9, "certificate has expired or is not yet valid" },
	{ 10, "certificate has expired or is not yet valid" },
	{ 18, "certificate signed by unknown authority" },
	{ 19, "certificate signed by unknown authority" },
	{ 20, "certificate signed by unknown authority" },
	{ 21, "certificate signed by unknown authority" },
	{ 62, "certificate is not valid for this host name" },
};

static const char *certificate_problem(CURL *easy, const char *detail)
{
	long result = 0;

	curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
	for (size_t i = 0; i < KEG_COUNT(verdicts); i++) {
		if (verdicts[i].code == result)
			return verdicts[i].text;
	}
	return strstr(detail, "subject name") ? "certificate is not valid for this host name"
					      : detail;
}

/* "connection refused": as the peers spell what strerror() capitalizes. */
static char *system_reason(CURL *easy)
{
	long sys = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &sys);
	char *text = keg_strdup(sys ? strerrordesc_np((int)sys) : "no connection");
	text[0] = (char)tolower((unsigned char)text[0]);
	return text;
}

static char *reason(CURL *easy, CURLcode code, const char *host, const char *detail)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return keg_printf("dial tcp: lookup %.*s: no such host",
				  (int)(strrchr(host, ':') - host), host);
	case CURLE_COULDNT_CONNECT: {
		autofree char *system = system_reason(easy);
		return keg_printf("dial tcp %s: connect: %s", host, system);
	}
	case CURLE_OPERATION_TIMEDOUT: /* of connecting; stalls are watched by ourselves */
		return keg_printf("dial tcp %s: i/o timeout", host);
	case CURLE_PEER_FAILED_VERIFICATION:
		return keg_printf("x509: %s", certificate_problem(easy, detail));
	case CURLE_SSL_CONNECT_ERROR:
		if (strstr(detail, "wrong version number") || strstr(detail, "packet length"))
			return keg_strdup("http: server gave HTTP response to HTTPS client");
		return keg_printf("tls: %s", detail);
	case CURLE_GOT_NOTHING:
		return keg_strdup("EOF");
	case CURLE_PARTIAL_FILE:
		return keg_strdup("unexpected EOF");
	default:
		return keg_strdup(detail);
	}
}

int http_error_fill(CURL *easy, CURLcode code, const char *method, const char *url,
		    const char *detail, struct keg_err *err)
{
	autofree char *host = url_host_port(url);
	autofree char *why =
		reason(easy, code, host ? host : ":", *detail ? detail : curl_easy_strerror(code));

	/* "Get", as the peers have it, not "GET". */
	autofree char *verb = keg_strdup(method);
	for (char *c = verb + 1; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return keg_fail(err, KEG_ENETWORK, "%s \"%s\": %s", verb, url, why);
}

bool http_error_is_passing(CURLcode code)
{
	switch (code) {
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_SEND_FAIL_REWIND: /* a kept connection was dead: the sender is to start over */
		return true;
	default:
		return false;
	}
}

bool http_error_is_outage(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
	       code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_OPERATION_TIMEDOUT ||
	       code == CURLE_SSL_CONNECT_ERROR;
}
