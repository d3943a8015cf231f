#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Both directions of a call at once (H2T_DUPLEX_TOOL): through haproxy by HTTP/2, and straight
by HTTP/1.1, to a server that gives back what it gets, trailers too."""
import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
from real_servers import Haproxy  # noqa: E402
from support import tap  # noqa: E402

TOOL = os.environ["H2T_DUPLEX_TOOL"]
N = 200


class Echo:
    """An HTTP/1.1 server: each chunk goes back as it comes, and the trailers as they are."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._talk, args=(conn,), daemon=True).start()

    @staticmethod
    def _talk(conn):
        with conn, conn.makefile("rb") as source, contextlib.suppress(OSError, ValueError):
            while source.readline() not in (b"\r\n", b""):
                pass
            conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n")
            size = -1
            while size:
                size = int(source.readline(), 16)
                data = source.read(size + 2) if size else b""
                conn.sendall(b"%x\r\n%s" % (size, data))
            line = b""
            while line != b"\r\n":
                line = source.readline()
                conn.sendall(line)


class Prompt(Haproxy):
    """It holds small pieces back for more, unless it is told not to."""

    def conf(self):
        return super().conf().replace("  mode http\n", "  mode http\n  option http-no-delay\n")


class Duplex(unittest.TestCase):
    def talks(self, *arguments, version):
        command = [TOOL, *arguments, str(N)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{N} answers, HTTP/{version}, x-sum {N}\n")

    @tap.needs("haproxy")
    def test_by_http2(self):
        with Echo() as echo, Prompt(echo.port) as server:
            self.talks(server.ca_file, server.url("/"), version="2")

    def test_by_http1(self):
        with Echo() as echo:
            ca_file = "/etc/ssl/certs/ca-certificates.crt"
            self.talks(ca_file, f"http://127.0.0.1:{echo.port}/", version="1.1")


if __name__ == "__main__":
    tap.main()
