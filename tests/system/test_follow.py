#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) where servers send it on, set cookies and compress."""
import gzip
import hashlib
import http.server
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
import real_servers  # noqa: E402
from support import tap  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LIMIT_S = 30
FEATURES = subprocess.run([H2FETCH, "-V"], capture_output=True, text=True).stdout
HAS_DIGEST = "digest" in FEATURES
TEXT = b"The quick brown fox. " * 1000


class Handler(http.server.BaseHTTPRequestHandler):
    """/to/URL leads there, /set sets cookies, /gzip is coded, others tell what they were sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        if self.path.startswith("/to/"):
            self.answer(302, [("location", self.path[4:])], b"elsewhere")
        elif self.path.startswith("/keep/"):
            self.answer(307, [("location", self.path[6:])], b"")
        elif self.path == "/set":
            cookies = ["plain=1; Path=/", "http=2; Path=/; HttpOnly", "later=3; Path=/; Max-Age=9999"]
            self.answer(200, [("set-cookie", cookie) for cookie in cookies], b"set")
        elif self.path == "/gzip":
            self.answer(200, [("content-encoding", "gzip")], gzip.compress(TEXT))
        elif self.path.startswith("/digest/"):
            self.guard(self.path.removeprefix("/digest/"))
        elif self.path == "/broken":
            self.answer(200, [("content-encoding", "gzip")], gzip.compress(TEXT)[:-9])
        else:
            self.answer(200, [], b"here")

    do_POST = do_GET

    def guard(self, algorithm):
        """RFC 7616, for the user me."""
        named = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm]

        def digest(*parts):
            return hashlib.new(named, ":".join(parts).encode()).hexdigest()

        given = dict(re.findall(r'(\w+)="?([^",]*)"?', self.headers.get("authorization", "")))
        if given:
            who, what = digest("me", "here", "se cret"), digest(self.command, given["uri"])
            wanted = digest(who, "once", given["nc"], given["cnonce"], given["qop"], what)
            if given["uri"] == self.path and given["response"] == wanted:
                self.answer(200, [], b"welcome")
                return
        ask = f'Basic realm="x", Digest realm="here", nonce="once", qop="auth", algorithm={algorithm}'
        self.answer(401, [("www-authenticate", ask)], b"who are you?")

    def answer(self, status, fields, body):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}{path}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


APACHE_CONF = """\
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/pid
ErrorLog {folder}/errors
User nobody
Group nogroup
ServerName localhost
Listen 127.0.0.1:{port}
Protocols h2 http/1.1
SSLEngine on
SSLCertificateFile {folder}/server.pem
SSLCertificateKeyFile {folder}/server.key
DocumentRoot {root}
<Location />
  AuthType Digest
  AuthName "here"
  AuthUserFile {folder}/users
  Require valid-user
