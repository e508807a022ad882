# SPDX-License-Identifier: Apache-2.0
"""What the container writes is in the log."""
import os

import pytest

from monitored import until


def test_lines_are_f_and_pieces_p(monitor):
    monitor.run('printf "one\\ntwo"; sleep 0.2; printf " more\\nlast"; printf err >&2')
    assert monitor.exit_status() == 0
    assert monitor.lines() == [("stdout", "F", b"one"), ("stdout", "P", b"two"), ("stdout", "F", b" more"),
                               ("stdout", "P", b"last"), ("stderr", "P", b"err")]


def test_bytes_that_are_no_text_pass_unchanged(monitor):
    data = bytes(range(256)) * 100
    (monitor.bundle / "data").write_bytes(data)
    monitor.run(f"cat {monitor.bundle}/data")
    assert monitor.exit_status() == 0
    assert monitor.logged() == data


def test_thirty_megabytes_are_complete(monitor):
    monitor.run("seq 1 4000000; seq 1 10 >&2")
    assert monitor.exit_status() == 0
    assert monitor.logged() == b"".join(b"%d\n" % n for n in range(1, 4000001))
    assert monitor.logged("stderr") == b"".join(b"%d\n" % n for n in range(1, 11))


def test_the_last_output_before_the_end_is_there(monitor):
    for _ in range(20):
        monitor.run("printf 'x%.0s' $(seq 60000)")
        assert monitor.exit_status() == 0
        assert monitor.logged() == b"x" * 60000
        for path in (monitor.log, monitor.exits / monitor.cid, monitor.dir / "monitor-pid"):
            path.unlink()


def test_at_its_largest_size_the_log_starts_over(monitor):
    monitor.run("seq 1 1000", "--log-size-max", "1000")
    assert monitor.exit_status() == 0
    assert monitor.log.stat().st_size <= 1000
    assert monitor.lines()[-1] == ("stdout", "F", b"1000")
    assert not list(monitor.dir.glob("log.*"))


def test_rotation_keeps_as_many_old_logs_as_told(monitor):
    monitor.run("seq 1 200", "--log-size-max", "1000", "--log-rotate", "--log-max-files", "2")
    assert monitor.exit_status() == 0
    assert sorted(p.name for p in monitor.dir.glob("log*")) == ["log", "log.1", "log.2"]
    last = monitor.logged(path=monitor.dir / "log.2") + monitor.logged(path=monitor.dir / "log.1") + monitor.logged()
    assert last.endswith(b"199\n200\n") and last in b"".join(b"%d\n" % n for n in range(1, 201))


def test_past_the_global_size_the_rest_is_dropped(monitor):
    monitor.run("seq 1 1000", "--log-global-size-max", "1000")
    assert monitor.exit_status() == 0
    assert 900 < monitor.log.stat().st_size <= 1000


def test_a_log_moved_away_is_reopened_on_request(monitor):
    monitor.run("echo before; read x; echo after", "-i")
    until(lambda: monitor.log.read_bytes(), "output")
    monitor.log.rename(monitor.dir / "moved")
    with open(monitor.bundle / "ctl", "w", encoding="utf-8") as ctl:
        ctl.write("2 0 0\n")
    until(monitor.log.exists, "a new log")
    with monitor.attach() as sock:
        sock.send(b"go\n")
        assert monitor.exit_status() == 0
    assert monitor.logged(path=monitor.dir / "moved") == b"before\n"
    assert monitor.logged() == b"after\n"


def test_a_full_disk_does_not_stop_the_container(monitor):
    monitor.run("seq 1 100000", log="k8s-file:/dev/full")
    assert monitor.exit_status() == 0


def test_a_second_start_appends(monitor):
    for _ in range(2):
        monitor.run("echo hi")
        assert monitor.exit_status() == 0
        (monitor.exits / monitor.cid).unlink()
        (monitor.dir / "monitor-pid").unlink()
    assert monitor.logged() == b"hi\nhi\n"


def test_passthrough_writes_to_the_engines_streams(monitor):
    child = monitor.run("echo out; echo err >&2", log="passthrough", start_pipe=True)
    os.close(monitor.start_pipe)
    output, _ = child.communicate(timeout=20)
    assert sorted(output.splitlines()) == [b"err", b"out"]
    assert monitor.exit_status() == 0


@pytest.mark.parametrize("driver", ["none", "off:", "null:"])
def test_without_a_log_nothing_is_written(monitor, driver):
    monitor.run("echo hi", log=driver)
    assert monitor.exit_status() == 0
    assert sorted(p.name for p in monitor.bundle.iterdir()) == ["arguments", "command.sh", "ctl", "winsz"]
