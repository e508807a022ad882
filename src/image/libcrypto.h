/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcrypto.h - OpenSSL's objects that free themselves: autoptr(evp_pkey_st) is an EVP_PKEY *.
 * Types that one file alone has stand in that file.
 */
#ifndef KEG_IMAGE_LIBCRYPTO_H
#define KEG_IMAGE_LIBCRYPTO_H

#include <openssl/bio.h>
#include <openssl/evp.h>

#include "base/auto.h"

KEG_AUTOPTR(bio_st, BIO_free_all)
KEG_AUTOPTR(evp_md_ctx_st, EVP_MD_CTX_free)
KEG_AUTOPTR(evp_pkey_st, EVP_PKEY_free)

#endif
