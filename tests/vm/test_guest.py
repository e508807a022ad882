# SPDX-License-Identifier: Apache-2.0
"""Each test of guest/ as one test here: a file is one boot, its results come back as JUnit."""
import ast
import functools
import xml.etree.ElementTree as ET

import pytest

import uml

BOOT_LIMIT = 300  # seconds for a whole file
DISK_MEGABYTES = 512
JOB = """
exec /usr/bin/python3 -B -m pytest -q -p no:cacheprovider --basetemp /run/pytest --junitxml /run/job/junit.xml \\
    --rootdir "$KEG_VM_TESTS/guest" "$KEG_VM_TESTS/guest/{file}"
"""


def defined(path):
    """What the file defines, without importing it: it is for another machine."""
    return ast.parse(path.read_text(encoding="utf-8")).body


def names(path):
    return [node.name for node in defined(path) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def wants(path):
    """SYSTEMD = ("v1", ...): systemd is the first process of the guest, once for each of these layouts of cgroups."""
    for node in defined(path):
        if isinstance(node, ast.Assign) and node.targets[0].id == "SYSTEMD":
            return ast.literal_eval(node.value)
    return (None,)


TESTS = [(path.name, layout, name) for path in sorted((uml.HERE / "guest").glob("test_*.py")) for layout in wants(path)
         for name in names(path)]


def outcome(case):
    for kind in ("failure", "error", "skipped"):
        found = case.find(kind)
        if found is not None:
            return kind, f"{found.get('message') or ''}\n{found.text or ''}"
    return "passed", ""


def worst(results, name):
    """Of a function with parameters: each of them is a case "name[parameters]" there."""
    found = [(kind, text) for case, (kind, text) in results.items() if case.split("[")[0] == name]
    order = ("failure", "error", "skipped", "passed")
    return min(found, key=lambda result: order.index(result[0]), default=None)


@functools.lru_cache(maxsize=None)
def run_file(file, layout):
    """Boot, run one file, and return {test: (outcome, text)} and what to show where one is missing."""
    with uml.Machine(JOB.format(file=file), disk_megabytes=DISK_MEGABYTES, systemd=bool(layout),
                     cgroups=layout or "v2") as machine:
        status = machine.wait(BOOT_LIMIT)
        report = machine.folder / "junit.xml"
        cases = ET.parse(report).getroot().iter("testcase") if report.exists() else []
        return {case.get("name"): outcome(case) for case in cases}, f"status {status}\n{machine.story()}"


@pytest.mark.parametrize("file,layout,name", TESTS, ids=["-".join(filter(None, [t[0][:-3], *t[1:]])) for t in TESTS])
def test_in_guest(file, layout, name):
    results, story = run_file(file, layout)
    kind, text = worst(results, name) or ("missing", story)
    if kind == "skipped":
        pytest.skip(text.splitlines()[0])
    if kind != "passed":
        pytest.fail(text, pytrace=False)
