# SPDX-License-Identifier: Apache-2.0
# packages.sh - what ./try and ./check need from the distribution, and how to get it. Sourced.
# shellcheck shell=bash

build_packages=(gcc meson ninja-build pkg-config libc6-dev libjson-c-dev libseccomp-dev
	libcurl4-openssl-dev libnghttp2-dev libssl-dev libisal-dev zlib1g-dev libzstd-dev nettle-dev libyaml-dev libsodium-dev
	uthash-dev musl-tools)
run_packages=(busybox-static uidmap)
test_packages=(libcmocka-dev clang clang-format clang-tidy cppcheck libclang-rt-14-dev
	python3 python3-pytest python3-pytest-xdist docker-registry podman buildah skopeo runc crun
	conmon docker.io containerd debootstrap user-mode-linux systemd dbus strace attr libcap2-bin
	procps iproute2 e2fsprogs openssl gpg gpg-agent apache2-utils zstd xz-utils man-db git squashfs-tools fakeroot)

# install NAME...: what is missing of the packages, or one line that says what to install.
install() {
	local missing=() name
	if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
		[ -n "${KEG_ASSUME_PACKAGES:-}" ] && return 0
		echo "This is not a Debian-like system. Install the counterparts of these Debian packages:" >&2
		echo "  $*" >&2
		echo "then run KEG_ASSUME_PACKAGES=1 $0" >&2
		exit 1
	fi
	for name in "$@"; do
		dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
	done
	[ ${#missing[@]} -eq 0 ] && return 0
	local as_root=()
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null 2>&1; then
			echo "As root: apt-get install ${missing[*]}" >&2
			exit 1
		fi
		as_root=(sudo)
	fi
	echo "installing: ${missing[*]}"
	local log
	log=$(mktemp)
	if ! { "${as_root[@]}" apt-get update -q &&
		DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -q --no-install-recommends \
			"${missing[@]}"; } >"$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "The packages could not be installed (log above); as root: apt-get install ${missing[*]}" >&2
		exit 1
	fi
	rm -f "$log"
}
