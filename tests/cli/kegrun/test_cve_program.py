# SPDX-License-Identifier: Apache-2.0
"""Published attacks on the runtime's own program and on its processes while they are in the container."""
import hashlib
import os
import shutil
import subprocess
import sys

import pytest

SECONDS = 2


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def install(box, bundle, program):
    shutil.copy(program, os.path.join(bundle, "rootfs/bin"))
    return "/bin/" + os.path.basename(program)


def with_user_namespace(config):
    """All capabilities, in a user namespace: there the kernel lets root of the container trace what is dumpable."""
    maps = [{"containerID": 0, "hostID": 300000, "size": 1000}]
    config["linux"]["namespaces"].append({"type": "user"})
    config["linux"].update(uidMappings=maps, gidMappings=maps)


def with_ptrace(config):
    names = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_SYS_ADMIN"]
    config["process"]["capabilities"] = {kind: names for kind in ("bounding", "effective", "permitted")}


def give_to_mapped_root(box, bundle):
    os.chown(os.path.join(bundle, "rootfs"), 300000, 300000)
    os.chmod(os.path.dirname(box.folder), 0o755)


def hostile(box, watcher, change=None):
    """A container whose first process watches; its id and where it writes."""
    def change_all(config):
        with_ptrace(config)
        if change:
            change(config)
    bundle = box.bundle(["/bin/watch", "kegrun", str(SECONDS)], change_all)
    install(box, bundle, watcher)
    if change is with_user_namespace:
        give_to_mapped_root(box, bundle)
    said = os.path.join(bundle, "said")
    with open(said, "w", encoding="utf-8") as out:
        done = box.kegrun("run", "-d", "-b", bundle, os.path.basename(bundle), stdout=out, stderr=subprocess.DEVNULL)
    assert done.returncode == 0, done
    return os.path.basename(bundle), said


def watched(box, name, said):
    """What the watcher saw, once it has ended."""
    for _ in range(SECONDS * 100):
        if box.status(name) == "stopped":
            break
        subprocess.run(["sleep", "0.05"], check=True)
    with open(said, encoding="utf-8") as lines:
        *seen, last = lines.read().split("\n")[:-1]
    assert last.startswith("watched ") and int(last.split()[1]) > 100, last
    return seen


def test_CVE_2019_5736_our_program_cannot_be_written_from_inside(root_box):
    before = digest(root_box.program)
    bundle = root_box.bundle(["/self", "--version"])
    os.symlink("/proc/self/exe", os.path.join(bundle, "rootfs/self"))
    done = root_box.kegrun("run", "-b", bundle, os.path.basename(bundle))
    # Whatever became of it, the program that ran was on a mount that nobody can write.
    assert "kegrun version" in done.stdout or done.returncode != 0
    name = root_box.start(["sleep", "60"])
    root_box.good("exec", name, "sh", "-c", "for p in /proc/[0-9]*; do echo x 2>/dev/null >> $p/exe; done; true")
    assert digest(root_box.program) == before


def test_CVE_2019_5736_the_running_program_is_on_a_read_only_mount(root_box):
    answer = os.path.join(root_box.folder, "flags")
    look = f"import os; open('{answer}', 'w').write(str(os.statvfs(f'/proc/{{os.getppid()}}/exe').f_flag & os.ST_RDONLY))"
    hook = {"path": sys.executable, "args": ["python3", "-c", look]}
    done = root_box.run(["true"], lambda c: c.update(hooks={"createRuntime": [hook]}))
    assert done.returncode == 0, done
    with open(answer, encoding="utf-8") as file:
        assert file.read() == str(os.ST_RDONLY)


