# SPDX-License-Identifier: Apache-2.0
"""keg as root and as an ordinary user; every test that asks for `keg` runs as both."""
import os

import pytest

from kegtool import Identity, Keg


def need(name):
    if os.geteuid() != 0:
        pytest.skip("making users and mounting needs root")
    return name


@pytest.fixture(scope="session", params=["root", "user"])
def identity(request):
    who = Identity(need(request.param))
    yield who
    who.close()


@pytest.fixture(scope="session")
def store(identity):
    """One store a session, with the image IMAGE in it."""
    keg = Keg(identity)
    keg.import_busybox()
    yield keg
    keg.attempt("rm", "-f", "-a", "-t", "0")
    keg.attempt("rmi", "-f", "-a")


@pytest.fixture
def keg(store):
    """The store with no container left by the test before."""
    yield store
    store.attempt("rm", "-f", "-a", "-t", "0")


@pytest.fixture
def fresh(identity, tmp_path_factory):
    """A store of the test's own, empty."""
    base = os.path.join(identity.home, "files", tmp_path_factory.mktemp("fresh").name)
    os.mkdir(base)
    os.chown(base, identity.uid, identity.gid)
    keg = Keg(identity, os.path.join(base, "root"), os.path.join(base, "run"))
    yield keg
    keg.attempt("rm", "-f", "-a", "-t", "0")
    keg.attempt("rmi", "-f", "-a")
