# SPDX-License-Identifier: Apache-2.0
"""keg itself where cgroup v2 is alone: run, exec, limits, stop, nothing left over."""
import subprocess
import time

import pytest

from conftest import BUILD, CGROUPS, DISK, command

IMAGE = "localhost/vm:1"


class Engine:
    def __init__(self, folder):
        self.base = [BUILD / "keg", "--root", folder / "root", "--runroot", folder / "run"]

    def call(self, *words):
        return command([*self.base, *words])

    def good(self, *words):
        done = self.call(*words)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()


@pytest.fixture(scope="module")
def keg(rootfs):
    folder = DISK / "engine"
    folder.mkdir()
    archive = folder / "rootfs.tar"
    subprocess.run(["tar", "-C", rootfs, "-cf", archive, "."], check=True, timeout=60)
    made = Engine(folder)
    made.good("import", "-q", archive, IMAGE)
    return made


def left_over():
    return [str(g) for g in CGROUPS.glob("keg/*")if g.is_dir()] + [
        line for line in open("/proc/mounts", encoding="utf-8") if "/engine/" in line]


def test_run_gives_the_commands_output_and_status(keg):
    done = keg.call("run", "--rm", IMAGE, "sh", "-c", "echo out; exit 7")
    assert (done.returncode, done.stdout) == (7, "out\n"), done.stderr
    assert left_over() == []


def test_run_in_ten_at_once_leaves_nothing(keg):
    running = [subprocess.Popen([*map(str, keg.base), "run", "--rm", IMAGE, "true"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(10)]
    results = [(p.communicate(timeout=60), p.returncode) for p in running]
    assert [r for r in results if r[1]] == []
    assert left_over() == []


def test_the_memory_limit_of_run_kills_and_says_137(keg):
    done = keg.call("run", "--rm", "-m", "16m", "--memory-swap", "16m", "--shm-size", "128m", IMAGE, "dd", "if=/dev/zero",
                    "of=/dev/shm/x", "bs=1M", "count=64")
    assert done.returncode == 137, done


def test_limits_of_run_reach_the_group(keg):
    name = keg.good("run", "-d", "-m", "32m", "--pids-limit", "19", "--cpus", "0.5", IMAGE, "sleep", "60")
    groups = [g.parent for g in CGROUPS.rglob("pids.max") if g.read_text().strip() == "19"]
    assert len(groups) == 1, groups
    assert (groups[0] / "memory.max").read_text().strip() == str(32 << 20)
    assert (groups[0] / "cpu.max").read_text().split() == ["50000", "100000"]
    assert keg.good("exec", name, "sh", "-c", "echo inside") == "inside"
    keg.good("rm", "-f", "-t", "0", name)
    assert not groups[0].exists()
    assert left_over() == []


def test_a_process_filter_and_few_capabilities_are_the_default(keg):
    status = dict(line.split(":", 1) for line in keg.good("run", "--rm", IMAGE, "cat", "/proc/self/status").splitlines())
    assert status["Seccomp"].strip() == "2"
    assert int(status["CapEff"], 16) & (1 << 21) == 0, "CAP_SYS_ADMIN"


def test_stop_ends_a_container_and_rm_removes_its_group(keg):
    name = keg.good("run", "-d", IMAGE, "sleep", "60")
    start = time.monotonic()
    keg.good("stop", "-t", "1", name)
    assert time.monotonic() - start < 10
    keg.good("rm", name)
    assert left_over() == []
