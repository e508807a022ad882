# SPDX-License-Identifier: Apache-2.0
"""A bundle as Podman 4.3 gives it to its runtime for `run IMAGE COMMAND` with default settings."""
import json
import os
import pathlib
import platform

PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")
ARCHES = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}
CAPABILITIES = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
                "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
MASKED = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/fs/selinux", "/sys/dev/block"]
READONLY = ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
CONFINED = ["nosuid", "noexec", "nodev"]
GROUP = f"/keg-bench-{os.getpid()}"  # a run that was interrupted leaves its own behind


def applies(rule, arch):
    """Does a rule of the profile concern a container with our capabilities on this machine?"""
    wanted, unwanted = rule.get("includes") or {}, rule.get("excludes") or {}
    return (set(wanted.get("caps", CAPABILITIES)) <= set(CAPABILITIES) and arch in wanted.get("arches", [arch])
            and not set(unwanted.get("caps", [])) & set(CAPABILITIES) and arch not in unwanted.get("arches", []))


def seccomp():
    """The distribution's profile as the rules of a runtime configuration."""
    profile = json.loads(PROFILE.read_text(encoding="utf-8"))
    arch, word = ARCHES[platform.machine()]
    others = [row["subArchitectures"] for row in profile["archMap"] if row["architecture"] == word]
    rules = []
    for rule in profile["syscalls"]:
        if not applies(rule, arch):
            continue
        kept = {key: rule[key] for key in ("names", "action", "errnoRet") if key in rule}
        if rule.get("args"):
            kept["args"] = [{key: arg[key] for key in ("index", "value", "op")} for arg in rule["args"]]
        rules.append(kept)
    return {"defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
            "architectures": [word, *sum(others, [])], "syscalls": rules}


def mounts(folder):
    def fresh(destination, kind, *options):
        return {"destination": destination, "type": kind, "source": kind, "options": list(options)}

    def bind(destination, name, *options):
        return {"destination": destination, "type": "bind", "source": str(folder / name), "options": ["bind", "rprivate", *options]}

    return [fresh("/proc", "proc", *CONFINED),
            fresh("/dev", "tmpfs", "nosuid", "noexec", "strictatime", "mode=755", "size=65536k"),
            fresh("/sys", "sysfs", *CONFINED, "ro"),
            fresh("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
            fresh("/dev/mqueue", "mqueue", *CONFINED),
            bind("/etc/hosts", "hosts"), bind("/dev/shm", "shm", *CONFINED), bind("/run/.containerenv", "containerenv"),
            bind("/etc/hostname", "hostname"),
            fresh("/sys/fs/cgroup", "cgroup", "rprivate", *CONFINED, "relatime", "ro")]


def config(folder, rootfs, command):
    sets = {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")}
    return {
        "ociVersion": "1.0.2-dev",
        "process": {"user": {"uid": 0, "gid": 0, "umask": 0o22}, "args": command, "cwd": "/", "capabilities": sets,
                    "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
                            "container=podman", "HOME=/root", f"HOSTNAME={folder.name}"]},
        "root": {"path": str(rootfs)},
        "hostname": folder.name,
        "mounts": mounts(folder),
        "annotations": {"io.container.manager": "libpod", "io.kubernetes.cri-o.TTY": "false",
                        "io.podman.annotations.autoremove": "FALSE", "io.podman.annotations.init": "FALSE",
                        "io.podman.annotations.privileged": "FALSE", "io.podman.annotations.publish-all": "FALSE",
                        "org.opencontainers.image.stopSignal": "15"},
        "linux": {
            "sysctl": {"net.ipv4.ping_group_range": "0 0"},
            "resources": {"devices": [{"allow": False, "access": "rwm"}], "pids": {"limit": 2048}},
            "cgroupsPath": f"{GROUP}/libpod-{folder.name}",
            "namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")],
            "seccomp": seccomp(), "maskedPaths": MASKED, "readonlyPaths": READONLY,
        },
    }


def make(folder, rootfs, command):
    """A bundle in `folder`, which is made, for a container of the same name."""
    folder.mkdir(parents=True)
    (folder / "shm").mkdir()
    for name in ("hosts", "hostname", "containerenv"):
        (folder / name).write_text(f"{folder.name}\n", encoding="ascii")
    (folder / "config.json").write_text(json.dumps(config(folder, rootfs, command)), encoding="ascii")
    return folder


def remove_groups():
    """What the containers' groups were made in."""
    for folder in pathlib.Path("/sys/fs/cgroup").glob("*" + GROUP):
        folder.rmdir()
