/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/proxy.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/strv.h"
#include "registry/url.h"

enum { IN6_BITS = 128, IN4_BITS = 32, BYTE_BITS = 8, IN4_AT = 12 };

/* Whom to reach, "" for a name's address. IPv4 is kept as IPv6 has it. */
struct target {
	char *host; /* without brackets */
	const char *port;
	bool is_address;
	struct in6_addr address;
};

static const char *either(const char *large, const char *small)
{
	const char *value = getenv(large);

	return keg_str_empty(value) ? getenv(small) : value;
}

void proxy_environment(struct proxy_words *out)
{
	out->http = either("HTTP_PROXY", "http_proxy");
	out->https = either("HTTPS_PROXY", "https_proxy");
	out->none = either("NO_PROXY", "no_proxy");
}

static bool parse_address(const char *text, struct in6_addr *out, unsigned *bits)
{
	static const struct in6_addr mapped = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	*bits = IN6_BITS;
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	*out = mapped;
	*bits = IN4_BITS;
	return inet_pton(AF_INET, text, &out->s6_addr[IN4_AT]) == 1;
}

/* "name", "name:port", "[address]:port" or "[address]" in place; "" where no port is named. */
static void split_port(char **host, const char **port)
{
	char *colon = strrchr(*host, ':'), *close = strchr(*host, ']');

	*port = "";
	if (**host == '[' && close) {
		*port = close[1] == ':' ? close + 2 : "";
		*close = '\0';
		++*host;
	} else if (colon && strchr(*host, ':') == colon) {
		*port = colon + 1;
		*colon = '\0';
	}
}

static bool is_this_machine(const struct target *to)
{
	if (keg_str_eq(to->host, "localhost"))
		return true;
	return to->is_address &&
	       (IN6_IS_ADDR_LOOPBACK(&to->address) ||
		(IN6_IS_ADDR_V4MAPPED(&to->address) && to->address.s6_addr[IN4_AT] == 127));
}

static bool same_bits(const struct in6_addr *a, const struct in6_addr *b, unsigned n)
{
	unsigned whole = n / BYTE_BITS, rest = n % BYTE_BITS;
	unsigned char mask = (unsigned char)(0xff << (BYTE_BITS - rest));

	return memcmp(a, b, whole) == 0 &&
	       (rest == 0 || ((a->s6_addr[whole] ^ b->s6_addr[whole]) & mask) == 0);
}

/* "10.0.0.0/8": 1 or 0 by whether it has the target, -1: it is no network. */
static int in_network(char *word, const struct target *to)
{
	struct in6_addr network;
	struct keg_err ignored;
	uint64_t length;
	unsigned bits;
	char *slash = strchr(word, '/');

	if (!slash)
		return -1;
	*slash = '\0';
	if (!parse_address(word, &network, &bits) ||
	    keg_parse_u64(slash + 1, &length, &ignored) < 0 || length > bits)
		return 0;
	return to->is_address &&
	       same_bits(&network, &to->address, IN6_BITS - bits + (unsigned)length);
}

/* "example.com" is the name and all below it, ".example.com" and "*.example.com" those below. */
static bool is_below(const char *word, const char *host)
{
	bool itself = true;

	if (keg_str_starts(word, "*."))
		word++;
	if (*word == '.') {
		itself = false;
		word++;
	}
	size_t len = strlen(host), end = strlen(word);
	if (end == 0 || end > len || strcmp(host + len - end, word) != 0)
		return false;
	return end == len ? itself : host[len - end - 1] == '.';
}

static bool is_excepted_by(char *word, const struct target *to)
{
	struct in6_addr address;
	const char *port;
	unsigned bits;

	if (keg_str_eq(word, "*"))
		return true;
	int r = in_network(word, to);
	if (r >= 0)
		return r;
	split_port(&word, &port);
	if (*port && !keg_str_eq(port, to->port))
		return false;
	if (parse_address(word, &address, &bits))
		return to->is_address && same_bits(&address, &to->address, IN6_BITS);
	return is_below(word, to->host);
}

static bool is_excepted(const char *none, const struct target *to)
{
	autofree char *text = keg_strdup(none ? none : "");
	char *rest = text;

	if (is_this_machine(to))
		return true;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		word += strspn(word, " \t");
		word[strcspn(word, " \t")] = '\0';
		for (char *c = word; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
		if (*word && is_excepted_by(word, to))
			return true;
	}
	return false;
}

char *proxy_for(const struct proxy_words *words, const char *url)
{
	const char *proxy = url_is_https(url) ? words->https : words->http;
	autofree char *at = url_host_port(url);
	struct target to = { .host = at };
	unsigned bits;

	if (keg_str_empty(proxy) || !at)
		return NULL;
	split_port(&to.host, &to.port);
	to.is_address = parse_address(to.host, &to.address, &bits);
	if (is_excepted(words->none, &to))
		return NULL;
	/* Go has names resolved by the proxy, which curl calls by another scheme. */
	const char *socks = keg_str_after(proxy, "socks5://");
	if (socks)
		return keg_printf("socks5h://%s", socks);
	return strstr(proxy, "://") ? keg_strdup(proxy) : keg_printf("http://%s", proxy);
}
