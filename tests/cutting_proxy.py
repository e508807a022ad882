# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that breaks each connection after so many bytes, and counts all that passed."""
import socket
import threading

PIECE = 65536
PATIENCE = 60


class CuttingProxy:
    """`host` stands for the server behind it; `passed` counts bytes of both directions."""

    def __init__(self, port, cut_every):
        self.target, self.cut_every = port, cut_every
        self.passed, self.cuts = 0, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = f"localhost:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target), PATIENCE)
            left = [self.cut_every]
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=(*pair, left), daemon=True).start()

    def _carry(self, source, sink, left):
        try:
            while data := source.recv(PIECE):
                with self.lock:
                    data = data[:left[0]]
                    left[0] -= len(data)
                    self.passed += len(data)
                    over = left[0] == 0
                    self.cuts += over and bool(data)
                sink.sendall(data)
                if over:
                    break
        except OSError:
            pass
        for side in (source, sink):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        source.close()  # a half closed connection would go on taking bytes
