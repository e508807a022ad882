/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proxy.h - the proxy that the environment wants a URL to be reached by.
 *
 * The rules are those of Go's net/http, by which people have written their variables for the
 * peers. curl's own differ: it has no ports in no_proxy, takes ".name" for the name itself as well,
 * and sends what is meant for this machine to the proxy.
 */
#ifndef KEG_REGISTRY_PROXY_H
#define KEG_REGISTRY_PROXY_H

/* NULL or "": not set. */
struct proxy_words {
	const char *http, *https; /* proxies for each kind of URL */
	const char *none;	  /* who is reached without: names, addresses, networks, "*" */
};

/* HTTP_PROXY, HTTPS_PROXY and NO_PROXY, else the same in small letters. */
void proxy_environment(struct proxy_words *out);

/* As curl takes it; the caller frees. NULL: none. */
char *proxy_for(const struct proxy_words *words, const char *url);

#endif
