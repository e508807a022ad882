# SPDX-License-Identifier: Apache-2.0
"""Every command has a man page that roff reads without a warning, a help text and completion."""
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KEG_BUILD", os.path.join(ROOT, "build"))
PROGRAMS = ["keg", "kegcopy", "kegrun", "kegmon"]


def run(*argv):
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=20, check=False)


def commands(program, path=()):
    """All commands below a path, as tuples of words, groups included."""
    found = run(os.path.join(BUILD, program), "__complete", *path, "").stdout.split()
    for word in found:
        yield path + (word,)
        if is_group(program, path + (word,)):
            yield from commands(program, path + (word,))


def is_group(program, path):
    return "[command]" in run(os.path.join(BUILD, program), *path, "--help").stdout


ALL = [(program,) + path for program in PROGRAMS if os.path.exists(os.path.join(BUILD, program))
       for path in [(), *commands(program)]]


def page_of(path):
    """keg-image-pull.man, or where a command also stands alone ("keg pull"), that one's page."""
    for name in ("-".join(path), "-".join((path[0], path[-1]))):
        source = os.path.join(ROOT, "docs", name + ".man")
        if os.path.exists(source):
            return source
    return None


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_there_is_a_man_page_without_warnings(path):
    source = page_of(path)
    assert source, f"write docs/{'-'.join(path)}.man"
    page = run(os.path.join(BUILD, path[0]), "__man", source, *path[1:])
    assert page.returncode == 0, page.stderr
    assert ".SH OPTIONS" in page.stdout
    shown = subprocess.run(["man", "--warnings=w", "-E", "UTF-8", "-l", "-"], input=page.stdout, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, text=True, timeout=20, check=False)
    assert shown.returncode == 0 and not shown.stderr, shown.stderr


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_names_the_usage_and_fits_the_table(path):
    shown = run(os.path.join(BUILD, path[0]), *path[1:], "--help")
    assert shown.returncode == 0
    assert f"Usage:\n  {' '.join(path)}" in shown.stdout
    options = [line.split("--")[1].split()[0].split("[")[0] for line in shown.stdout.splitlines()
               if line.startswith("  ") and "--" in line[:12]]
    offered = run(os.path.join(BUILD, path[0]), "__complete", *path[1:], "--").stdout.split()
    assert set("--" + name for name in options) == set(offered)


def test_every_page_belongs_to_a_command():
    names = {"-".join(path) + ".man" for path in ALL} | {"kegrun.man"}
    programs = {path[0] for path in ALL}
    stray = [f for f in os.listdir(os.path.join(ROOT, "docs"))
             if f.endswith(".man") and f not in names and f[:-4].split("-")[0] in programs]
    assert not stray


@pytest.mark.parametrize("script, program, partial, word", [("keg.bash", "keg", "vers", "version"),
                                                            ("keg.bash", "kegrun", "feat", "features")])
def test_the_completion_script_offers_what_the_program_says(script, program, partial, word):
    path = os.path.join(ROOT, "completions", script)
    text = f"""
        source {path}
        COMP_WORDS=({BUILD}/{program} {partial}); COMP_CWORD=1; _keg; echo "${{COMPREPLY[*]}}"
    """
    assert run("bash", "-c", text).stdout == word + "\n"


def test_the_page_of_the_library_has_no_warnings():
    shown = run("man", "--warnings=w", "-E", "UTF-8", "-l", os.path.join(ROOT, "docs", "libkeg.3"))
    assert shown.returncode == 0 and not shown.stderr, shown.stderr


def test_the_header_declares_what_the_library_shows():
    code = ""
    for name in sorted(os.listdir(os.path.join(ROOT, "include", "keg"))):
        if name.endswith(".h"):
            with open(os.path.join(ROOT, "include", "keg", name), encoding="utf-8") as header:
                code += re.sub(r"/\*.*?\*/", "", header.read(), flags=re.S)
    with open(os.path.join(ROOT, "src", "lib", "libkeg.map"), encoding="utf-8") as script:
        shown = set(re.findall(r"\b(keg_\w+);", script.read()))
    assert set(re.findall(r"\b(keg_\w+)\(", code)) == shown
