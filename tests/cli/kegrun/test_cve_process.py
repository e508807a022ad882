# SPDX-License-Identifier: Apache-2.0
"""Published defects in what a container's processes are: users, capabilities, working folder, descriptors."""
import os
import re
import subprocess
import threading

import pytest

UNSET = 0xFFFFFFFF


def capabilities(text):
    return {name: int(value, 16) for name, value in re.findall(r"^Cap(\w+):\t(\w+)$", text, re.M)}


def secret(box):
    """A file of the host that no container is given; where it is and what it holds."""
    path = os.path.join(box.folder, "secret")
    with open(path, "w", encoding="utf-8") as file:
        file.write("of the host")
    os.chmod(path, 0o644)
    return path


def test_CVE_2015_3627_descriptors_that_the_caller_left_open_stay_out(box):
    done = box.run(["sh", "-c", "cat /proc/self/fd/9; ls /proc/1/fd"], with_fd=(9, "/etc/hostname"))
    # 3 is the folder that ls reads
    assert "can't open" in done.stderr and set(done.stdout.split()) <= {"0", "1", "2", "3"}, done


def test_CVE_2024_21626_a_working_folder_outside_is_refused(box):
    path = secret(box)
    for number in range(3, 16):
        done = box.run(["cat", "../../../../../.." + path], lambda c, n=number: c["process"].update(
            cwd=f"/proc/self/fd/{n}"), with_fd=(9, "/"))
        assert done.returncode == 1 and "of the host" not in done.stdout, (number, done)


def test_CVE_2024_21626_nor_by_a_link_of_the_image_to_one(box):
    path = secret(box)
    for number in range(3, 16):
        bundle = box.bundle(["cat", "../../../../../.." + path], lambda c: c["process"].update(cwd="/work"))
        os.symlink(f"/proc/self/fd/{number}", os.path.join(bundle, "rootfs/work"))
        done = box.kegrun("run", "-b", bundle, os.path.basename(bundle), with_fd=(9, "/"))
        assert done.returncode == 1 and "of the host" not in done.stdout, (number, done)


def test_CVE_2024_21626_nor_for_exec(box):
    path = secret(box)
    name = box.start(["sleep", "60"])
    for number in range(3, 24):
        done = box.kegrun("exec", "--cwd", f"/proc/self/fd/{number}", name, "cat", "../../../../../.." + path, with_fd=(9, "/"))
        assert done.returncode == 255 and "of the host" not in done.stdout, (number, done)


def test_CVE_2024_21626_nor_while_it_is_exchanged(box):
    """The folder is a link to a descriptor half of the time."""
    path = secret(box)
    name = box.start(["sh", "-c", "cd /tmp; mkdir real; ln -s /proc/self/fd/9 fake; while :; do "
                                  "ln -sfn real work; ln -sfn /proc/self/fd/9 work; done"])
    for _ in range(40):
        done = box.kegrun("exec", "--cwd", "/tmp/work", name, "cat", "../../../../../.." + path, with_fd=(9, "/"))
        assert "of the host" not in done.stdout, done


def test_CVE_2022_24769_inheritable_capabilities_are_not_given_unasked(box):
    assert capabilities(box.run(["cat", "/proc/self/status"]).stdout)["Inh"] == 0


@pytest.mark.parametrize("cve", ["CVE-2022-29162", "CVE-2022-27650", "CVE-2025-27612"])
def test_exec_gives_no_inheritable_capabilities(box, cve):
    """runc, crun and youki had this one each."""
    name = box.start(["sleep", "60"])
    caps = capabilities(box.good("exec", "--cap", "CAP_SYSLOG", name, "cat", "/proc/self/status"))
    assert caps["Inh"] == caps["Amb"] == 0, cve
    assert caps["Prm"] == caps["Eff"] == caps["Bnd"] == 0x20000420 | 1 << 34


def test_CVE_2022_29162_ambient_ones_come_with_inheritable_ones_of_the_config(root_box):
    def change(config):
        config["process"]["capabilities"] = {"bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"], "permitted": ["CAP_CHOWN"],
                                             "inheritable": ["CAP_CHOWN", "CAP_SYSLOG"], "ambient": ["CAP_CHOWN"]}
    name = root_box.start(["sleep", "60"], change)
    caps = capabilities(root_box.good("exec", "--cap", "CAP_SYSLOG", name, "cat", "/proc/self/status"))
    assert caps["Inh"] == 1 << 34 | 1 and caps["Amb"] == 1 << 34 | 1


@pytest.mark.parametrize("word", ["4294967295", "0:4294967295", "-1", "4294967296", "1x", "", ":", "0:"])
def test_CVE_2026_30892_a_user_that_is_none_is_refused(box, word):
    """Not taken for another, root in particular: -1 tells setresuid(2) to leave all as it is."""
    name = box.start(["sleep", "60"])
    done = box.kegrun("exec", "--user", word, name, "id")
    assert done.returncode == 255 and "uid" not in done.stdout and "user" in done.stderr, done


