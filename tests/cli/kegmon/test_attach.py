# SPDX-License-Identifier: Apache-2.0
"""Clients of the attach socket, and the container's input."""
import hashlib
import os
import select
import signal
import socket
import time

from monitored import PATIENCE, alive, read_all, until


def go(sock):
    sock.send(b"go\n")


def test_both_streams_arrive_and_then_the_end(monitor):
    monitor.run("read x; echo out; echo err >&2; exit 4", "-i")
    with monitor.attach() as sock:
        go(sock)
        assert read_all(sock) == {2: b"out\n", 3: b"err\n"}
        assert (monitor.exits / monitor.cid).read_text() == "4"
    monitor.exit_status()
    assert not (monitor.bundle / "attach").exists()


def test_the_end_of_a_clients_input_is_the_containers(monitor):
    monitor.run("cat; echo done", "-i")
    with monitor.attach() as sock:
        sock.send(b"text")
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock)[2] == b"textdone\n"
    assert monitor.exit_status() == 0


def test_with_leave_stdin_open_it_is_not(monitor):
    monitor.run("while read x; do echo got $x; done", "-i", "--leave-stdin-open")
    for word in (b"one", b"two"):
        with monitor.attach() as sock:
            sock.send(word + b"\n")
            assert sock.recv(100) == b"\x02got " + word + b"\n"
    assert alive(monitor.pid())


def test_without_stdin_the_input_is_at_its_end(monitor):
    monitor.run("cat; echo done")
    assert monitor.exit_status() == 0
    assert monitor.logged() == b"done\n"


def test_megabytes_of_input_arrive(monitor):
    data = os.urandom(1 << 20) * 5
    monitor.run("sleep 0.3; sha256sum", "-i")
    with monitor.attach() as sock:
        for at in range(0, len(data), 32768):
            sock.send(data[at:at + 32768])
        sock.shutdown(socket.SHUT_WR)
        assert read_all(sock)[2].split()[0].decode() == hashlib.sha256(data).hexdigest()


def test_a_client_that_writes_and_leaves_at_once_is_heard(monitor):
    monitor.run("cat", "-i")
    with monitor.attach() as sock:
        for n in range(50):
            sock.send(b"%d\n" % n)
    assert monitor.exit_status() == 0
    assert monitor.logged() == b"".join(b"%d\n" % n for n in range(50))


def test_the_last_words_of_a_client_that_did_not_read_the_answer_are_heard(monitor):
    monitor.run("cat", "-i")
    with monitor.attach() as sock:
        sock.send(b"first\n")
        assert select.select([sock], [], [], PATIENCE)[0], "no answer"
        os.kill(monitor.pid(), signal.SIGSTOP)
        for n in range(5):
            sock.send(b"%d\n" % n)
    os.kill(monitor.pid(), signal.SIGCONT)
    assert monitor.exit_status() == 0
    assert monitor.logged() == b"first\n0\n1\n2\n3\n4\n"


def test_a_slow_client_holds_up_nobody_and_loses_nothing(monitor):
    want = b"".join(b"%d\n" % n for n in range(1, 1000001))
    monitor.run("read x; seq 1 1000000", "-i")
    slow, fast = monitor.attach(), monitor.attach()
    go(slow)
    assert read_all(fast)[2] == want
    assert (monitor.exits / monitor.cid).read_text() == "0"
    assert monitor.logged() == want
    assert alive(monitor.pid())
    assert read_all(slow)[2] == want
    monitor.exit_status()


def test_a_client_that_is_killed_does_not_matter(monitor):
    monitor.run("read x; seq 1 100000; sleep 0.2; echo end", "-i", "--leave-stdin-open")
    stuck = monitor.attach()
    go(stuck)
    time.sleep(0.1)
    stuck.close()
    assert monitor.exit_status() == 0
    assert monitor.logged().endswith(b"100000\nend\n")


def test_input_that_nobody_reads_is_dropped(monitor):
    monitor.run("exec 0<&-; sleep 0.5; echo end", "-i")
    with monitor.attach() as sock:
        for _ in range(20):
            sock.send(b"x" * 32768)
        assert read_all(sock)[2] == b"end\n"


def test_a_terminal_can_be_resized(monitor):
    monitor.run("trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done", "-t")
    with monitor.attach() as sock:
        until(lambda: b"ready" in monitor.log.read_bytes(), "start")
        with open(monitor.bundle / "ctl", "w", encoding="utf-8") as ctl:
            ctl.write("1 33 120\n")
        assert b"33 120\r\n" in read_all(sock)[2]
    assert monitor.exit_status() == 0


def test_winsz_takes_a_bare_size(monitor):
    monitor.run("echo ready; read x; stty size", "-t", "-i")
    until(lambda: b"ready" in monitor.log.read_bytes(), "start")
    with open(monitor.bundle / "winsz", "w", encoding="utf-8") as winsz:
        winsz.write("12 34\n")
    with monitor.attach() as sock:
        time.sleep(0.1)
        go(sock)
        assert b"12 34\r\n" in read_all(sock)[2]


def test_typing_reaches_a_terminal_with_its_signals(monitor):
    monitor.run("trap 'echo interrupted; exit 7' INT; echo ready; while :; do sleep 0.05; done", "-t", "-i")
    with monitor.attach() as sock:
        until(lambda: b"ready" in monitor.log.read_bytes(), "start")
        sock.send(b"\x03")
        assert b"interrupted" in read_all(sock)[2]
    assert monitor.exit_status() == 7


def test_leaving_a_terminal_does_not_hang_it_up(monitor):
    monitor.run("echo ready; read x; echo got $x", "-t", "-i")
    monitor.attach().close()
    time.sleep(0.1)
    with monitor.attach() as sock:
        go(sock)
        assert b"got go" in read_all(sock)[2]
    assert monitor.exit_status() == 0


def test_the_socket_is_also_below_the_socket_folder(monitor):
    sockets = monitor.dir / "sockets"
    sockets.mkdir()
    monitor.placing = ["--socket-dir-path", str(sockets)]
    monitor.run("cat", "-i")
    with monitor.attach(sockets / monitor.cid):
        pass
    assert monitor.exit_status() == 0


def test_a_bundle_with_a_very_long_name_is_served(monitor):
    deep = monitor.dir / ("x" * 200)
    deep.mkdir()
    monitor.bundle.rename(deep / "bundle")
    monitor.bundle = deep / "bundle"
    monitor.run("read x; echo hi", "-i")
    with monitor.attach() as sock:
        go(sock)
        assert read_all(sock)[2] == b"hi\n"


def test_a_stuck_client_does_not_outlive_a_signal(monitor):
    monitor.run("read x; seq 1 500000", "-i")
    stuck = monitor.attach()
    go(stuck)
    until((monitor.exits / monitor.cid).exists, "exit file")
    os.kill(monitor.pid(), signal.SIGTERM)
    until(lambda: not alive(monitor.pid()), "end")
    stuck.close()
