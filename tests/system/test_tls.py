#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sessions of TLS (tls_tool.c, H2T_TLS_TOOL) as a real server sees them: resumed where one
session comes back, and nowhere else."""
import getpass
import os
import pathlib
import subprocess
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from real_servers import Restartable  # noqa: E402

TOOL = os.environ["H2T_TLS_TOOL"]
VERIFY_TOOL = os.environ["H2T_VERIFY_TOOL"]
SECOND_TOOL = os.environ.get("H2T_SECOND_TLS_TOOL")


class LoggingNginx(Restartable):
    """One request a connection; its log says "r" of a session that it knew, "." of others."""

    def __init__(self, protocols, with_h2):
        super().__init__()
        self.protocols = protocols
        self.with_h2 = with_h2

    def conf(self):
        folder = self.folder.name
        temporary = "".join(
            f"  {name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"daemon off;\nuser {getpass.getuser()};\nworker_processes 1;\npid {folder}/pid;\n"
            f"error_log {folder}/errors;\nevents {{}}\nhttp {{\n{temporary}"
            "  log_format sessions '$ssl_session_reused $ssl_protocol $server_protocol';\n"
            f"  access_log {folder}/access sessions;\n  keepalive_requests 1;\n  server {{\n"
            f"    listen 127.0.0.1:{self.port} ssl{' http2' if self.with_h2 else ''};\n"
            f"    ssl_certificate {folder}/server.pem;\n    ssl_certificate_key {folder}/server.key;\n"
            f"    ssl_protocols {self.protocols};\n    ssl_session_cache off;\n"
            "    location / { return 200 'here'; }\n  }\n}\n"
        )

    def command(self, conf):
        return ["nginx", "-e", f"{self.folder.name}/errors", "-p", self.folder.name, "-c", conf]

    def log(self):
        return pathlib.Path(self.folder.name, "access").read_text().splitlines()


@tap.needs("nginx")
class Resumption(unittest.TestCase):
    def assert_resumes(self, protocols, with_h2, words, third="r"):
        with LoggingNginx(protocols, with_h2) as server:
            done = subprocess.run(
                [TOOL, server.ca_file, server.url("/")], capture_output=True, timeout=60, text=True
            )
            self.assertEqual(done.stderr, "")
            self.assertEqual(done.stdout, "200 200 200\n200\n200\n200 200\n")
            known = [f"{mark} {words}" for mark in (".", "r", third, ".", ".", ".", ".")]
            self.assertEqual(server.log(), known)

    def test_one_session_resumes_with_tls_1_3_and_no_other_does(self):
        self.assert_resumes("TLSv1.3", True, "TLSv1.3 HTTP/2.0")

    def test_one_session_resumes_with_tls_1_2_and_no_other_does(self):
        # OpenSSL gives no new ticket to one who comes with an old one, which is used once.
        self.assert_resumes("TLSv1.2", True, "TLSv1.2 HTTP/2.0", third=".")

    def test_one_session_resumes_over_http_1_1(self):
        self.assert_resumes("TLSv1.3", False, "TLSv1.3 HTTP/1.1")


@tap.needs("nginx")
@unittest.skipUnless(SECOND_TOOL, "no OpenSSL to build the second factory with")
class SecondFactory(unittest.TestCase):
    """A session over a TLS factory that is not ours."""

    def run_tool(self, server, ca_file):
        command = [SECOND_TOOL, ca_file, server.url("/")]
        done = subprocess.run(command, capture_output=True, timeout=60, text=True)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_it_carries_http_2_and_resumes(self):
        with LoggingNginx("TLSv1.3", True) as server:
            self.assertEqual(self.run_tool(server, server.ca_file), "200 HTTP/2 TLS1.3\n" * 2)
            self.assertEqual(server.log(), [". TLSv1.3 HTTP/2.0", "r TLSv1.3 HTTP/2.0"])

    def test_it_refuses_a_server_of_another_authority(self):
        with LoggingNginx("TLSv1.3", True) as server, LoggingNginx("TLSv1.3", True) as other:
            self.assertEqual(self.run_tool(server, other.ca_file), "TLS_UNTRUSTED\n" * 2)
            self.assertEqual(server.log(), [])


@tap.needs("nginx")
class Verdicts(unittest.TestCase):
    """The application's own word on a server (verify_tool.c), and what it may do meanwhile."""

    @classmethod
    def setUpClass(cls):
        cls.server = LoggingNginx("TLSv1.3", True)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def assert_told(self, mode, told, ca_file=None):
        command = [VERIFY_TOOL, ca_file or self.server.ca_file, self.server.url("/"), mode]
        done = subprocess.run(command, capture_output=True, timeout=60, text=True)
        self.assertEqual((done.stderr, done.stdout), ("", told))

    def test_it_is_asked_and_accepts(self):
        self.assert_told("accept", "asked 1, found OK, ended OK\n")

    def test_it_refuses(self):
        self.assert_told("refuse", "asked 1, found OK, ended TLS_UNTRUSTED\n")

    def test_it_decides_alone_where_the_checks_are_off(self):
        with LoggingNginx("TLSv1.3", True) as other:
            told = "asked 1, found TLS_UNTRUSTED, ended OK\n"
            self.assert_told("off", told, ca_file=other.ca_file)

    def test_it_is_not_asked_about_what_the_checks_refuse(self):
        with LoggingNginx("TLSv1.3", True) as other:
            told = "asked 0, found OK, ended TLS_UNTRUSTED\n"
            self.assert_told("accept", told, ca_file=other.ca_file)

    def test_it_may_cancel_its_call(self):
        self.assert_told("cancel", "asked 1, found OK, ended CANCELLED\n")

    def test_it_may_destroy_its_call(self):
        self.assert_told("destroy", "asked 1, found OK, ended CANCELLED\n")

    def test_it_may_destroy_the_session(self):
        self.assert_told("close", "asked 1, found OK, ended SESSION_CLOSED\n")

    def test_it_may_start_another_call(self):
        self.assert_told("start", "asked 1, found OK, ended OK\nthe other: 200\n")

    def test_it_drives_nothing(self):
        self.assert_told("drive", "asked 1, found OK, ended OK\n")


if __name__ == "__main__":
    tap.main()
