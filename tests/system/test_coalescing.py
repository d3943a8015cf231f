#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Origins that share a connection (coalesce_tool.c, H2T_COALESCE_TOOL), as real servers see
them: nghttpd and h2o count connections, nginx resumes sessions, Apache says 421."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from papers import SERVER, Papers  # noqa: E402
from real_servers import Apache, H2o, Nghttpd, Nginx  # noqa: E402

TOOL = os.environ["H2T_COALESCE_TOOL"]
NAMES = ["dns_name = a.test", "dns_name = b.test", "dns_name = *.c.test", "ip_address = 127.0.0.1"]


class ManyNames:
    """Mixed into a server: its certificate holds for all of them."""

    def _spawn(self):
        if not pathlib.Path(self.folder.name, "named").exists():
            Papers(self.folder.name).certify("server", [*SERVER, *NAMES], "ca")
            pathlib.Path(self.folder.name, "named").touch()
        return super()._spawn()


class ManyNamesNghttpd(ManyNames, Nghttpd):
    pass


class ManyNamesH2o(ManyNames, H2o):
    pass


class LoggingNginx(ManyNames, Nginx):
    """Two requests a connection; its log says "r" of a session that it knew, "." of others."""

    def conf(self):
        served = f"proxy_pass http://127.0.0.1:{self.back_ends[0]};"
        log = f"access_log {self.folder.name}/told told;"
        told = f"log_format told '$ssl_session_reused $host';\n  {log}"
        return super().conf().replace(served, "return 200 'here';").replace("access_log off;", told)

    def log(self):
        return pathlib.Path(self.folder.name, "told").read_text().split("\n")[:-1]


STRICT_HOSTS = """\
<VirtualHost *:{port}>
ServerName a.test
</VirtualHost>
<VirtualHost *:{port}>
ServerName b.test
SSLCertificateFile {folder}/other.pem
SSLCertificateKeyFile {folder}/other.key
</VirtualHost>
"""


class StrictApache(ManyNames, Apache):
    """b.test has a certificate of its own: it is not served over a.test's connections."""

    def _spawn(self):
        Papers(self.folder.name).certify("other", [*SERVER, "dns_name = b.test"], "ca")
        pathlib.Path(self.folder.name, "index.html").write_text("here")
        os.chmod(self.folder.name, 0o755)  # Apache's workers are nobody
        return super()._spawn()

    def conf(self):
        head, _, _ = super().conf().partition("ProxyPass")
        hosts = STRICT_HOSTS.format(port=self.port, folder=self.folder.name)
        return f"{head}DocumentRoot {self.folder.name}\n{hosts}"


def get(server, *hosts, switch="on"):
    done = subprocess.run(
        [TOOL, switch, server.ca_file, str(server.port), *hosts],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout.splitlines()


class Sharing:
    """Mixed into a test case, which has the server."""

    def serve(self):
        root = tempfile.TemporaryDirectory()
        self.addCleanup(root.cleanup)
        pathlib.Path(root.name, "index.html").write_text("here")
        return self.kind(root.name)

    def test_names_of_one_certificate_share_a_connection(self):
        with self.serve() as server:
            lines = get(server, "a.test", "b.test", "x.c.test", "127.0.0.1", "a.test")
            self.assertEqual(lines, ["200 1 1"] * 5)
            self.assertEqual(server.n_connections(), 1)

    def test_names_share_none_unless_told_to(self):
        with self.serve() as server:
            lines = get(server, "a.test", "b.test", switch="off")
            self.assertEqual(lines, ["200 1 1", "200 2 1"])
            self.assertEqual(server.n_connections(), 2)

    def test_filter_that_refuses_the_new_name_is_heard(self):
        with self.serve() as server:
            lines = get(server, "a.test", "b.test", switch="filtered")
            self.assertEqual(lines, ["200 1 1", "CONNECT_FAILED"])

    def test_wildcard_does_not_hold_for_two_labels(self):
        with self.serve() as server:
            lines = get(server, "a.test", "y.x.c.test")
            self.assertEqual(lines, ["200 1 1", "TLS_WRONG_NAME"])
            self.assertEqual(server.n_connections(), 1)


@tap.needs("nghttpd")
class WithNghttpd(Sharing, unittest.TestCase):
    kind = ManyNamesNghttpd


@tap.needs("h2o")
class WithH2o(Sharing, unittest.TestCase):
    kind = ManyNamesH2o


@tap.needs("nginx")
class Resumed(unittest.TestCase):
    def test_resumed_session_serves_the_names_of_its_certificate(self):
        with LoggingNginx(0, with_h2=True, keepalive_requests=2) as server:
            lines = get(server, "a.test", "a.test", "a.test", "b.test")
            self.assertEqual(lines, ["200 1 1", "200 1 1", "200 2 1", "200 2 1"])
            self.assertEqual(server.log(), [". a.test", ". a.test", "r a.test", "r b.test"])


@tap.needs("apache2")
class Misdirected(unittest.TestCase):
    def test_421_sends_a_name_to_a_connection_of_its_own(self):
        with StrictApache(0) as server:
            lines = get(server, "a.test", "b.test", "b.test", "a.test")
            self.assertEqual(lines, ["200 1 1", "200 2 2", "200 2 1", "200 1 1"])


if __name__ == "__main__":
    tap.main()
