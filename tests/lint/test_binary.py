# SPDX-License-Identifier: Apache-2.0
"""How kegrun is linked: it starts at every container, so it is small, loads nothing or libc alone and asks no service."""
import json
import os
import re
import shutil
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KEG_BUILD", os.path.join(ROOT, "build"))
KEGRUN = os.path.join(BUILD, "kegrun")
MOST_BYTES = 1_000_000
# The loader is the program's interpreter and there in any case; it also has the thread-local storage of archives.
LIBC = re.compile(r"libc\.so(\.6)?|libc\.musl-.*|ld-(linux|musl).*\.so.*")
# What goes through nsswitch.conf, and so opens libraries that the system's settings name.
NSS = re.compile(r"(get(pw|gr|sp)(nam|uid|gid|ent)|getgrouplist|initgroups|get(host|net|proto|serv)by|getaddrinfo|"
                 r"getnameinfo)")


def options():
    with open(os.path.join(BUILD, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
        return {option["name"]: option["value"] for option in json.load(file)}


def read(tool, *argv):
    return subprocess.run([tool, *argv, KEGRUN], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


@pytest.fixture(autouse=True)
def as_installed():
    if options()["b_sanitize"] != "none":
        pytest.skip("a sanitizer brings libraries of its own")


def is_static():
    return "INTERP" not in read("readelf", "-lW")


def test_it_loads_libc_at_most():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", read("readelf", "-dW"))
    if is_static():
        assert not needed
    else:
        assert options()["runtime"] != "static"
        assert needed and not [name for name in needed if not LIBC.fullmatch(name)]


def test_it_is_smaller_than_a_megabyte(tmp_path):
    stripped = shutil.copy(KEGRUN, tmp_path / "kegrun")
    subprocess.run(["strip", stripped], check=True, timeout=60)
    assert os.path.getsize(stripped) < MOST_BYTES


def test_nothing_in_it_asks_the_name_services():
    names = read("nm", *([] if is_static() else ["-D"])).splitlines()
    assert not [line for line in names if NSS.match(line.split()[-1])]


def test_what_the_loader_wrote_is_read_only_afterwards():
    assert "GNU_RELRO" in read("readelf", "-lW")
    if not is_static():
        assert re.search(r"\(FLAGS_1\).*\bNOW\b", read("readelf", "-dW"))


def test_the_stack_is_not_executable():
    stack = [line for line in read("readelf", "-lW").splitlines() if "GNU_STACK" in line]
    assert len(stack) == 1 and not re.search(r"\bRWE\b", stack[0])
