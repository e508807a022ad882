# SPDX-License-Identifier: Apache-2.0
"""
Every system call of create, start, exec, kill, run and delete fails in turn (tests/fault/inject.c).

Afterwards there is one line that says what went wrong, or all is done; nothing hangs; nothing is left that
should not be; and the same id can be used again. KEG_FAULTS=full does them all, CI every SLICE-th.
"""
import errno
import glob
import os
import shutil
import subprocess

import pytest

from conftest import compiled

SLICE = 1 if os.environ.get("KEG_FAULTS") == "full" else 5
FIRST = 2  # the first call is the injector's own exec
MARK = f"9{os.getpid():07}"  # no other run's
SIMPLE = ["sleep", MARK]


class Faults:
    """One operation on one container, again and again."""

    def __init__(self, box, injector):
        self.box, self.injector = box, injector
        self.bundle = box.bundle(SIMPLE, self.change)
        self.name = "faulty-" + os.path.basename(self.bundle)
        self.report = os.path.join(self.bundle, "report")
        self.log = os.path.join(self.bundle, "out")
        self.mounts = self.count_mounts()
        self.pid = 0

    def change(self, config):
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}]}
        config["process"]["oomScoreAdj"] = 500
        if self.box.is_root:
            config["linux"]["resources"] = {"pids": {"limit": 100}}

    def count_mounts(self):
        """Of ours: other tests mount and unmount at the same time."""
        with open("/proc/self/mountinfo", encoding="utf-8") as lines:
            return sum(self.box.folder in line for line in lines)

    def call(self, *words):
        """One that is expected to work."""
        done = self.box.kegrun(*words, stdout=subprocess.DEVNULL)
        assert done.returncode == 0, done

    def quietly(self, *words):
        """The same where the container keeps the streams."""
        done = self.box.kegrun("--log", self.log, *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(self.log, "a+", encoding="utf-8") as text:
            text.seek(0)
            assert done.returncode == 0, text.read()

    def fail(self, number, words):
        """Run with call `number` failing: exit status, lines of error, calls in all, the call, the error."""
        with open(self.log, "w", encoding="utf-8"):
            pass
        self.box.give(self.log)
        with open(self.log, "r+", encoding="utf-8") as log:
            argv = [self.injector, str(number), "-o", self.report, "--", self.box.program, "--root", self.box.state, *words]
            process = self.box.identity.popen(argv, cwd=self.box.folder, stdout=log, stderr=log)
            status = process.wait(timeout=40)
            log.seek(0)
            said = [line for line in log.read().splitlines() if line]
        with open(self.report, encoding="utf-8") as report:
            count, call, error, who = report.read().split()
        return status, said, int(count), f"call {call} {errno.errorcode.get(int(error), '')} in {who}"

    def leftovers(self):
        """Processes of the container or of a runtime that works on it, control groups, state, mounts."""
        found = [f"state {name}" for name in glob.glob(os.path.join(self.box.state, "*"))]
        found += [f"cgroup {path}" for path in glob.glob(f"/sys/fs/cgroup/*/keg/{self.name}*")]
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            try:
                with open(path, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if self.box.state.encode() in words or MARK.encode() in words:
                with open(path.replace("cmdline", "stat"), encoding="utf-8") as stat:
                    if stat.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found.append(f"process {path} {words}")
        if self.count_mounts() != self.mounts:
            found.append("mount")
        return found

    def settled_leftovers(self):
        """A killed process needs a moment."""
        for _ in range(100):
            found = self.leftovers()
            if not found:
                break
            subprocess.run(["sleep", "0.02"], check=True)
        return found

    # What is there before, and what must be true afterwards, by operation.

    def before_create(self):
        pass

    def after_create(self, status):
        return self.settled_leftovers() if status else []

    before_run = before_create
    after_run = after_create

    def before_start(self):
        self.quietly("create", "-b", self.bundle, self.name)

    def after_start(self, status):
        return [] if status or self.box.status(self.name) == "running" else ["it does not run"]

    def before_exec(self):
        if self.pid == 0 or not os.path.exists(f"/proc/{self.pid}"):
            self.box.kegrun("delete", "--force", self.name)
            self.quietly("run", "-d", "-b", self.bundle, self.name)
            self.pid = self.box.pid(self.name)

    def after_exec(self, status):
        return [] if status or self.executed == [os.readlink(f"/proc/{self.pid}/ns/mnt")] else [f"it ran in {self.executed}"]

    before_kill = before_exec

    def after_kill(self, status):
        if status == 0:
            self.box.kegrun("delete", "--force", self.name)
            self.pid = 0
        return []

    def before_delete(self):
        self.quietly("run", "-d", "-b", self.bundle, self.name)

    def after_delete(self, status):
        return [] if status else self.settled_leftovers()

    WORDS = {"start": ["start"], "exec": ["exec"], "kill": ["kill"], "delete": ["delete", "--force"]}

    def words(self, operation):
        if operation == "create":
            return ["create", "-b", self.bundle, self.name]
        if operation == "run":
            return ["run", "-d", "-b", self.bundle, self.name]
        more = {"exec": ["readlink", "/proc/self/ns/mnt"], "kill": ["KILL"]}.get(operation, [])
        return [*self.WORDS[operation], self.name, *more]

    def problems(self, operation, number):
        getattr(self, "before_" + operation)()
        status, said, count, what = self.fail(number, self.words(operation))
        self.executed = [line for line in said if line.startswith("mnt:")]
        found = []
        if status == 124:
            found.append("hangs")
        errors = [line for line in said if not line.startswith("mnt:")]
        if status and len(errors) != 1:
            found.append(f"said {said}")
        found += getattr(self, "after_" + operation)(status)
        if operation not in ("exec", "kill"):
            self.call("delete", "--force", self.name)
            found += [f"after delete: {what}" for what in self.settled_leftovers()]
        return [f"{operation} {number}: {what}: status {status}: {problem} {said}" for problem in found], count


@pytest.fixture(scope="session")
def injector(tmp_path_factory, identity):
    program = compiled(tmp_path_factory.mktemp("inject"), "inject", os.path.join(os.path.dirname(__file__), "../../fault"))
    shutil.copy(program, identity.programs)
    return os.path.join(identity.programs, "inject")


@pytest.mark.parametrize("operation", ["create", "run", "start", "exec", "kill", "delete"])
def test_whatever_call_fails_it_is_said_and_nothing_is_left(box, injector, operation):
    faults = Faults(box, injector)
    bad, count = faults.problems(operation, 0)
    assert bad == []
    assert count > 20
    for number in range(FIRST, count + 1, SLICE):
        try:
            bad += faults.problems(operation, number)[0]
        except AssertionError as failed:  # the rest would fail alike
            bad.append(f"{operation} {number}: what came before it left something: {failed}"[:400])
            break
    assert bad == [], "\n".join(bad)
    box.kegrun("delete", "--force", faults.name)
    assert faults.settled_leftovers() == []


def test_what_cannot_be_known_of_capabilities_is_not_taken_for_none(box, injector):
    capget = 125 if os.uname().machine == "x86_64" else 90
    faults = Faults(box, injector)
    faults.before_exec()
    number = count = FIRST
    said = []
    while number <= count:
        _, lines, count, what = faults.fail(number, faults.words("exec"))
        if what.startswith(f"call {capget} "):
            said += lines
        number += 1
    # What it needs to know to protect its own file it can do without.
    assert any("read our capabilities" in line for line in said) and not any("ignoring" in line for line in said)
    box.kegrun("delete", "--force", faults.name)
