#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) over HTTP/1.1, against a server of Python's own library that counts
its connections and does what its paths say."""
import contextlib
import hashlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
from support import tap  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LARGE = hashlib.shake_256(b"large").digest(3 * 1024 * 1024)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.n_open += 1
            self.server.n_opened += 1
            self.server.most_open = max(self.server.most_open, self.server.n_open)

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
        with self.server.lock:
            self.server.n_open -= 1

    def log_message(self, *_):
        pass

    def body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        whole = b""
        while True:
            size = int(self.rfile.readline(), 16)
            whole += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return whole

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        with self.server.lock:
            self.server.n_requests += 1
            n = self.server.n_requests
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"5;x=y\r\nhello\r\n00006\r\n world\r\n0\r\nafter: all\r\n\r\n")
        elif self.path == "/until-close":
            self.send_response_only(200)
            self.end_headers()
            self.wfile.write(LARGE)
            self.close_connection = True
        elif self.path == "/third-time":
            self.answer(b"well" if n >= 3 else b"busy", 200 if n >= 3 else 503)
        elif self.path == "/never":
            self.answer(b"busy", 503)
        elif self.path == "/slow":
            time.sleep(0.05)
            self.answer(b"slow")
        else:
            self.answer(LARGE if self.path == "/large" else self.path.encode())

    do_HEAD = do_GET

    def do_POST(self):
        if self.path == "/too-large":
            self.answer(b"no", 413, connection="close")
            self.close_connection = True
            return
        self.answer(hashlib.sha256(self.body()).hexdigest().encode())

    do_PUT = do_POST

    def handle_expect_100(self):
        if self.path == "/silent":
            return True
        if self.path == "/unexpected":
            self.answer(b"no", 417)
            return False
        return super().handle_expect_100()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.n_open = self.n_opened = self.most_open = self.n_requests = 0

    def handle_error(self, *_):
        pass  # a client that goes away


class OverHttp1(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        folder = tempfile.TemporaryDirectory(prefix="h2client-http1-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def url(self, path):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def fetch(self, *arguments, data=None):
        return subprocess.run(
            [H2FETCH, "-sS", *map(str, arguments)],
            capture_output=True,
            input=data,
            timeout=60,
            check=False,
        )

    def assert_fetched(self, body, *arguments, data=None):
        done = self.fetch(*arguments, data=data)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, body)

    def fetch_many(self, n, path, *options):
        arguments = []
        for i in range(n):
            arguments += ["-o", self.folder / str(i), self.url(path)]
        done = self.fetch(*options, *arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return [(self.folder / str(i)).read_bytes() for i in range(n)]

    def test_bodies_come_whole_over_kept_connections(self):
        bodies = self.fetch_many(100, "/large")
        self.assertTrue(all(body == LARGE for body in bodies))
        self.assertLessEqual(self.server.n_opened, 32)

    def test_connections_a_host_are_limited_by_the_option(self):
        self.assertEqual(self.fetch_many(30, "/slow", "--max-conns-per-host", 3), [b"slow"] * 30)
        self.assertLessEqual(self.server.most_open, 3)

    def test_one_after_the_other_needs_one_connection(self):
        self.fetch_many(20, "/x", "--parallel-max", 1)
        self.assertEqual(self.server.n_opened, 1)

    def test_a_chunked_body_is_decoded(self):
        self.assert_fetched(b"hello world", self.url("/chunked"))

    def test_a_body_may_end_with_its_connection(self):
        self.assert_fetched(LARGE, self.url("/until-close"))

    def test_head_has_no_body(self):
        done = self.fetch("-I", self.url("/large"))
        self.assertRegex(done.stdout, rb"^HTTP/1.1 200 \r\n(.+\r\n)*content-length: 3145728\r\n\r\n$")

    def test_a_post_goes_out_with_its_length(self):
        digest = hashlib.sha256(b"a=b").hexdigest().encode()
        self.assert_fetched(digest, "-d", "a=b", self.url("/"))

    def test_an_upload_from_stdin_goes_out_in_chunks(self):
        digest = hashlib.sha256(LARGE).hexdigest().encode()
        self.assert_fetched(digest, "-T", "-", self.url("/x"), data=LARGE)

    def test_an_answer_during_the_upload_is_the_answer(self):
        (self.folder / "large").write_bytes(LARGE * 4)
        upload = f"@{self.folder / 'large'}"
        done = self.fetch("-w", "%{http_code}", "--data-binary", upload, self.url("/too-large"))
        self.assertEqual((done.returncode, done.stdout), (0, b"no413"), done.stderr)

    def test_a_body_is_announced_and_sent_once_it_is_wanted(self):
        digest = hashlib.sha256(b"later").hexdigest().encode()
        begun = time.monotonic()
        self.assert_fetched(digest, "--expect100-timeout", 30, "-d", "later", self.url("/"))
        self.assertLess(time.monotonic() - begun, 10)

    def test_a_body_is_sent_when_the_time_for_the_servers_word_is_over(self):
        digest = hashlib.sha256(b"later").hexdigest().encode()
        begun = time.monotonic()
        self.assert_fetched(digest, "--expect100-timeout", 0.4, "-d", "later", self.url("/silent"))
        self.assertGreaterEqual(time.monotonic() - begun, 0.4)

    def test_a_body_that_is_not_wanted_is_not_sent(self):
        done = self.fetch(
            *["--expect100-timeout", 30, "-d", "x", "-w", " %{http_code} %{size_upload}"],
            self.url("/unexpected"),
        )
        self.assertEqual((done.returncode, done.stdout), (0, b"no 417 0"), done.stderr)

    def test_retry_asks_again_after_a_503(self):
        options = ["--retry", 5, "--retry-delay", 0.01, "-w", " %{num_retries}"]
        self.assert_fetched(b"well 2", *options, self.url("/third-time"))

    def test_without_retry_a_503_is_the_answer(self):
        self.assert_fetched(b"busy 0", "-w", " %{num_retries}", self.url("/third-time"))

    def test_retries_end(self):
        options = ["--retry", 1, "--retry-delay", 0.01, "-w", " %{http_code}"]
        self.assert_fetched(b"busy 503", *options, self.url("/third-time"))

    def test_no_retry_begins_after_its_time(self):
        options = ["--retry", 50, "--retry-delay", 0.1, "--retry-max-time", 0.5]
        done = self.fetch(*options, "-w", " %{num_retries}", self.url("/never"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(int(done.stdout.removeprefix(b"busy ")), range(1, 6))

    def test_a_retry_waits_as_long_as_was_said(self):
        options = ["--retry", 2, "--retry-delay", 0.3]
        begun = time.monotonic()
        self.assert_fetched(b"well", *options, self.url("/third-time"))
        self.assertGreaterEqual(time.monotonic() - begun, 0.6)
        self.assertLess(time.monotonic() - begun, 3)

    def test_a_body_comes_and_goes_at_the_rate(self):
        (self.folder / "large").write_bytes(LARGE)
        output = ["-w", "%{time_total}", "-o", self.folder / "output"]
        for arguments in ([self.url("/large")], ["-T", self.folder / "large", self.url("/x")]):
            done = self.fetch("--limit-rate", "3M", *output, *arguments)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreaterEqual(float(done.stdout), 0.99)
            self.assertLess(float(done.stdout), 2)
        digest = hashlib.sha256(LARGE).hexdigest().encode()
        self.assertEqual((self.folder / "output").read_bytes(), digest)

    def test_verbose_tells_heads_as_http_1_1(self):
        told = self.fetch("-v", "--http1.1", self.url("/x")).stderr.decode()
        self.assertRegex(told, r"\n> GET /x HTTP/1\.1\n")
        self.assertRegex(told, r"\n< HTTP/1\.1 200\n")
        self.assertFalse(re.search("HTTP/2", told), told)

    def test_the_version_is_told(self):
        self.assert_fetched(b"/x 1.1", "-w", " %{http_version}", self.url("/x"))


if __name__ == "__main__":
    tap.main()
