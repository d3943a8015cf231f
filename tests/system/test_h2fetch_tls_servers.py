#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) and its TLS options: what they make of a real server, and the exit
codes they bring."""
import os
import pathlib
import re
import stat

import test_h2fetch as common
from loopback_server import LoopbackServer
from openssl_server import OpensslServer
from papers import AUTHORITY, SERVER, Papers, day
from support import tap

HOST = "www.server.localhost"
NAMED = [*SERVER, f'dns_name = "{HOST}"']
CLIENT = ["signing_key", "tls_www_client"]
DEMANDS = ("-Verify", "1", "-verify_return_error", "-CAfile", "root.pem")
PASSWORD = "open: sesame"


@tap.needs("openssl")
@tap.needs("certtool")
class WithPapers(common.H2fetch):
    """`root` has certified a server, `good`, and a client, `we`; of `we` there are copies that
    need a password."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.papers = papers = Papers(cls.top.name)
        papers.certify("root", AUTHORITY)
        papers.certify("good", NAMED, "root")
        papers.certify("we", CLIENT, "root")
        papers.pkcs12("we", PASSWORD)
        papers.encrypt_key("we", "locked", PASSWORD)
        papers.bundle("both", "we")
        with open(papers.path("both.pem"), "a") as both:
            both.write(pathlib.Path(papers.path("we.key")).read_text())

    def file(self, name):
        return self.papers.path(name)

    def fetch(self, server, *arguments, ca=("--cacert", "root.pem"), **options):
        """In the folder of the papers."""
        url = f"https://{HOST}:{server.port}/"
        return common.fetch("-sS", *ca, *arguments, url, cwd=self.papers.folder, **options)

    def serve(self, leaf="good", **how):
        return self.enterContext(OpensslServer(self.papers, leaf, **how))

    def assert_taken(self, *arguments, words=rb"", leaf="good", ca=("--cacert", "root.pem"), **how):
        """The server's page tells of the connection."""
        done = self.fetch(self.serve(leaf, **how), *arguments, ca=ca)
        self.ended(done, 0)
        self.assertTrue(re.search(words, done.stdout), f"{words} is not on the page")

    def assert_refused(self, code, words, *arguments, leaf="good", ca=("--cacert", "root.pem"), **how):
        done = self.fetch(self.serve(leaf, **how), *arguments, ca=ca)
        self.failed(done, code, rf"\({code}\) https://{HOST}:\d+/ : .*{words}.*")


class Trust(WithPapers):
    def test_a_folder_of_authorities_is_trusted(self):
        folder = self.folder / "authorities"
        folder.mkdir()
        (folder / "one.pem").write_bytes(pathlib.Path(self.file("root.pem")).read_bytes())
        self.assert_taken(ca=("--capath", folder))

    def test_a_folder_that_is_not_there_is_77(self):
        self.assert_refused(77, "nowhere", ca=("--capath", "nowhere"))

    def test_a_file_of_no_authority_is_77(self):
        self.assert_refused(77, "we.key", ca=("--cacert", "we.key"))

    def test_a_stranger_is_60(self):
        self.assert_refused(60, "its issuer is unknown", ca=("--cacert", "we.pem"))

    def test_a_pinned_key_is_taken(self):
        pins = f"{self.papers.pin('root')};{self.papers.pin('good')}"
        self.assert_taken("--pinnedpubkey", pins)

    def test_another_key_is_90_even_unchecked(self):
        pin = self.papers.pin("root")
        self.assert_refused(90, "is not pinned", "--pinnedpubkey", pin)
        self.assert_refused(90, "is not pinned", "-k", "--pinnedpubkey", pin)

    def test_a_list_that_cannot_be_used_is_82(self):
        self.assert_refused(82, "none.pem", "--crlfile", "none.pem")

    def test_a_certificate_on_a_list_is_60(self):
        self.papers.certify("bad", NAMED, "root")
        self.papers.revoke("with_bad", "root", "bad")
        self.assert_refused(60, "was revoked", "--crlfile", "with_bad.pem", leaf="bad")

    def test_a_certificate_on_no_list_is_taken(self):
        self.papers.certify("listed", NAMED, "root")
        self.papers.revoke("without_good", "root", "listed")
        self.assert_taken("--crlfile", "without_good.pem")

    def test_a_staple_that_is_demanded_is_taken(self):
        self.papers.staple("says_good", "good", "root", revoked=False)
        self.assert_taken("--cert-status", staple="says_good")

    def test_a_staple_that_is_missing_is_91(self):
        self.assert_refused(91, "stapled no word about revocation", "--cert-status")


