#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) through proxies of Debian's packages: tinyproxy, squid and dante, and
haproxy or nghttpx in front of one for TLS and HTTP/2 to the proxy itself."""
import contextlib
import functools
import getpass
import hashlib
import http.server
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
from loopback_server import LoopbackServer, free_port, make_certificates  # noqa: E402
from real_servers import answers  # noqa: E402
from support import tap  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LIMIT_S = 60
START_LIMIT_S = 15
MIB = 1 << 20
N_AT_ONCE = 100
DIGEST_PROGRAM = "/usr/lib/squid/digest_file_auth"  # of Debian's squid


class Proxy:
    """A process that listens, with a folder of its own; ended by its pid."""

    def __init__(self):
        self.port = free_port()

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="h2client-proxy-")
        pathlib.Path(self.folder.name).chmod(0o755)
        path = pathlib.Path(self.folder.name, "conf")
        path.write_text(self.conf())
        with open(pathlib.Path(self.folder.name, "output"), "w") as log:
            self.process = subprocess.Popen(
                self.command(path), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if not answers(self.process, self.port, time.monotonic() + START_LIMIT_S):
            told = pathlib.Path(self.folder.name, "output").read_text()
            self.__exit__()
            raise RuntimeError(f"{type(self).__name__} does not start: {told}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Tinyproxy(Proxy):
    def __init__(self, login=None):
        super().__init__()
        self.login = login

    def conf(self):
        login = f"BasicAuth {self.login[0]} {self.login[1]}\n" if self.login else ""
        return (
            f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 200\n"
            f"Allow 127.0.0.1\nDisableViaHeader Yes\n{login}"
        )

    def command(self, conf):
        return ["tinyproxy", "-d", "-c", conf]


REALM, USER, PASSWORD = "proxies", "me", "secret"


class Squid(Proxy):
    def __init__(self, digest_program=None):
        super().__init__()
        self.digest_program = digest_program

    def auth(self):
        """By Digest, where its program for that is given."""
        if not self.digest_program:
            return "http_access allow all\n"
        users = pathlib.Path(self.folder.name, "users")
        known = hashlib.md5(f"{USER}:{REALM}:{PASSWORD}".encode()).hexdigest()
        users.write_text(f"{USER}:{REALM}:{known}\n")
        return (
            f"auth_param digest program {self.digest_program} -c {users}\n"
            f"auth_param digest realm {REALM}\nauth_param digest children 2\n"
            "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all\n"
        )

    def conf(self):
        folder = self.folder.name
        pathlib.Path(folder).chmod(0o777)
        user = "cache_effective_user proxy\n" if os.getuid() == 0 else ""  # root is refused
        return (
            f"http_port 127.0.0.1:{self.port}\n{self.auth()}cache deny all\n"
            f"{user}pid_filename {folder}/pid\n"
            f"cache_log {folder}/log\naccess_log none\ncoredump_dir {folder}\n"
            "shutdown_lifetime 0 seconds\npinger_enable off\n"
        )

    def command(self, conf):
        return ["squid", "-N", "-n", f"h2t{self.port}", "-f", conf]  # its name: for shared memory


class Dante(Proxy):
    def conf(self):
        return (
            f"logoutput: stderr\ninternal: 127.0.0.1 port = {self.port}\nexternal: lo\n"
            "socksmethod: none\nclientmethod: none\nuser.privileged: root\n"
            f"user.unprivileged: {getpass.getuser()}\n"
            "client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
            "socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }\n"
        )

    def command(self, conf):
        return ["danted", "-f", conf]


class Before(Proxy):
    """In front of another one, with a certificate of its own."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def trust(self, *others):
        """A file of its authority and those."""
        path = pathlib.Path(self.folder.name, "all-ca.pem")
        files = [pathlib.Path(self.folder.name, "ca.pem"), *map(pathlib.Path, others)]
        path.write_text("".join(each.read_text() for each in files))
        return path

    def url(self):
        return f"https://localhost:{self.port}"


class Nghttpx(Before):
    """HTTP/2; tells of each tunnel which connection it came by."""

    def conf(self):
        make_certificates(self.folder.name)
        return ""

    def command(self, conf):
        folder = self.folder.name
        ports = ["-f", f"127.0.0.1,{self.port}", "-b", f"127.0.0.1,{self.inner.port}"]
        log = [f"--accesslog-file={folder}/tunnels", "--accesslog-format=$remote_port $request"]
        keys = [f"{folder}/server.key", f"{folder}/server.pem"]
        return ["nghttpx", "--conf=/dev/null", "--http2-proxy", "-n", "1", *ports, *log, *keys]

    def tunnels(self):
        """Of what has been logged, [connection, "CONNECT host:port"]."""
        lines = pathlib.Path(self.folder.name, "tunnels").read_text().splitlines()
        return [line.rsplit(" ", 1)[0].split(" ", 1) for line in lines]


