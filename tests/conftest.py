# SPDX-License-Identifier: Apache-2.0
"""What all command tests share."""
import signal

from gpg_keys import keys  # noqa: F401
from registry_fixture import docker_registry, faulty_registry, registry_probe  # noqa: F401

# Started in the background of a shell, these signals are ignored, and so they would be in every program
# under test, which rightly leaves them so.
for _number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)
