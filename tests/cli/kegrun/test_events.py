# SPDX-License-Identifier: Apache-2.0
"""The statistics, in the members of runc's that engines parse."""
import json
import os
import signal
import subprocess

import pytest
from test_runtime_lifecycle import wait_for

LIMIT = 64 << 20


def limited(config):
    config["linux"]["resources"].update(memory={"limit": LIMIT}, pids={"limit": 20})


def on_v1(controller):
    return os.path.isdir(f"/sys/fs/cgroup/{controller}")


def test_once_is_one_line_with_each_part(root_box):
    name = root_box.start(["sleep", "60"])
    out = root_box.good("events", "--stats", name)
    assert out.startswith('{"type":"stats","id":"%s","data":{' % name) and out.count("\n") == 1
    data = json.loads(out)["data"]
    assert {"cpu", "cpuset", "memory", "pids", "blkio", "hugetlb"} <= set(data)
    assert {"kernel", "user"} <= set(data["cpu"]["usage"])
    assert "sched_relax_domain_level" in data["cpuset"]


@pytest.mark.skipif(not (on_v1("memory") and on_v1("pids")), reason="memory and pids are not in version 1 of control groups")
def test_the_figures_are_the_kernels(root_box):
    name = root_box.start(["sleep", "60"], limited)
    data = json.loads(root_box.good("events", "--stats", name))["data"]
    assert data["pids"] == {"current": 1, "limit": 20}
    usage = data["memory"]["usage"]
    assert usage["limit"] == LIMIT and 0 < usage["usage"] <= usage["max"] and usage["failcnt"] == 0
    assert data["memory"]["raw"]["hierarchical_memory_limit"] == LIMIT
    assert data["cpu"]["usage"]["total"] > 0


@pytest.mark.skipif(not on_v1("cpuacct"), reason="cpuacct is not in version 1 of control groups")
def test_each_processor_has_its_figure(root_box):
    name = root_box.start(["sleep", "60"])
    usage = json.loads(root_box.good("events", "--stats", name))["data"]["cpu"]["usage"]
    assert len(usage["percpu"]) == len(usage["percpu_user"]) == len(usage["percpu_kernel"]) >= os.cpu_count()
    assert sum(usage["percpu"]) > 0


def test_at_an_interval_until_the_container_ends(root_box):
    name = root_box.start(["sleep", "60"])
    follower = root_box.identity.popen([root_box.program, "--root", root_box.state, "events", "--interval", "50ms", name],
                                  stdout=subprocess.PIPE, text=True)
    lines = [json.loads(follower.stdout.readline()) for _ in range(3)]
    assert all((line["type"], line["id"]) == ("stats", name) for line in lines)
    os.kill(json.loads(root_box.good("state", name))["pid"], signal.SIGKILL)
    follower.communicate(timeout=20)
    assert follower.returncode == 0


def watches(pid):
    """Has it opened all that it waits for?"""
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") == "anon_inode:[timerfd]" for fd in os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return False


def test_a_want_of_memory_is_said_at_once(root_box):
    name = root_box.start(["sh", "-c", "while ! ls /tmp/go; do sleep 0.05; done; dd if=/dev/zero of=/dev/null bs=96M count=1; sleep 60"],
                          lambda config: config["linux"]["resources"].update(memory={"limit": LIMIT, "swap": LIMIT}))
    follower = root_box.identity.popen([root_box.program, "--root", root_box.state, "events", "--interval", "10m", name],
                                       stdout=subprocess.PIPE, text=True)
    wait_for(lambda: watches(follower.pid), "it waits")
    root_box.good("exec", name, "touch", "/tmp/go")
    assert json.loads(follower.stdout.readline()) == {"type": "oom", "id": name}
    root_box.good("delete", "--force", name)
    rest, _ = follower.communicate(timeout=20)
    assert follower.returncode == 0 and "oom" not in rest


@pytest.mark.parametrize("interval, why", [("0s", "must be greater than 0"), ("-1s", "greater than 0"), ("soon", "--interval")])
def test_a_bad_interval_is_named(root_box, interval, why):
    done = root_box.kegrun("events", "--interval", interval, root_box.start(["sleep", "60"]))
    assert done.returncode == 1 and why in done.stderr


def test_one_that_ended_has_no_statistics(root_box):
    name = root_box.start(["true"])
    wait_for(lambda: root_box.status(name) == "stopped", "stopped")
    for words in (["--stats"], []):
        done = root_box.kegrun("events", *words, name)
        assert done.returncode == 1 and f"container with id {name} is not running" in done.stderr