class Haproxy(Before):
    """TLS, or HTTP/2 as well."""

    def __init__(self, inner, alpn=None):
        super().__init__(inner)
        self.alpn = alpn

    def conf(self):
        make_certificates(self.folder.name)
        folder = pathlib.Path(self.folder.name)
        both = (folder / "server.pem").read_text() + (folder / "server.key").read_text()
        (folder / "both.pem").write_text(both)
        return (
            f"defaults\n  mode {'http' if self.alpn else 'tcp'}\n  timeout connect 5s\n  timeout client 60s\n"
            f"  timeout server 60s\nlisten l\n  bind 127.0.0.1:{self.port} ssl"
            f" crt {folder}/both.pem{' alpn ' + self.alpn if self.alpn else ''}\n  server s 127.0.0.1:{self.inner.port}\n"
        )

    def command(self, conf):
        return ["haproxy", "-f", conf]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def plain_server(folder):
    """HTTP/1 in this process; its URL."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Proxies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-proxies-")
        cls.root = pathlib.Path(cls.folder.name)
        cls.body = hashlib.shake_256(b"proxies").digest(10 * MIB)
        (cls.root / "large").write_bytes(cls.body)
        (cls.root / "small").write_bytes(b"small")
        cls.server = LoopbackServer(cls.root).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def fetch(self, *arguments, environment=None):
        command = [H2FETCH, "-sS", "--cacert", self.server.ca_file, *map(str, arguments)]
        bare = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return subprocess.run(
            command, capture_output=True, timeout=LIMIT_S, env={**bare, **(environment or {})}
        )

    def ended(self, done, code):
        self.assertEqual(done.returncode, code, done.stderr)

    def carries(self, *options):
        """GET, POST of 10 MiB, and a hundred at once."""
        url = self.server.url("/small")
        done = self.fetch(*options, url)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small")
        upload = ["-X", "POST", "-T", self.root / "large", "-w", " %{size_upload}"]
        done = self.fetch(*options, *upload, url)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small %d" % (10 * MIB))
        done = self.fetch(*options, *[url] * N_AT_ONCE)
        self.ended(done, 0)
        self.assertEqual(done.stdout, b"small" * N_AT_ONCE)

    @tap.needs("tinyproxy")
    def test_tinyproxy_carries_all(self):
        with Tinyproxy() as proxy:
            self.carries("-x", f"http://127.0.0.1:{proxy.port}")

    @tap.needs("tinyproxy")
    def test_a_wrong_login_is_refused_clearly(self):
        with Tinyproxy(("me", "secret")) as proxy:
            url = f"http://127.0.0.1:{proxy.port}"
            self.ended(self.fetch("-x", url, "-U", "me:secret", self.server.url("/small")), 0)
            for login in ([], ["-U", "me:wrong"]):
                done = self.fetch("-x", url, *login, self.server.url("/small"))
                self.ended(done, 97)
                self.assertIn(b"status 40", done.stderr)
                self.assertNotIn(b"wrong", done.stderr)

    @tap.needs("squid")
    def test_squid_carries_all(self):
        with Squid() as proxy:
            self.carries("-x", f"http://127.0.0.1:{proxy.port}")
            done = self.fetch("-x", f"127.0.0.1:{proxy.port}", "http://127.0.0.1:1/")
            self.ended(done, 0)
            self.assertIn(b"ERR_CONNECT_FAIL", done.stdout)

    @tap.needs("squid")
    def test_squid_is_answered_by_digest(self):
        with Squid(DIGEST_PROGRAM) as proxy:
            options = ["-x", f"http://127.0.0.1:{proxy.port}", "-U"]
            self.carries(*options, f"{USER}:{PASSWORD}")
            plain = f"http://127.0.0.1:{self.server.port}/"
            for url, code in ((self.server.url("/small"), 97), (plain, 0)):
                done = self.fetch(*options, f"{USER}:wrong", "-w", "%{http_code}", url)
                self.ended(done, code)
                self.assertIn(b"407", done.stderr + done.stdout)
            with plain_server(self.root) as url:
                done = self.fetch(*options, f"{USER}:{PASSWORD}", *[f"{url}/small"] * 5)
                self.ended(done, 0)
                self.assertEqual(done.stdout, b"small" * 5)

    @tap.needs("danted")
    def test_dante_carries_all_by_both_kinds_of_names(self):
        with Dante() as proxy:
            self.carries("-x", f"socks5h://127.0.0.1:{proxy.port}")
            self.carries("-x", f"socks5://127.0.0.1:{proxy.port}")
            done = self.fetch("-x", f"socks5h://127.0.0.1:{proxy.port}", "https://127.0.0.1:1/")
            self.ended(done, 97)
            self.assertIn(b"SOCKS5: ", done.stderr)

    @tap.needs("tinyproxy")
    @tap.needs("haproxy")
    def test_a_proxy_over_tls_carries_all(self):
        with Tinyproxy() as inner, Haproxy(inner) as proxy:
            self.carries("--cacert", proxy.trust(self.server.ca_file), "-x", proxy.url())
            done = self.fetch("-x", proxy.url(), self.server.url("/small"))
            self.ended(done, 60)
            self.assertIn(b"proxy localhost:", done.stderr)

    @tap.needs("squid")
    @tap.needs("nghttpx")
    def test_nghttpx_carries_all_over_http2(self):
        with Squid() as inner, Nghttpx(inner) as proxy:
            self.carries("--cacert", proxy.trust(self.server.ca_file), "-x", proxy.url())

    @tap.needs("squid")
    @tap.needs("haproxy")
    def test_haproxy_carries_all_over_http2(self):
        with Squid() as inner, Haproxy(inner, "h2") as proxy:
            self.carries("--cacert", proxy.trust(self.server.ca_file), "-x", proxy.url())

    @tap.needs("squid")
    @tap.needs("nghttpx")
    def test_tunnels_to_many_origins_share_one_connection(self):
        with contextlib.ExitStack() as stack:
            enter = stack.enter_context
            proxy = enter(Nghttpx(enter(Squid())))
            servers = [enter(LoopbackServer(self.root)) for _ in range(5)]
            options = ["--cacert", proxy.trust(*[each.ca_file for each in servers]), "-x", proxy.url()]
            urls = [each.url("/small") for each in servers]
            done = self.fetch(*options, *urls * 10)
            self.ended(done, 0)
            self.assertEqual(done.stdout, b"small" * 50)
            deadline = time.monotonic() + START_LIMIT_S  # it logs a tunnel once that is closed
            while len(proxy.tunnels()) < len(servers) and time.monotonic() < deadline:
                time.sleep(0.05)
            told = proxy.tunnels()
        self.assertEqual(len({connection for connection, _ in told}), 1, told)
        ports = sorted(url.split("/")[2] for url in urls)
        self.assertEqual(sorted(request.split()[1] for _, request in told), ports)

    @tap.needs("tinyproxy")
    @tap.needs("haproxy")
    def test_a_wrong_login_is_refused_clearly_over_http2(self):
        with Tinyproxy(("me", "secret")) as inner, Haproxy(inner, "h2") as proxy:
            options = ["--cacert", proxy.trust(self.server.ca_file), "-x", proxy.url()]
            done = self.fetch(*options, "-v", "-U", "me:secret", self.server.url("/small"))
            self.ended(done, 0)
            target = self.server.url("").split("/")[2].encode()
            self.assertIn(b"> CONNECT %s HTTP/2\n> host: %s\n" % (target, target), done.stderr)
            self.assertNotIn(b"Basic", done.stderr)
            for login in ([], ["-U", "me:wrong"]):
                done = self.fetch(*options, *login, self.server.url("/small"))
                self.ended(done, 97)
                self.assertIn(b"status 40", done.stderr)
                self.assertNotIn(b"wrong", done.stderr)

    def test_a_proxy_that_is_not_there_is_told(self):
        done = self.fetch("-x", "http://127.0.0.1:1", self.server.url("/small"))
        self.ended(done, 7)
        self.assertIn(b"proxy 127.0.0.1:1: ", done.stderr)
        done = self.fetch("-x", "http://no.such.host.invalid", self.server.url("/small"))
        self.ended(done, 5)

    @tap.needs("tinyproxy")
    def test_the_environment_says_which(self):
        with Tinyproxy() as proxy:
            environment = {"https_proxy": f"http://127.0.0.1:{proxy.port}"}
            self.ended(self.fetch(self.server.url("/small"), environment=environment), 0)
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy"):
            dead = {name: "http://127.0.0.1:1"}
            excepted = {**dead, "no_proxy": "example.org,localhost"}
            url = self.server.url("/small")
            self.ended(self.fetch(url, environment=dead), 7)
            self.ended(self.fetch(url, environment=excepted), 0)
            self.ended(self.fetch("--noproxy", "*", url, environment=dead), 0)
            self.ended(self.fetch("-x", "", url, environment=dead), 0)


if __name__ == "__main__":
    tap.main()
