# SPDX-License-Identifier: Apache-2.0
import os
import signal

import pytest

from monitored import Monitor, alive


@pytest.fixture
def monitor(tmp_path):
    made = Monitor(tmp_path)
    yield made
    for name in ("pid", "monitor-pid"):
        path = tmp_path / name
        if path.exists() and alive(int(path.read_text())):
            os.kill(int(path.read_text()), signal.SIGKILL)
    for fd in (made.sync, made.start_pipe):
        if fd is not None:
            try:
                os.close(fd)
            except OSError:
                pass
