# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a program can see."""
import concurrent.futures
import glob
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VAGUE = re.compile(r"/(utils?|common|misc|helpers?|stuff|tools)\.[ch]$")
MOST_LINES = 700


def tracked(*patterns):
    found = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [name for name in found.stdout.split() if os.path.exists(os.path.join(ROOT, name))]


def text(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def test_every_header_compiles_alone():
    def compile_one(name):
        flags = subprocess.run(["pkg-config", "--cflags", "json-c", "libseccomp", "nettle"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.split()
        done = subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Isrc", "-Iinclude", "-I.",
                               "-x", "c", *flags, name], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False)
        return done.stderr if done.returncode else ""

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        bad = [why for why in pool.map(compile_one, tracked("src/**/*.h", "include/**/*.h")) if why]
    assert not bad, bad[0]


def test_every_source_names_its_licence():
    assert not [n for n in tracked("*.c", "*.h", "*.py", "*.sh") if "SPDX-License-Identifier" not in text(n)[:300]]


def test_no_file_is_too_long_for_one_thing():
    assert not [n for n in tracked("src/**/*.c", "src/**/*.h") if text(n).count("\n") > MOST_LINES]


def test_no_file_has_a_name_that_says_nothing():
    assert not [n for n in tracked("src/**") if VAGUE.search(n)]


def test_nothing_is_left_for_later():
    assert not [n for n in tracked("src/**/*.[ch]") if re.search(r"\b(TODO|FIXME|XXX)\b", text(n))]


def test_no_two_layers_export_one_name():
    """They end up in one program or library sooner or later, and the linker takes either."""
    build = os.environ.get("KEG_BUILD", os.path.join(ROOT, "build"))
    owners = {}
    # Those in cmd/ are the layers once more, for the static programs.
    for path in set(glob.glob(os.path.join(build, "src", "*", "lib*.a"))) - set(glob.glob(os.path.join(build, "src", "cmd", "*.a"))):
        listed = subprocess.run(["nm", "--defined-only", "-A", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True, check=False).stdout
        for line in listed.splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in "TDR":
                owners.setdefault(words[2], set()).add(words[0].rsplit(":", 1)[0])
    assert owners
    assert not {name: sorted(where) for name, where in owners.items() if len(where) > 1}