@pytest.mark.parametrize("how", ["run", "exec"])
def test_CVE_2019_5736_not_even_as_the_interpreter_of_a_script(root_box, watcher, how):
    """The classic: what is executed is `#!/proc/self/exe`, while another process waits for a way to the file."""
    before = digest(root_box.program)
    name, said = hostile(root_box, watcher)
    rootfs = os.path.join(os.path.dirname(said), "rootfs")
    with open(os.path.join(rootfs, "bin/script"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/exe --version\n")
    os.chmod(file.name, 0o755)
    bundle = root_box.bundle(["/bin/script"], lambda c: c["linux"].update(
        namespaces=[dict(n, **({"path": f"/proc/{root_box.pid(name)}/ns/pid"} if n["type"] == "pid" else {}))
                    for n in c["linux"]["namespaces"]]))
    shutil.copy(file.name, os.path.join(bundle, "rootfs/bin"))
    for i in range(20):
        if how == "exec":
            root_box.kegrun("exec", name, "/bin/script")
        else:
            root_box.kegrun("run", "-b", bundle, f"{os.path.basename(bundle)}-{i}")
    assert "written" not in watched(root_box, name, said)
    assert digest(root_box.program) == before


def test_CVE_2019_5736_an_ordinary_users_own_program_is_a_sealed_copy(box):
    if box.is_root:
        pytest.skip("root's is on a read-only mount")
    mine = os.path.join(box.folder, "kegrun")
    shutil.copy(box.program, mine)
    box.give(mine)
    box.program = mine
    before = digest(mine)
    name = box.start(["sleep", "60"])
    bundle = box.bundle(["sh", "-c", "echo x >> /proc/self/exe"])
    os.unlink(os.path.join(bundle, "rootfs/bin/sh"))
    with open(os.path.join(bundle, "rootfs/bin/sh"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/exe\n")
    os.chmod(file.name, 0o755)
    box.kegrun("run", "-b", bundle, os.path.basename(bundle))
    for _ in range(10):
        box.kegrun("exec", name, "sh", "-c", "for p in /proc/[0-9]*; do echo x 2>/dev/null >> $p/exe; done; true")
    assert digest(mine) == before


def test_CVE_2019_5736_not_even_with_the_loader_of_the_container(root_box):
    """Where we are linked dynamically it is the container's loader that runs with our program open."""
    before = digest(root_box.program)
    bundle = root_box.bundle(["/bin/script"])
    libraries = subprocess.run(["ldd", root_box.program], capture_output=True, text=True, check=False).stdout
    for path in {word.rstrip(":") for word in libraries.split() if word.startswith("/")} - {root_box.program}:
        os.makedirs(os.path.join(bundle, "rootfs", os.path.dirname(path).lstrip("/")), exist_ok=True)
        shutil.copy(path, os.path.join(bundle, "rootfs", path.lstrip("/")))
    with open(os.path.join(bundle, "rootfs/bin/script"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/exe --version\n")
    os.chmod(file.name, 0o755)
    done = root_box.kegrun("run", "-b", bundle, os.path.basename(bundle))
    assert done.returncode in (0, 1) and digest(root_box.program) == before


@pytest.mark.parametrize("kind", ["host ids", "user namespace"])
def test_CVE_2016_9962_a_process_that_enters_cannot_be_traced(box, watcher, kind):
    """From its first instruction inside: another process there must not get at what it has open."""
    if kind == "host ids":
        pytest.skip("who may trace with the host's ids may trace all of the host's processes that it sees")
    name, said = hostile(box, watcher, with_user_namespace if box.is_root else None)
    for _ in range(30):
        assert box.kegrun("exec", name, "true").returncode in (0, 137, 255)  # it may end meanwhile
    assert watched(box, name, said) == []


def test_CVE_2016_9962_nor_can_the_first_of_a_container_that_shares_the_namespaces(box, watcher):
    name, said = hostile(box, watcher, with_user_namespace if box.is_root else None)
    pid = box.pid(name)

    def share(config):
        config["linux"]["namespaces"] = [
            {"type": kind["type"], **({"path": f"/proc/{pid}/ns/{kind['type']}"} if kind["type"] in ("pid", "user") else {})}
            for kind in config["linux"]["namespaces"] + ([{"type": "user"}] if box.is_root else [])]
        config["linux"].update(uidMappings=[], gidMappings=[])
    bundle = box.bundle(["true"], share)
    if box.is_root:
        give_to_mapped_root(box, bundle)
    for i in range(15):
        done = box.kegrun("run", "-b", bundle, f"{os.path.basename(bundle)}-{i}")
        assert done.returncode == 0 or box.status(name) == "stopped", done
    assert watched(box, name, said) == []
