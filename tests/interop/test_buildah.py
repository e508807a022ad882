# SPDX-License-Identifier: Apache-2.0
"""Debian's Buildah running its steps on our runtime, as root and as an ordinary user."""
import pytest

from conftest import BUILD
from terminal import Terminal

CONTAINERFILE = """FROM {base}
RUN echo hello >/made && id -u
RUN --mount=type=tmpfs,target=/new touch /new/x && stat -c %a /new
USER 1000
WORKDIR /tmp
RUN id -u; pwd; touch /tmp/mine; exit {status}
"""


class Buildah:
    def __init__(self, sandbox, runtime, base):
        self.sandbox, self.runtime, self.base = sandbox, runtime, base
        self.container = self("from", base).stdout.strip()

    def __call__(self, *argv, **more):
        return self.sandbox.run("buildah", *argv, **more)

    def words(self, *argv, runtime=None):
        return ["run", "--runtime", runtime or self.runtime, "--isolation", "oci", "--network", "none", *argv]

    def run(self, *argv, options=(), runtime=None, **more):
        return self(*self.words(*options, runtime=runtime), self.container, *argv, **more)

    def build(self, folder, status=0, **more):
        file = folder / f"Containerfile.{status}"
        file.write_text(CONTAINERFILE.format(base=self.base, status=status))
        return self("bud", "--runtime", self.runtime, "--isolation", "oci", "--network", "none", "--no-cache", "-t", "localhost/built",
                    "-f", file, folder, **more)


@pytest.fixture(params=["root", "user"], scope="module")
def buildah(request):
    sandbox = request.getfixturevalue("sandbox" if request.param == "root" else "users_sandbox")
    base = request.getfixturevalue("busybox" if request.param == "root" else "users_busybox")
    made = Buildah(sandbox, f"{sandbox.env['PATH'].split(':')[0]}/kegrun", base)
    yield made
    made("rm", "-a")


@pytest.fixture
def folder(buildah):
    """For a build's context, where the ordinary user may look."""
    made = buildah.sandbox.dir / "context"
    made.mkdir(exist_ok=True)
    return made


def test_run_gives_output_and_exit_status(buildah):
    done = buildah.run("sh", "-c", "echo out; echo err >&2; exit 7", check=False)
    assert (done.stdout, done.returncode) == ("out\n", 7) and done.stderr.startswith("err\n")
    assert buildah.run("cat", stdin=None, input="text").stdout == "text"


def test_a_terminal_is_one(buildah):
    terminal = Terminal(lambda **io: buildah.sandbox.popen("buildah", *buildah.words("-t"), buildah.container, "sh", "-c",
                                                           "tty; exit 5", **io))
    assert terminal.end() == 5 and b"/dev/pts/0" in terminal.seen


@pytest.mark.parametrize("command, said", [
    ("nosuch", "executable file not found in $PATH"), ("/no/such", "no such file or directory"),
    ("/etc/passwd", "permission denied")])
def test_a_command_that_cannot_run_is_told_with_its_reason(buildah, command, said):
    done = buildah.run(command, check=False)
    assert done.returncode == 1 and said in done.stderr, done


def test_the_steps_of_a_file_are_run_and_kept(buildah, folder):
    done = buildah.build(folder)
    said = done.stdout.splitlines()
    assert [line for line in said if line in ("0", "1777", "1000", "/tmp")] == ["0", "1777", "1000", "/tmp"], done
    name = buildah("from", "localhost/built").stdout.strip()
    assert buildah(*buildah.words(), name, "sh", "-c", "cat /made; stat -c %u /tmp/mine; pwd").stdout == "hello\n1000\n/tmp\n"
    buildah("rm", name)


def test_a_step_that_fails_ends_the_build_with_its_status(buildah, folder):
    done = buildah.build(folder, status=6, check=False)
    assert done.returncode == 6 and "exit status 6" in done.stderr, done


# What was asked for, and what tells it inside.
ALIKE = [
    ([], "grep -E 'Cap|NoNew|Secc' /proc/self/status; ls /dev; id; cut -d' ' -f2,3 /proc/mounts | grep -v cgroup | sort"),
    (["--cap-add", "CAP_NET_RAW", "--cap-drop", "CAP_CHOWN", "--user", "1000", "--workingdir", "/tmp"],
     "grep Cap /proc/self/status; id -u; pwd"),
    (["--hostname", "here", "-v", "/etc:/host:ro"], "hostname; ls /host/hostname; touch /host/x"),
    (["--mount", "type=tmpfs,dst=/tmp"], "stat -c %a /tmp"),
]


@pytest.mark.parametrize("options, script", ALIKE, ids=[" ".join(o)[:50] or "plain" for o, _ in ALIKE])
def test_the_outcome_is_that_of_runc(buildah, options, script):
    outcomes = []
    for runtime in ("runc", buildah.runtime):
        done = buildah.run("sh", "-c", script, options=options, runtime=runtime, check=False)
        outcomes.append((done.returncode, done.stdout, done.stderr))
    assert outcomes[1] == outcomes[0]
