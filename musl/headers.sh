#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# headers.sh FOLDER - what a program for musl needs of the headers beside glibc's, by links: those of
# the kernel and of the libraries whose archives serve both. A distribution with musl as its second libc
# has them in /usr/include only, where glibc's would be found with them.
set -eu
mkdir -p "$1"
machine=$(gcc -print-multiarch)
for name in json-c seccomp.h seccomp-syscalls.h linux asm-generic "$machine/asm" nettle; do
	ln -sfn "/usr/include/$name" "$1/${name##*/}"
done
