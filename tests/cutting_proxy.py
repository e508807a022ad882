# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that breaks each connection after so many bytes, and counts all that passed."""
import socket
import threading
import time

PIECE = 65536
PATIENCE = 60


class CuttingProxy:
    """`host` stands for the server behind it; `passed` counts bytes of both directions. After a cut nobody listens for
    `outage` seconds."""

    def __init__(self, port, cut_every, outage=0):
        self.target, self.cut_every, self.outage = port, cut_every, outage
        self.passed, self.cuts = 0, 0
        self.lock = threading.Lock()
        self.port = 0
        self._listen()
        self.host = f"localhost:{self.port}"

    def _listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _go_down(self):
        self.__exit__()
        time.sleep(self.outage)
        self._listen()

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
                if over and data and self.outage:
                    threading.Thread(target=self._go_down, daemon=True).start()
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
