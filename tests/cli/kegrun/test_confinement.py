# SPDX-License-Identifier: Apache-2.0
"""What a container must not see, reach or change. Published escapes: test_cve_*.py."""
import os
import resource
import subprocess

import pytest


KNOWN = """accept accept4 access arch_prctl brk capget capset chdir clone close close_range connect dup2 dup3 execve
execveat exit exit_group faccessat fchdir fchown fcntl fstat fstatfs fsync futex getcwd getegid geteuid getgid getpid
getppid getrandom gettid getuid keyctl lseek mmap mprotect mremap munmap newfstatat open openat openat2 pipe2 poll prctl
pread64 prlimit64 read readlink recvfrom recvmsg rseq rt_sigaction rt_sigprocmask rt_sigreturn seccomp sendmsg sendto
set_robust_list set_tid_address setgid setgroups setresgid setresuid setsid setuid socket stat statx umask uname wait4
write writev""".split()


def mounts(change):
    return lambda config: config["mounts"].extend(change)


def test_no_descriptor_of_the_host_is_left(box):
    done = box.run(["ls", "/proc/self/fd"], with_fd=(9, "/etc/hostname"))
    # 3 is the folder that ls reads
    assert done.stdout.split() == ["0", "1", "2", "3"], done


def test_masked_paths_are_empty_and_read_only_ones_refuse(box):
    done = box.run(["sh", "-c", "wc -c < /proc/keys; ls /sys/firmware; echo 1 > /proc/sys/kernel/hostname"])
    assert done.stdout.strip() == "0"
    assert "Read-only file system" in done.stderr


def test_a_mask_is_not_the_null_device_of_the_host(root_box):
    """Its root may change what is his own; the file of the host keeps its mode and times."""
    before = os.stat("/dev/null")
    root_box.run(["sh", "-c", "busybox chmod 1666 /proc/keys; touch -d 2001-01-01 /proc/keys; echo x > /proc/keys"])
    after = os.stat("/dev/null")
    try:
        assert (after.st_mode, after.st_mtime) == (before.st_mode, before.st_mtime)
    finally:
        os.chmod("/dev/null", before.st_mode & 0o7777)


def test_a_read_only_root_refuses(box):
    done = box.run(["touch", "/file"], lambda c: c["root"].update(readonly=True))
    assert done.returncode == 1 and "Read-only file system" in done.stderr


def test_capabilities_are_those_of_the_config(box):
    out = box.run(["grep", "^Cap", "/proc/self/status"]).stdout
    sets = dict(line.split(":\t") for line in out.splitlines())
    assert {sets[name] for name in ("CapPrm", "CapEff", "CapBnd")} == {"0000000020000420"}
    assert sets["CapInh"] == sets["CapAmb"] == "0" * 16


def test_without_capabilities_in_the_config_none_is_taken_away(root_box):
    """As runc: root keeps what the caller has, others lose all but the bounding set; an empty object is none at all."""
    def of(change):
        lines = root_box.run(["grep", "^Cap", "/proc/self/status"], change).stdout.split()
        return dict(zip(lines[::2], lines[1::2]))

    with open("/proc/self/status", encoding="utf-8") as status:
        ours = next(line.split()[1] for line in status if line.startswith("CapBnd:"))
    none = f"{0:016x}"
    root = of(lambda config: config["process"].pop("capabilities"))
    assert root == {"CapInh:": none, "CapPrm:": ours, "CapEff:": ours, "CapBnd:": ours, "CapAmb:": none}
    user = of(lambda config: (config["process"].pop("capabilities"), config["process"].update(user={"uid": 1, "gid": 1})))
    assert user == {**root, "CapPrm:": none, "CapEff:": none}
    empty = of(lambda config: config["process"].update(capabilities={}))
    assert set(empty.values()) == {none}


def with_all_capabilities(config):
    names = ["CAP_SYS_RESOURCE", "CAP_KILL"]
    config["process"]["capabilities"] = {kind: names for kind in ("bounding", "effective", "permitted")}


