#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) over what is not TCP, Unix sockets and commands, and to other places
than the URL says."""
import contextlib
import functools
import http.server
import os
import pathlib
import shlex
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
from loopback_server import LoopbackServer  # noqa: E402
from support import tap  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LIMIT_S = 60
N_AT_ONCE = 100
# Joins its standard input and output to a TCP connection, as netcat does.
NETCAT = """
import os, socket, sys, threading
peer = socket.create_connection((sys.argv[1], int(sys.argv[2])))
def up():
    while data := os.read(0, 65536):
        peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := peer.recv(65536):
    while data:
        data = data[os.write(1, data):]
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = N_AT_ONCE


@contextlib.contextmanager
def serving(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with server:
            yield
    finally:
        server.shutdown()
        thread.join()


def processes_with(text):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found += [path] if text.encode() in path.read_bytes() else []
    return found


class Transports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-transports-")
        cls.root = pathlib.Path(cls.folder.name)
        (cls.root / "small").write_bytes(b"small")
        (cls.root / "netcat.py").write_text(NETCAT)
        netcat = shlex.quote(str(cls.root / "netcat.py"))
        cls.netcat = f"exec {shlex.quote(sys.executable)} {netcat} %h %p"
        cls.handler = functools.partial(Quiet, directory=cls.root)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def fetch(self, *arguments, environment=None):
        return subprocess.run(
            [H2FETCH, "-sS", *map(str, arguments)],
            capture_output=True,
            timeout=LIMIT_S,
            env={**os.environ, **(environment or {})},
        )

    def ended(self, done, code):
        self.assertEqual(done.returncode, code, done.stderr)

    def test_unix_socket_by_path_whatever_the_host(self):
        path = self.root / "socket"
        with serving(UnixServer(str(path), self.handler)):
            urls = ["http://localhost/small", "http://no.such.host.invalid:8080/small"]
            done = self.fetch("--unix-socket", path, *urls * 50)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small" * 100)

    def test_unix_socket_in_the_abstract_space(self):
        name = f"h2client-test-{os.getpid()}"
        with serving(UnixServer(f"\0{name}", self.handler)):
            done = self.fetch("--unix-socket", f"@{name}", "http://localhost/small")
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small")

    def test_unix_socket_goes_through_no_proxy_of_the_environment(self):
        path = self.root / "direct"
        with serving(UnixServer(str(path), self.handler)):
            environment = {"http_proxy": "http://127.0.0.1:1"}
            done = self.fetch(
                "--unix-socket", path, "http://localhost/small", environment=environment
            )
        self.ended(done, 0)

    def test_unix_socket_that_is_not_there_is_told(self):
        done = self.fetch("--unix-socket", self.root / "none", "http://localhost/small")
        self.ended(done, 7)
        self.assertIn(f"the Unix socket {self.root}/none: No such file".encode(), done.stderr)

    def test_command_carries_http2_over_tls(self):
        with LoopbackServer(self.root) as server:
            options = ["--cacert", server.ca_file, "--proxy-command", self.netcat]
            done = self.fetch(*options, "-w", "%{http_version} ", *[server.url("/small")] * N_AT_ONCE)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small2 " * N_AT_ONCE)

    def test_command_is_run_for_each_connection_and_leaves_no_process(self):
        marker = f"h2client-marker-{os.getpid()}"
        command = f"{self.netcat} {marker}"
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler)
        with serving(server):
            url = f"http://127.0.0.1:{server.server_port}/small"
            done = self.fetch("--proxy-command", command, *[url] * 20)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small" * 20)
        self.assertEqual(processes_with(marker), [])

    def test_command_that_fails_is_told_with_its_status(self):
        done = self.fetch("--proxy-command", "exit 9", "https://127.0.0.1/")
        self.ended(done, 7)
        self.assertIn(b"the command ended with status 9", done.stderr)

    def test_command_that_dies_on_the_way_is_told(self):
        head = "while read line && [ ${#line} -gt 1 ]; do :; done"
        command = head + "; printf 'HTTP/1.1 200 Fine\\r\\nContent-Length: 10\\r\\n\\r\\nhalf'; kill -9 $$"
        done = self.fetch("--proxy-command", command, "http://127.0.0.1/")
        self.ended(done, 18)

    def test_connection_leads_elsewhere_and_names_stay(self):
        with LoopbackServer(self.root) as server:
            for rule in (
                f"localhost:8443:127.0.0.1:{server.port}",
                f"::127.0.0.1:{server.port}",
                f":8443:127.0.0.1:{server.port}",
                f"localhost::127.0.0.1:{server.port}",
            ):
                url = "https://localhost:8443/small"
                done = self.fetch("--cacert", server.ca_file, "-v", "--connect-to", rule, url)
                self.ended(done, 0)
                self.assertEqual(done.stdout, b"small")
                self.assertIn(b"\n> host: localhost:8443\n", done.stderr)
            wrong = ["--connect-to", f"other.test:443:localhost:{server.port}"]
            done = self.fetch("--cacert", server.ca_file, *wrong, "https://other.test/small")
            self.ended(done, 60)

    def test_elsewhere_that_is_malformed_is_refused(self):
        for rule in ("a", "a:1", "a:1:b", "a:x:b:1", "a:1:b:70000", "[::1:1:b:1", "a:1:b:1:c"):
            done = self.fetch("--connect-to", rule, "http://127.0.0.1/")
            self.ended(done, 2)
            self.assertIn(b"--connect-to", done.stderr)

    def test_ways_exclude_each_other(self):
        url = "http://127.0.0.1/"
        for options in (
            ["--unix-socket", "a", "--proxy-command", "b"],
            ["--unix-socket", "a", "-x", "http://127.0.0.1:1"],
            ["--proxy-command", "a", "-4"],
            ["--unix-socket", "a", "--resolve", "a:1:127.0.0.1"],
        ):
            done = self.fetch(*options, url)
            self.ended(done, 2)
            self.assertIn(b"exclude", done.stderr)


if __name__ == "__main__":
    tap.main()
