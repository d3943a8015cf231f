#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example of a transport of one's own (H2T_OWN_TRANSPORT) against a server that masks its
bytes in the same way."""
import http.server
import io
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]
from support import tap  # noqa: E402

PROGRAM = os.environ["H2T_OWN_TRANSPORT"]
LIMIT_S = 60
MASK = bytes(byte ^ 0x5A for byte in range(256))
LARGE = bytes(range(256)) * 4000


class Masked(io.RawIOBase):
    """A socket's two directions, each byte masked."""

    def __init__(self, connection):
        self.connection = connection

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        n = self.connection.recv_into(buffer)
        buffer[:n] = bytes(buffer[:n]).translate(MASK)
        return n

    def write(self, data):
        self.connection.sendall(bytes(data).translate(MASK))
        return len(data)


class Handler(http.server.BaseHTTPRequestHandler):
    """GET /large; POST gives back what it was sent; anything else is cut off."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.rfile = io.BufferedReader(Masked(self.connection))
        self.wfile = Masked(self.connection)

    def answer(self, body):
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/large":
            self.answer(LARGE)
        else:
            self.close_connection = True

    def do_POST(self):
        self.answer(self.rfile.read(int(self.headers["content-length"])))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, timeout=LIMIT_S)


class OwnTransport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server(("127.0.0.1", 0), Handler))
        cls.url = f"http://localhost:{cls.server.server_port}"

    def test_a_response_comes_through_the_mask(self):
        done = run(self.url + "/large")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, LARGE)

    def test_a_body_goes_through_the_mask(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(LARGE)
            file.flush()
            done = run(self.url + "/", file.name)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, LARGE)

    def test_what_fails_below_is_told(self):
        self.assertRegex(run("http://127.0.0.1:1/").stderr, b"^own_transport: .*refused")
        done = run(self.url + "/cut")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertRegex(done.stderr, b"^own_transport: .*closed the connection")

    def test_a_server_without_the_mask_is_not_understood(self):
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
            other.RequestHandlerClass.log_message = lambda *_: None
            thread = threading.Thread(target=other.serve_forever)
            thread.start()
            done = run(f"http://127.0.0.1:{other.server_port}/")
            other.shutdown()
            thread.join()
        self.assertEqual((done.returncode, done.stdout), (1, b""))


if __name__ == "__main__":
    tap.main()
