# SPDX-License-Identifier: Apache-2.0
"""The help and the version, in the forms that the callers of runc and crun look for."""
import re
import subprocess

import pytest

# What `runc -h` lists; of these crun lacks events, and both know no other way to save a container.
RUNC = ("checkpoint create delete events exec features kill list pause ps restore resume run spec start state update").split()


@pytest.mark.parametrize("command", RUNC)
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_a_commands_help_names_it_and_its_peer(box, command, word):
    lines = box.good(command, word).splitlines()
    assert lines[0] == "NAME:"
    assert f"kegrun {command}" in lines[1] and f"runc {command}" in lines[1]


@pytest.mark.parametrize("words", [("-h",), ("--help",), ("help",), ("-?",)])
def test_the_programs_help_names_what_it_stands_for(box, words):
    lines = box.good(*words).splitlines()
    assert lines[0] == "NAME:" and "runc - Open Container Initiative runtime" in lines[1]


def test_help_is_a_word_too(box):
    assert box.good("help", "state") == box.good("state", "--help")


@pytest.mark.parametrize("words", [("foo",), ("foo", "-h"), ("help", "foo")])
def test_a_word_that_is_no_command_is_named(box, words):
    done = box.kegrun(*words)
    assert done.returncode == 1 and not done.stdout
    assert "No help topic for 'foo'" in done.stderr


@pytest.mark.parametrize("command", ["checkpoint", "restore"])
def test_what_is_not_built_is_refused_with_the_reason(box, command):
    done = box.kegrun(command, "--image-path", "somewhere", "name")
    assert done.returncode == 1 and not done.stdout
    assert f"kegrun {command} is not supported" in done.stderr and "CRIU" in done.stderr


def test_criu_is_refused_by_name(box):
    done = box.kegrun("--criu", "/usr/sbin/criu", "list")
    assert done.returncode == 1 and "option --criu is not supported" in done.stderr


@pytest.mark.parametrize("word", ["-v", "-V", "--version"])
def test_the_version_is_read_by_each_of_the_callers(box, word):
    lines = box.good(word).splitlines()
    for peer in ("runc", "crun"):
        assert re.search(peer + r" version \d+\.\d+\.\d+", lines[0])
    assert re.fullmatch(r"commit: \w+", lines[1])
    assert re.fullmatch(r"spec: \d+\.\d+\.\d+", lines[2])
    # Docker: the name before the first "version", the version after the last.
    assert lines[0].split("version")[0].strip() == "kegrun"
    assert re.fullmatch(r"\d+\.\d+\.\d+", lines[0].split("version")[-1].strip())
    tags = [line for line in lines if line.startswith("+")]
    assert len(tags) == 1 and "+SECCOMP" in tags[0].split()
    assert f"rundir: {box.state}" in lines


def test_the_version_is_printed_whatever_else_is_asked(box):
    assert box.good("--debug", "--version", "list") == box.good("-v")


def complete(box, *words):
    return subprocess.run([box.program, "__complete", *words], stdout=subprocess.PIPE, text=True, timeout=20, check=True,
                          env=box.identity.environment()).stdout.split()


def test_completion_offers_the_containers_below_the_root_that_was_typed(box):
    running, stopped = box.start(["sleep", "60"]), box.start(["true"])
    assert sorted(complete(box, "--root", box.state, "state", "")) == sorted([running, stopped])
    assert running in complete(box, "--root", box.state, "exec", running[:4])
    assert complete(box, "--root", box.folder + "/none", "state", "") == []
