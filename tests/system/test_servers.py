#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) against real servers over verified TLS: bursts on one connection,
large bodies in little memory, and every way in which a server can fail."""
import contextlib
import hashlib
import os
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
import loopback_server  # noqa: E402
from loopback_server import LoopbackServer, certtool, free_port  # noqa: E402
from real_servers import H2o, Nghttpd  # noqa: E402
from raw_server import END, SETTINGS, RawServer, data, frame, head, reset  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
N_URLS = 1000
LIMIT_S = 60
MIB = 1024 * 1024
MAX_GROWTH_KIB = 8 * 1024
# The sanitizer keeps freed memory for a while: that is not the program's.
MEASURED_ENV = dict(
    os.environ,
    ASAN_OPTIONS="quarantine_size_mb=0:thread_local_quarantine_size_kb=0:detect_leaks=0",
)


def fetch(*arguments, timeout_s=LIMIT_S):
    return subprocess.run(
        [H2FETCH, *map(str, arguments)], capture_output=True, timeout=timeout_s, check=False
    )


class Burst(unittest.TestCase):
    """1,000 URLs at once: every body as it is, one connection in the server's own log."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-burst-")
        cls.root = pathlib.Path(cls.folder.name, "root")
        cls.root.mkdir()
        cls.bodies = [hashlib.sha256(b"%d" % i).digest() * (i % 97) for i in range(N_URLS)]
        for i, body in enumerate(cls.bodies):
            (cls.root / f"{i}").write_bytes(body)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def burst(self, server, *options):
        into = pathlib.Path(tempfile.mkdtemp(dir=self.folder.name))
        listed = into / "urls"
        listed.write_text(
            "".join(f"{server.url(f'/{i}')}\t{into / str(i)}\n" for i in range(N_URLS))
        )
        done = fetch(
            *["-sS", "--cacert", server.ca_file, "--parallel-max", N_URLS],
            *["--max-conns-per-host", 1, "--input-file", listed, *options],
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        for i, body in enumerate(self.bodies):
            self.assertEqual((into / f"{i}").read_bytes(), body, f"body {i}")
        self.assertEqual(server.n_connections(), 1)

    @tap.needs("nghttpd")
    def test_nghttpd_serves_a_thousand_on_one_connection(self):
        with Nghttpd(self.root) as server:
            self.burst(server)

    @tap.needs("nghttpd")
    def test_nghttpd_with_a_stream_limit_of_1_serves_them_on_one_connection(self):
        with Nghttpd(self.root, "-m", "1") as server:
            self.burst(server)

    @tap.needs("nghttpd")
    def test_nghttpd_with_a_stream_limit_of_10_serves_them_on_one_connection(self):
        with Nghttpd(self.root, "-m", "10") as server:
            self.burst(server)

    @tap.needs("h2o")
    def test_h2o_serves_a_thousand_on_one_connection(self):
        with H2o(self.root) as server:
            self.burst(server)


class Large(unittest.TestCase):
    """100 MiB over a stream, and five at once: byte-exact, and memory stays flat."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-large-")
        cls.root = pathlib.Path(cls.folder.name)
        block = hashlib.shake_256(b"large").digest(MIB)
        with open(cls.root / "large", "wb") as file:
            for i in range(100):
                file.write(i.to_bytes(4, "big") + block[4:])
        (cls.root / "one").write_bytes(b"1")
        cls.digest = cls.digest_of(cls.root / "large")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @staticmethod
    def digest_of(path):
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def peak_kib(self, server, path, n):
        """Fetches a URL n times at once to files; checks them; the peak of its memory."""
        outputs = [self.root / f"out{i}" for i in range(n)]
        arguments = [H2FETCH, "-sS", "--cacert", server.ca_file]
        for output in outputs:
            arguments += ["-o", str(output), server.url(path)]
        process = subprocess.Popen(arguments, env=MEASURED_ENV)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        for output in outputs:
            self.assertEqual(self.digest_of(output), self.digest_of(self.root / path[1:]))
            output.unlink()
        return usage.ru_maxrss

    def assert_flat(self, server, n):
        small = self.peak_kib(server, "/one", 1)
        self.assertLessEqual(self.peak_kib(server, "/large", n) - small, MAX_GROWTH_KIB)

    @tap.needs("nghttpd")
    def test_nghttpd_one_stream(self):
        with Nghttpd(self.root) as server:
            self.assert_flat(server, 1)

    @tap.needs("nghttpd")
    def test_nghttpd_five_streams(self):
        with Nghttpd(self.root) as server:
            self.assert_flat(server, 5)

    @tap.needs("h2o")
    def test_h2o_one_stream(self):
        with H2o(self.root) as server:
            self.assert_flat(server, 1)

    @tap.needs("h2o")
    def test_h2o_five_streams(self):
        with H2o(self.root) as server:
            self.assert_flat(server, 5)


def server_template(name="localhost", dates="expiration_days = 2"):
    return f'cn = "{name}"\ndns_name = "{name}"\ntls_www_server\nsigning_key\n{dates}\n'


class Certificates(unittest.TestCase):
    """A server that is not who it should be: exit 60, and the reason."""

    @contextlib.contextmanager
    def server(self, template, self_signed=False):
        """nghttpd with a leaf of that template; yields it and the CA to be trusted."""
        with tempfile.TemporaryDirectory() as root:
            server = LoopbackServer(root)
            server.folder = tempfile.TemporaryDirectory(prefix="h2client-server-")
            folder = server.folder.name
            loopback_server.make_certificates(folder)
            pathlib.Path(folder, "server.template").write_text(template)
            signer = ["--load-ca-certificate=ca.pem", "--load-ca-privkey=ca.key"]
            certtool(
                folder,
                "--generate-self-signed" if self_signed else "--generate-certificate",
                *([] if self_signed else signer),
                "--load-privkey=server.key",
                "--template=server.template",
                "--outfile=server.pem",
            )
            try:
                server._start()
                yield server
            finally:
                server.__exit__()

    def assert_refused(self, server, reason, *trust):
        done = fetch("-sS", *(trust or ("--cacert", server.ca_file)), server.url("/"))
        line = done.stderr.decode()
        self.assertEqual(done.returncode, 60, line)
        self.assertRegex(line, rf"^h2fetch: \(60\) {re.escape(server.url('/'))} ?: .*{reason}")
        self.assertEqual(done.stdout, b"")

    @tap.needs("nghttpd")
    def test_another_name_is_refused(self):
        with self.server(server_template("other.test")) as server:
            self.assert_refused(server, "other.test")

    @tap.needs("nghttpd")
    def test_an_expired_certificate_is_refused(self):
        dates = 'activation_date = "2020-01-01 00:00:00"\nexpiration_date = "2020-02-01 00:00:00"'
        with self.server(server_template(dates=dates)) as server:
            self.assert_refused(server, "expired on 2020-02-01")

    @tap.needs("nghttpd")
    def test_a_self_signed_certificate_is_refused(self):
        with self.server(server_template(), self_signed=True) as server:
            self.assert_refused(server, "self-signed")

    @tap.needs("nghttpd")
    def test_an_unknown_authority_is_refused(self):
        with self.server(server_template()) as server, self.server(server_template()) as other:
            self.assert_refused(server, "not trusted", "--cacert", other.ca_file)


class TlsListener:
    """A TLS server that chooses what it is told by ALPN, and then reads and is silent."""

    def __init__(self, alpn):
        self.folder = tempfile.TemporaryDirectory(prefix="h2client-tls-")
        loopback_server.make_certificates(self.folder.name)
        self.ca_file = os.path.join(self.folder.name, "ca.pem")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(
            os.path.join(self.folder.name, "server.pem"), os.path.join(self.folder.name, "server.key")
        )
        if alpn:
            self.context.set_alpn_protocols(alpn)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.folder.cleanup()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                conn, _ = self.listener.accept()
                with contextlib.suppress(OSError):
                    conn.settimeout(LIMIT_S)
                    with self.context.wrap_socket(conn, server_side=True) as secured:
                        while secured.recv(4096):
                            pass

    @property
    def url(self):
        return f"https://localhost:{self.port}/"


class Failures(unittest.TestCase):
    """The exit code and the line of the contract; never success for half a body."""

    def assert_fails(self, code, words, *arguments):
        done = fetch("-sS", *arguments)
        line = done.stderr.decode()
        self.assertEqual(done.returncode, code, line)
        self.assertRegex(line, rf"^h2fetch: \({code}\) .*{words}")

    def assert_no_h2(self, server, chosen):
        words = f"only h2 was offered, the server chose {chosen}"
        options = ["--http2-prior-knowledge", "--cacert", server.ca_file]
        self.assert_fails(35, words, *options, server.url)

    def test_without_an_answer_to_alpn_forced_http_2_is_35(self):
        with TlsListener([]) as server:
            self.assert_no_h2(server, "nothing")

    def test_with_another_answer_to_alpn_forced_http_2_is_35(self):
        with TlsListener(["http/1.1"]) as server:
            options = ["--http2-prior-knowledge", "--cacert", server.ca_file]
            self.assert_fails(35, "TLS|ALPN", *options, server.url)

    def test_an_answer_that_is_no_http_1_1_is_8(self):
        with RawServer([b"SSH-2.0-OpenSSH_9.2\r\n"], awaits_preface=False) as server:
            self.assert_fails(8, "not with a version of HTTP/1", server.url())

    def test_an_unknown_host_is_6(self):
        servers = f"127.0.0.1:{free_port()}"
        self.assert_fails(6, "nosuch.test", "--dns-servers", servers, "https://nosuch.test/")

    def test_a_refused_port_is_7(self):
        self.assert_fails(7, "refused", f"https://127.0.0.1:{free_port()}/")

    def test_a_server_silent_before_tls_is_28(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
            self.assert_fails(28, "connect timeout after 300 ms", "--connect-timeout", "0.3", url)

    def test_a_server_silent_after_tls_is_28_by_the_total_limit(self):
        with TlsListener(["h2"]) as server:
            arguments = ("--cacert", server.ca_file, "-m", "0.4", server.url)
            self.assert_fails(28, "total timeout after 400 ms", *arguments)

    def assert_raw_fails(self, code, words, *frames):
        with RawServer([SETTINGS, *frames]) as server:
            self.assert_fails(code, words, "--http2-prior-knowledge", "-o", "/dev/null", server.url())

    def test_a_body_cut_by_an_end_of_stream_is_18(self):
        self.assert_raw_fails(18, "5 of 10 bytes", head(1, 10), data(1, b"12345"), END)

    def test_a_body_shorter_than_its_length_is_18(self):
        self.assert_raw_fails(18, "5 of 10 bytes", head(1, 10), data(1, b"12345", 1))

    def test_a_stream_reset_with_any_code_is_92(self):
        for code in range(14):
            with self.subTest(code=code):
                self.assert_raw_fails(92, "", head(1, 10), data(1, b"12345"), reset(1, code))

    def test_goaway_with_an_error_is_16_and_quotes_the_server(self):
        goaway = frame(7, 0, 0, (1).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"bye now")
        self.assert_raw_fails(16, "INTERNAL_ERROR.*bye now", head(1, 10), data(1, b"12345"), goaway, END)


if __name__ == "__main__":
    tap.main()
