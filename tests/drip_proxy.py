"""A TCP proxy before a server that lets chosen answers to ReceiveMessage drip in, a byte at a time, until told to hurry."""

from __future__ import annotations

import contextlib
import socket
import threading


class DripProxy:
    """Forwards connections to `port` on this machine; the next `drip` answers to a receive come a byte every so often."""

    def __init__(self, port: int, pause_seconds: float = 0.1) -> None:
        self.drip = 0
        self.dripped = 0
        self.hurry = threading.Event()
        self._port, self._pause_seconds = port, pause_seconds
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End the proxy; connections end with their peers."""
        self.hurry.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        dripping = threading.Event()
        with contextlib.suppress(OSError), client, socket.create_connection(("127.0.0.1", self._port)) as server:
            threading.Thread(target=self._answer, args=(server, client, dripping), daemon=True).start()
            while data := client.recv(65536):
                if b"AmazonSQS.ReceiveMessage" in data and self.drip > 0:
                    self.drip -= 1
                    dripping.set()
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket, dripping: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                head = b""
                if dripping.is_set():
                    self.dripped += 1
                    head = data[:400]
                    for byte in head:
                        client.sendall(bytes([byte]))
                        self.hurry.wait(self._pause_seconds)
                client.sendall(data[len(head) :])