@pytest.mark.parametrize("field", ["uid", "gid"])
def test_CVE_2026_30892_nor_in_a_config(box, field):
    done = box.run(["id"], lambda c: c["process"].update(user={"uid": 0, "gid": 0, field: UNSET}))
    assert done.returncode == 1 and "4294967295 is no id" in done.stderr, done


def test_CVE_2016_3697_a_number_is_that_user_whatever_the_image_says(root_box):
    """The image's passwd gives the name 1000 to root."""
    bundle = root_box.bundle(["id", "-u"], lambda c: c["process"].update(user={"uid": 1000, "gid": 1000}))
    with open(os.path.join(bundle, "rootfs/etc/passwd"), "w", encoding="utf-8") as file:
        file.write("1000:x:0:0::/root:/bin/sh\nroot:x:0:0::/root:/bin/sh\n")
    name = os.path.basename(bundle)
    done = root_box.kegrun("run", "-b", bundle, name)
    assert done.stdout == "1000\n", done
    other = root_box.bundle(["sleep", "60"])
    os.link(file.name, os.path.join(other, "rootfs/etc/passwd"))
    root_box.good("run", "-d", "-b", other, name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert root_box.good("exec", "-u", "1000", name, "id", "-u") == "1000\n"


def test_CVE_2021_43784_no_length_of_the_config_overflows(box):
    """Many mounts with long names, in sum more than 16 bits hold; what follows them still counts."""
    def change(config):
        config["mounts"] += [{"destination": f"/tmp/{'x' * 200}{i}", "type": "tmpfs", "source": "y" * 200,
                              "options": ["size=4k"]} for i in range(200)]
        config["process"]["env"] += [f"V{i}={'z' * 1000}" for i in range(100)]
    done = box.run(["sh", "-c", "wc -l < /proc/self/mounts; grep ^Cap /proc/self/status; echo ${#V99}"], change)
    assert done.returncode == 0, done
    assert int(done.stdout.split()[0]) > 200 and capabilities(done.stdout)["Bnd"] == 0x20000420
    assert done.stdout.split()[-1] == "1000"


def test_an_exec_into_a_container_that_ends_never_runs_outside(box):
    """Its namespaces vanish with the first process, at any moment of the exec."""
    outside = os.readlink("/proc/self/ns/mnt")
    seen = set()
    for turn in range(30):
        name = box.start(["sleep", f"0.{turn:02}"])
        for _ in range(20):
            done = box.kegrun("exec", name, "readlink", "/proc/self/ns/mnt")
            seen.add(done.stdout.strip())
            if done.returncode:
                break
        box.good("delete", "--force", name)
    assert outside not in seen and len(seen - {""}) > 1, seen


def test_many_execs_while_it_ends_never_run_outside(box):
    outside = os.readlink("/proc/self/ns/mnt")
    results = []
    name = box.start(["sleep", "60"])

    def enter():
        for _ in range(25):
            results.append(box.kegrun("exec", name, "readlink", "/proc/self/ns/mnt").stdout.strip())
    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    box.good("kill", name, "KILL")
    for thread in threads:
        thread.join()
    assert outside not in results


def test_an_exec_into_what_was_only_created_is_inside_or_refused(box):
    bundle = box.bundle(["sleep", "60"])
    name = os.path.basename(bundle)
    box.good("create", "-b", bundle, name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    done = box.kegrun("exec", name, "readlink", "/proc/self/ns/mnt")
    if done.returncode == 0:
        assert done.stdout.strip() == os.readlink(f"/proc/{box.pid(name)}/ns/mnt")
    else:
        assert done.stdout == "" and len(done.stderr.splitlines()) == 1


def test_a_filter_that_is_gone_from_the_state_is_no_exec_without_one(box):
    name = box.start(["sleep", "60"], lambda c: c["linux"].update(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}))
    os.unlink(os.path.join(box.state, name, "filter"))
    done = box.kegrun("exec", name, "mkdir", "/x")
    assert done.returncode == 255 and "filter is missing" in done.stderr, done


def test_CVE_2022_0811_a_sysctl_reaches_nothing_but_its_namespace(box):
    """Whatever form its name has (there it was `+` in a value that a helper took for more names)."""
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        before = file.read()
    for key in ("net/../kernel/core_pattern", "net.../kernel/core_pattern", "net/./../kernel/core_pattern", "kernel.core_pattern",
                "net//../kernel/core_pattern", "kernel.shm_rmid_forced/../core_pattern", "fs.mqueue.//../../kernel.core_pattern",
                "net.core../../kernel.core_pattern", "net/core/../../kernel/core_pattern", "/kernel/core_pattern", ""):
        done = box.run(["true"], lambda c, k=key: c["linux"].update(sysctl={k: "kegtest"}))
        with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
            assert file.read() == before, key
        assert done.returncode == 1 and "sysctl" in done.stderr, (key, done)
    box.run(["true"], lambda c: c["linux"].update(sysctl={"kernel.msgmax": "8191+kernel.core_pattern=x"}))
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as file:
        assert file.read() == before
