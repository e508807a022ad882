# SPDX-License-Identifier: Apache-2.0
"""kegrun as libkeg starts it; what it does for it is tested in tests/interop/test_library.py."""
import json
import socket
import struct
import tempfile

import pytest


@pytest.fixture
def caller(box):
    def kegrun_call(document, keep=()):
        with tempfile.TemporaryFile() as file:
            file.write(document.encode())
            file.flush()
            process = box.identity.popen([box.program, "__call", str(file.fileno())], stdout=-1, stderr=-1, text=True,
                                         pass_fds=(file.fileno(), *keep))
            out, err = process.communicate(timeout=20)
            return process.returncode, out, err
    return kegrun_call


@pytest.mark.parametrize("document, reason", [("nonsense", "JSON"), ("{}", "version"), ('{"version": 1}', "version")])
def test_what_is_no_call_is_refused_in_one_line(caller, document, reason):
    status, out, err = caller(document)
    assert status == 1 and not out and err.startswith("Error: ") and err.count("\n") == 1 and reason in err


def test_a_library_of_another_version_is_told_so(caller):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        status, out, err = caller(json.dumps({"version": "0.0.1", "operation": "delete", "id": "x", "root": "/none",
                                              "answers": theirs.fileno(), "console": -1}), [theirs.fileno()])
        theirs.close()
        message = ours.recv(1 << 16)
    assert (status, out, err) == (1, "", "")
    failed, code = 4, 5
    assert struct.unpack_from("i", message)[0] == failed and struct.unpack_from("iii", message)[2] == code
    assert b"libkeg is 0.0.1" in message