</Location>
"""


class Apache(real_servers.Apache):
    """Files behind Digest, for me:secret."""

    modules = ("mpm_event", "authz_core", "authn_core", "authn_file", "authz_user", "auth_digest")
    modules += ("ssl", "http2")

    def __init__(self, root):
        super().__init__()
        self.root = root / "pages"
        self.root.mkdir()
        (self.root / "page").write_text("in")
        root.chmod(0o755)

    def conf(self):
        proof = hashlib.md5(b"me:here:secret").hexdigest()
        pathlib.Path(self.folder.name).chmod(0o755)
        pathlib.Path(self.folder.name, "users").write_text(f"me:here:{proof}\n")
        loads = "".join(
            f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
            for name in self.modules
        )
        return loads + APACHE_CONF.format(folder=self.folder.name, port=self.port, root=self.root)


class Follow(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())
        self.other = self.enterContext(Server())
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def fetch(self, *arguments):
        command = [H2FETCH, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, cwd=self.folder, timeout=LIMIT_S)

    def fetched(self, expected, *arguments):
        done = self.fetch(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout, expected)

    def fields_of(self, server, path):
        return next(fields for _, seen, fields, _ in server.seen if seen == path)


class Heads(Follow):
    def test_heads_on_the_way_are_shown_as_well(self):
        done = self.fetch("-i", "-L", "-D", "heads", self.server.url("/to//x"))
        heads = (self.folder / "heads").read_bytes().decode()
        self.assertEqual(done.stdout.decode(), heads + "here")
        lines = [line[:12] for line in heads.split("\r\n") if line.startswith("HTTP/")]
        self.assertEqual(lines, ["HTTP/1.1 302", "HTTP/1.1 200"])
        self.assertIn("location: /x\r\n", heads.lower())

    def test_their_size_is_that_of_all_of_them(self):
        done = self.fetch("-L", "-D", "heads", "-w", "%{size_header}", "-o", "x", self.server.url("/to//x"))
        self.assertEqual(int(done.stdout), len((self.folder / "heads").read_bytes()))


class Ranges(Follow):
    def test_a_number_alone_is_where_the_range_begins(self):
        self.fetched(b"here", "-r", "5", self.server.url("/x"))
        self.assertEqual(self.fields_of(self.server, "/x")["range"], "bytes=5-")

    def test_a_range_is_asked_for(self):
        self.fetched(b"here", "-r", "0-3,-2", self.server.url("/x"))
        self.assertEqual(self.fields_of(self.server, "/x")["range"], "bytes=0-3,-2")

    def test_what_is_no_range_is_a_usage_error(self):
        done = self.fetch("-r", "five", self.server.url("/x"))
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"--range: ", done.stderr)


class Redirects(Follow):
    def test_credentials_stay_with_their_origin(self):
        secrets = ["-H", "Authorization: secret", "-b", "secret=1", "-H", "X-Kept: yes"]
        self.fetched(b"here", "-L", *secrets, self.server.url("/to/" + self.other.url("/x")))
        first = self.fields_of(self.server, "/to/" + self.other.url("/x"))
        second = self.fields_of(self.other, "/x")
        self.assertEqual((first["authorization"], first["cookie"]), ("secret", "secret=1"))
        self.assertNotIn("authorization", second)
        self.assertNotIn("cookie", second)
        self.assertEqual(second["x-kept"], "yes")

    def test_trusted_hosts_get_credentials(self):
        url = self.server.url("/to/" + self.other.url("/x"))
        self.fetched(b"here", "--location-trusted", "-H", "Authorization: secret", url)
        self.assertEqual(self.fields_of(self.other, "/x")["authorization"], "secret")

    def test_a_post_becomes_a_get_and_stays_one_by_307(self):
        self.fetched(b"here", "-L", "-d", "a=1", self.server.url("/to/" + self.server.url("/x")))
        self.fetched(b"here", "-L", "-d", "a=1", self.server.url("/keep/" + self.server.url("/y")))
        self.fetched(b"here", "-L", "-d", "a=1", "--post302", self.server.url("/to//z"))
        seen = {path: (method, body) for method, path, _, body in self.server.seen}
        self.assertEqual(seen["/x"], ("GET", ""))
        self.assertEqual(seen["/y"], ("POST", "a=1"))
        self.assertEqual(seen["/z"], ("POST", "a=1"))

    def test_another_scheme_is_refused(self):
        done = self.fetch("-L", self.server.url("/to/ftp://127.0.0.1/x"))
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'a redirect to "ftp://127.0.0.1/x"', done.stderr)

    def test_a_redirect_keeps_its_connection(self):
        done = self.fetch("-L", "-w", " %{num_connects}", self.server.url("/to/" + "/x"))
        self.assertEqual(done.stdout, b"here 1")


class Logins(Follow):
    def sent(self, *arguments):
        self.fetched(b"here", *arguments)
        return self.server.seen[-1][2].get("authorization")

    def test_a_login_is_sent_as_basic(self):
        url = self.server.url("/x")
        self.assertEqual(self.sent("-u", "a:b:c", url), "Basic YTpiOmM=")
        self.assertEqual(self.sent("--basic", "--user", "a:", url), "Basic YTo=")
        self.assertEqual(self.sent(url.replace("//", "//a:b@")), "Basic YTpi")
        self.assertEqual(self.sent("--oauth2-bearer", "token", url), "Bearer token")
        self.assertIsNone(self.sent(url))

    def test_netrc_is_asked_for_the_host(self):
        (self.folder / "logins").write_text("machine 127.0.0.1 login a password b\n")
        url = self.server.url("/x")
        self.assertEqual(self.sent("--netrc-file", "logins", url), "Basic YTpi")
        self.assertEqual(self.sent("--netrc-file", "logins", "-u", "c:d", url), "Basic Yzpk")

    def test_netrc_at_home_is_found_and_may_be_missing(self):
        (self.folder / ".netrc").write_text("default login a password b\n")
        url = self.server.url("/x")
        for home, expected in ((self.folder, "Basic YTpi"), (self.folder / "nowhere", None)):
            self.server.seen.clear()
            command = [H2FETCH, "-sSn", url]
            done = subprocess.run(command, capture_output=True, env={**os.environ, "HOME": str(home)})
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertEqual(self.fields_of(self.server, "/x").get("authorization"), expected)

    def test_a_broken_netrc_is_told_with_its_line(self):
        (self.folder / "logins").write_text("machine a\nnonsense\n")
        for name, expected in (("logins", b"netrc, line 2"), ("missing", b"missing")):
            done = self.fetch("-sS", "--netrc-file", name, self.server.url("/x"))
            self.assertEqual(done.returncode, 26)
            self.assertIn(expected, done.stderr)

    @unittest.skipUnless(HAS_DIGEST, "built without hashes")
    def test_digest_is_answered(self):
        for algorithm in ("MD5", "SHA-256", "SHA-512-256"):
            url = self.server.url(f"/digest/{algorithm}")
            self.fetched(b"welcome", "--digest", "-u", "me:se cret", "-d", "body", url)
            self.fetched(b"welcome", "--digest", url.replace("//", "//me:se%20cret@"))
            done = self.fetch("-sSf", "--digest", "-u", "me:wrong", url)
            self.assertEqual(done.returncode, 22)

    @tap.needs("apache2")
    @unittest.skipUnless(HAS_DIGEST, "built without hashes")
    def test_apache_takes_our_proof(self):
        with Apache(self.folder) as apache:
            login = ["--digest", "-u", "me:secret", "--cacert", apache.ca_file]
            urls = [apache.url(f"/page?{number}") for number in range(5)]
            self.fetched(b"in" * 5, "-sS", *login, *urls)
            done = self.fetch("-sSf", *login[:2], "me:wrong", *login[3:], urls[0])
            self.assertEqual(done.returncode, 22)

    @unittest.skipUnless(HAS_DIGEST, "built without hashes")
    def test_neither_redirects_nor_logins_are_retries(self):
        url = self.server.url("/to/" + self.server.url("/digest/MD5"))
        count = ["-w", " %{num_redirects} %{num_retries}"]
        self.fetched(b"welcome 1 0", "-L", "--digest", "-u", "me:se cret", *count, url)

    def test_a_login_stays_with_its_origin_and_out_of_messages(self):
        self.fetched(b"here", "-L", "-u", "a:b", self.server.url("/to/" + self.other.url("/x")))
        self.assertNotIn("authorization", self.fields_of(self.other, "/x"))
        done = self.fetch("http://user:hidden@127.0.0.1:1/")
        self.assertEqual(done.returncode, 7)
        self.assertNotIn(b"hidden", done.stderr)

    def test_a_login_without_a_password_is_a_usage_error(self):
        done = self.fetch("-u", "me", self.server.url("/x"))
        self.assertEqual((done.returncode, self.server.seen), (2, []))
        self.assertIn(b"--user: ", done.stderr)


class Cookies(Follow):
    def test_a_jar_is_written_and_read_again(self):
        self.fetched(b"set", "-c", "jar", self.server.url("/set"))
        lines = (self.folder / "jar").read_text().splitlines()
        self.assertEqual(sum("\t" in line for line in lines), 3)
        self.assertEqual((self.folder / "jar").stat().st_mode & 0o077 & ~0o044, 0)
        self.fetched(b"here", "-b", "jar", self.server.url("/x"))
        sent = sorted(self.fields_of(self.server, "/x")["cookie"].split("; "))
        self.assertEqual(sent, ["http=2", "later=3", "plain=1"])

    def test_without_a_jar_nothing_is_kept(self):
        self.fetched(b"sethere", "--parallel-max", "1", self.server.url("/set"), self.server.url("/x"))
        self.assertNotIn("cookie", self.fields_of(self.server, "/x"))

    def test_with_an_empty_file_cookies_live_as_long_as_the_run(self):
        urls = (self.server.url("/set"), self.server.url("/x"))
        self.fetched(b"sethere", "-b", "", "--parallel-max", "1", *urls)
        self.assertIn("plain=1", self.fields_of(self.server, "/x")["cookie"])

    def test_files_that_make_no_sense_are_named(self):
        (self.folder / "bad").write_text("# fine\nno cookie at all\n")
        for path, line in (("none", b'--cookie: cannot read "none": No such file'), ("bad", b"bad:2: ")):
            done = self.fetch("-b", path, self.server.url("/x"))
            self.assertEqual(done.returncode, 26)
            self.assertIn(line, done.stderr)
        self.assertEqual(self.server.seen, [])

    def test_a_jar_that_cannot_be_written_is_told(self):
        done = self.fetch("-c", "no/jar", self.server.url("/set"))
        self.assertEqual((done.returncode, done.stdout), (23, b"set"))
        self.assertIn(b"--cookie-jar: could not write no/jar: No such file", done.stderr)


class Codings(Follow):
    def test_compressed_bodies_are_written_as_they_were(self):
        self.fetched(TEXT, "--compressed", self.server.url("/gzip"))
        self.assertIn("gzip", self.fields_of(self.server, "/gzip")["accept-encoding"])

    def test_unasked_codings_are_left_as_they_are(self):
        self.fetched(gzip.compress(TEXT), self.server.url("/gzip"))
        self.assertNotIn("accept-encoding", self.fields_of(self.server, "/gzip"))

    def test_a_broken_coding_is_61(self):
        done = self.fetch("--compressed", "-o", "file", self.server.url("/broken"))
        self.assertEqual(done.returncode, 61)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    tap.main()