def test_a_capability_that_is_not_ours_to_give_is_warned_of(root_box):
    """In a place without it, as many machines of CI are."""
    bundle = root_box.bundle(["grep", "^CapEff", "/proc/self/status"], with_all_capabilities)
    done = subprocess.run(["capsh", "--drop=cap_sys_resource", "--", "-c", 'exec "$@"', "sh", root_box.program, "--root",
                           root_box.state, "run", "-b", bundle, root_box.id], capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.split()[1] == "0000000000000020", done
    assert "ignoring unknown or unavailable capabilities: [CAP_SYS_RESOURCE]" in done.stderr


@pytest.mark.parametrize("inheritable, warned", [([], False), (["CAP_KILL"], True)])
def test_an_ambient_capability_that_cannot_be_is_warned_of_if_others_can(box, inheritable, warned):
    def change(config):
        config["process"]["capabilities"].update(ambient=["CAP_KILL", "CAP_AUDIT_WRITE"], inheritable=inheritable)
    done = box.run(["true"], change)
    assert done.returncode == 0 and ("can't raise ambient capability CAP_AUDIT_WRITE" in done.stderr) is warned, done


def test_no_new_privileges_and_limits_hold(box):
    out = box.run(["sh", "-c", "grep NoNewPrivs /proc/self/status; ulimit -n"]).stdout
    assert out.split() == ["NoNewPrivs:", "1", "1024"]


def unreachable_limit(config):
    config["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1 << 40, "hard": 1 << 40}]


def test_a_hard_limit_that_cannot_be_raised_is_an_error(root_box):
    done = root_box.run(["true"], unreachable_limit)
    assert done.returncode == 1 and "RLIMIT_NOFILE" in done.stderr


def test_an_ordinary_users_hard_limit_stays_with_a_warning(box):
    if box.is_root:
        pytest.skip("root's limits are what they are")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    show = ["sh", "-c", "ulimit -Hn; ulimit -Sn"]
    done = box.run(show, unreachable_limit)
    assert f"RLIMIT_NOFILE cannot be raised and stays at {hard}" in done.stderr
    name = box.start(["sleep", "60"], unreachable_limit)
    assert done.stdout.split() == box.good("exec", name, *show).split() == [str(hard), str(hard)]


def test_a_filter_is_loaded(box):
    def forbid_mkdir(config):
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
    done = box.run(["mkdir", "/x"], forbid_mkdir)
    assert done.returncode == 1 and "No space left on device" in done.stderr


def test_a_sysctl_of_the_host_is_refused(box):
    done = box.run(["true"], lambda c: c["linux"].update(sysctl={"kernel.panic": "1"}))
    assert done.returncode == 1 and 'sysctl "kernel.panic" is not in a separate kernel namespace' in done.stderr


def test_ids_are_mapped(root_box):
    def user_namespace(config):
        config["linux"]["namespaces"].append({"type": "user"})
        maps = [{"containerID": 0, "hostID": 200000, "size": 1000}]
        config["linux"].update(uidMappings=maps, gidMappings=maps)
    bundle = root_box.bundle(["sh", "-c", "cat /proc/self/uid_map; id -u; test -c /dev/null && echo null"], user_namespace)
    os.chown(os.path.join(bundle, "rootfs"), 200000, 200000)
    # The folders above are closed to the mapped root; the container starts all the same.
    done = root_box.kegrun("run", "-b", bundle, root_box.id)
    assert done.stdout.split() == ["0", "200000", "1000", "0", "null"], done


def test_bind_mounts_show_and_protect_the_host(box):
    with open(os.path.join(box.folder, "data"), "w", encoding="utf-8") as file:
        file.write("kept")
    box.give(file.name)
    done = box.run(["sh", "-c", "cat /new/place/data; echo changed > /new/place/data"], mounts([
        {"destination": "/new/place", "type": "bind", "source": box.folder, "options": ["rbind", "ro"]}]))
    assert done.stdout == "kept" and "Read-only file system" in done.stderr
    with open(file.name, encoding="utf-8") as again:
        assert again.read() == "kept"


@pytest.mark.parametrize("source, place", [("/etc/passwd", "/etc"), ("/etc", "/bin/busybox")])
def test_a_file_over_a_folder_and_the_reverse_are_called_that(box, source, place):
    done = box.run(["true"], mounts([{"destination": place, "type": "bind", "source": source, "options": ["bind"]}]))
    assert done.returncode == 1 and place in done.stderr and "not a directory" in done.stderr, done


def test_a_tmpfs_takes_over_what_it_covers(box):
    def change(config):
        config["mounts"].append({"destination": "/etc", "type": "tmpfs", "source": "tmpfs",
                                 "options": ["tmpcopyup", "ro", "size=1m"]})
    bundle = box.bundle(["sh", "-c", "cat /etc/deep/file; readlink /etc/link; touch /etc/x"], change)
    os.mkdir(os.path.join(bundle, "rootfs/etc/deep"))
    with open(os.path.join(bundle, "rootfs/etc/deep/file"), "w", encoding="utf-8") as file:
        file.write("copied\n")
    os.symlink("deep/file", os.path.join(bundle, "rootfs/etc/link"))
    for path in ("deep", "deep/file", "link"):
        box.give(os.path.join(bundle, "rootfs/etc", path))
    done = box.kegrun("run", "-b", bundle, box.id)
    assert done.stdout.split() == ["copied", "deep/file"], done
    assert "Read-only file system" in done.stderr


def test_a_tmpfs_has_the_mode_of_what_it_covers_or_is_open_to_all(box):
    done = box.run(["stat", "-c", "%a", "/etc", "/new/place", "/set"], mounts([
        {"destination": place, "type": "tmpfs", "source": "tmpfs", "options": options}
        for place, options in (("/etc", []), ("/new/place", []), ("/set", ["mode=711"]))]))
    assert done.stdout.split() == ["755", "1777", "711"], done


def test_the_host_sees_no_mount_of_the_container(root_box):
    before = subprocess.run(["cat", "/proc/self/mountinfo"], capture_output=True, check=True).stdout.count(b"\n")
    root_box.start(["sleep", "60"])
    after = subprocess.run(["cat", "/proc/self/mountinfo"], capture_output=True, check=True).stdout.count(b"\n")
    assert before == after


def test_a_system_call_that_the_profile_cannot_know_is_not_there(box):
    def deny_all_but_some(config):
        # Everything busybox needs, and nothing above 439 (faccessat2).
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [
            {"names": ["faccessat2", *KNOWN], "action": "SCMP_ACT_ALLOW"}]}
    bundle = box.bundle(["/probe"], deny_all_but_some)
    source = os.path.join(bundle, "probe.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#include <errno.h>\n#include <unistd.h>\nint main(void)\n"
                   "{ return !(syscall(1000) == -1 && errno == ENOSYS && syscall(165) == -1 && errno == EPERM); }\n")
    subprocess.run(["cc", "-static", "-o", os.path.join(bundle, "rootfs/probe"), source], check=True)
    done = box.kegrun("run", "-b", bundle, box.id)
    assert done.returncode == 0, done