class OurCertificate(WithPapers):
    def serve(self, leaf="good", **_):
        return super().serve(leaf, options=DEMANDS)

    def assert_known(self, *arguments):
        self.assert_taken(*arguments, words=rb"Subject: CN ?= ?we\n")

    def test_a_file_with_its_key_is_shown(self):
        self.assert_known("-E", "both.pem")

    def test_a_file_with_its_key_beside_it_is_shown(self):
        self.assert_known("--cert", "we.pem", "--key", "we.key")

    def test_a_key_is_opened_by_the_password_of_either_option(self):
        self.assert_known("-E", f"we.pem:{PASSWORD}", "--key", "locked.key")
        self.assert_known("-E", "we.pem", "--key", "locked.key", "--pass", PASSWORD)

    def test_a_file_of_pkcs12_is_shown(self):
        self.assert_known("-E", f"we.p12:{PASSWORD}")
        self.assert_known("--cert-type", "P12", "--pass", PASSWORD, "-E", "we.p12")

    def test_none_where_one_is_demanded_is_58(self):
        self.assert_refused(58, "for want of a client certificate")

    def test_a_file_that_is_not_there_is_58(self):
        self.assert_refused(58, "none.pem", "-E", "none.pem")

    def test_a_wrong_password_is_58_and_not_told(self):
        done = self.fetch(self.serve(), "-E", "we.p12:swordfish")
        self.ended(done, 58)
        self.assertNotIn(b"swordfish", done.stderr)

    def test_a_key_alone_is_58(self):
        self.assert_refused(58, "a key without its client certificate", "--key", "we.key")


class Agreement(WithPapers):
    def test_versions_are_bounded_from_below_and_above(self):
        self.assert_taken("--tlsv1.3", words=rb"New, TLSv1\.3, ")
        self.assert_taken("--tls-max", "1.2", words=rb"New, TLSv1\.2, ")
        self.assert_taken("--tlsv1.2", words=rb"New, TLSv1\.2, ", options=["-tls1_2"])

    def test_no_version_in_common_is_35(self):
        self.assert_refused(35, "", "--tlsv1.3", options=["-tls1_2"])
        self.assert_refused(35, "", "--tls-max", "1.2", options=["-tls1_3"])

    def test_ciphers_are_chosen_by_words(self):
        words = "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305"
        self.assert_taken("--ciphers", words, words=rb"Cipher is TLS_CHACHA20_POLY1305_SHA256\n")

    def test_a_word_that_is_none_is_59(self):
        words = '"FROB" at place 8 is not one of GnuTLS.s words'
        self.assert_refused(59, words, "--ciphers", "NORMAL:FROB")


class Told(WithPapers):
    def test_verbose_names_the_server(self):
        told = self.fetch(self.serve(), "-v").stderr.decode()
        lines = [each for each in told.splitlines() if each.startswith("* tls:")]
        line = "* tls: conn 1 TLS1.3, AES-256-GCM, certificate CN=good by CN=root, expires "
        self.assertIn(lines, ([line + day(n)[:10]] for n in (29, 30)))  # midnight may come

    def test_verbose_names_the_server_of_a_connection_once(self):
        with LoopbackServer(self.served) as server:
            urls = [server.url("/one"), server.url("/empty"), server.url("/two.txt")]
            done = common.fetch("-v", "--cacert", server.ca_file, *urls)
        self.ended(done, 0)
        line = rb"\* tls: conn 1 TLS1\.3, [-\w]+, certificate CN=localhost by CN=throw-away authority, "
        self.assertEqual(len(re.findall(line, done.stderr)), 1)

    def test_verbose_names_no_server_without_tls(self):
        with common.PlainServer(self.served) as server:
            done = common.fetch("-v", "--http2-prior-knowledge", server.url("/one"))
        self.ended(done, 0)
        self.assertNotIn(b"* tls:", done.stderr)


class KeyLog(WithPapers):
    def fetch_logging(self, path):
        return self.fetch(self.serve(), env={**os.environ, "SSLKEYLOGFILE": str(path)})

    def test_the_environment_has_the_secrets_written(self):
        path = self.folder / "log"
        self.ended(self.fetch_logging(path), 0)
        self.assertRegex(path.read_text(), r"(?m)^CLIENT_TRAFFIC_SECRET_0 [0-9a-f]{64} [0-9a-f]+$")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_a_log_that_cannot_be_written_is_23(self):
        done = self.fetch_logging(self.folder / "none" / "log")
        self.failed(done, 23, r"\(23\) .*none/log.*")


if __name__ == "__main__":
    tap.main()
