# SPDX-License-Identifier: Apache-2.0
"""What the interop tests share: the peers and our programs in a sandbox, with an image in its store."""
import os
import pathlib

import pytest

from daemons import Containerd, Docker
from kegtool import Identity
from sandbox import Sandbox, busybox_archive

BUILD = pathlib.Path(os.environ.get("KEG_BUILD") or pathlib.Path(__file__).parents[2] / "build").resolve()


@pytest.fixture(scope="module")
def sandbox():
    """Podman, Buildah, Skopeo and our programs over one private store; all run as root."""
    if os.geteuid() != 0:
        pytest.skip("a private mount namespace over system folders needs root")
    made = Sandbox(search=[BUILD])
    yield made
    made.run("podman", "rm", "-fa", "-t", "0", check=False)
    made.close()


@pytest.fixture(scope="module")
def users_sandbox():
    """The same, but an ordinary user runs the commands, with a store in his home."""
    if os.geteuid() != 0:
        pytest.skip("a private mount namespace over system folders needs root")
    identity = Identity("user")
    made = Sandbox(search=[identity.programs], identity=identity)
    yield made
    made.run("podman", "rm", "-fa", "-t", "0", check=False)
    made.close()
    identity.close()


def import_busybox(sandbox):
    archive = busybox_archive(str(sandbox.dir / "busybox.tar"))
    sandbox.dir.chmod(0o755)
    sandbox.run("podman", "import", "-q", "-c", "CMD [\"sh\"]", archive, "localhost/busybox:latest")
    return "localhost/busybox:latest"


@pytest.fixture(scope="module")
def busybox(sandbox):
    """The name of a small image that Podman has put into the store."""
    return import_busybox(sandbox)


@pytest.fixture(scope="module")
def users_busybox(users_sandbox):
    return import_busybox(users_sandbox)


@pytest.fixture(scope="module")
def containerd():
    if os.geteuid() != 0:
        pytest.skip("a private mount namespace over system folders needs root")
    # Counters and OOM notices of containerd want every hierarchy mounted, or v2 alone.
    sandbox = Sandbox(search=[BUILD], only_v1=os.path.ismount("/sys/fs/cgroup/unified"))
    made = Containerd(sandbox)
    yield made
    made.close()
    sandbox.close()


@pytest.fixture(scope="module")
def docker(containerd):
    """Docker with the image `busybox`."""
    made = Docker(containerd)
    made("import", "-c", 'CMD ["sh"]', busybox_archive(str(made.sandbox.dir / "docker.tar")), "busybox")
    yield made
    made.close()


@pytest.fixture
def build():
    """The folder of our programs."""
    return BUILD
