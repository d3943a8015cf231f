#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Certificates of all kinds, shown by OpenSSL's server on loopback (judge_tool.c,
H2T_JUDGE_TOOL): each is taken, or refused for its own reason."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from openssl_server import OpensslServer  # noqa: E402
from papers import AUTHORITY, SERVER, Papers, day  # noqa: E402

TOOL = os.environ["H2T_JUDGE_TOOL"]
HOST = "www.server.localhost"
NAMED = [*SERVER, f'dns_name = "{HOST}"']
RSA_1024 = ("--key-type=rsa", "--bits=1024")
RSA_2048 = ("--key-type=rsa", "--bits=2048")


def names(*values):
    return [*SERVER, *(f'dns_name = "{value}"' for value in values)]


@tap.needs("openssl")
@tap.needs("certtool")
class Certificates(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="h2client-papers-")
        cls.addClassCleanup(folder.cleanup)
        cls.papers = Papers(folder.name)
        cls.papers.certify("root", AUTHORITY)
        cls.papers.certify("good", NAMED, "root")

    def judge(self, leaf, host=HOST, ca_file="root", options=(), server_options=(), **server):
        with OpensslServer(self.papers, leaf, options=server_options, **server) as shown:
            arguments = [f"https://{host}:{shown.port}/", *options]
            arguments += [f"ca_file={self.papers.path(ca_file)}.pem"] if ca_file else []
            done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=30)
        self.assertEqual(done.stderr, "")
        return done.stdout.strip()

    def assert_taken(self, leaf, **how):
        self.assertEqual(self.judge(leaf, **how), "200")

    def assert_refused(self, code, words, leaf, **how):
        told = self.judge(leaf, **how)
        self.assertTrue(told.startswith(f"{code} "), told)
        self.assertIn(words, told)

    def file(self, name):
        return self.papers.path(name)


class Times(Certificates):
    def test_good(self):
        self.assert_taken("good")

    def test_expired(self):
        self.papers.certify("expired", NAMED, "root", days=(-30, -3))
        words = f"{HOST} expired on {day(-3)[:10]}"
        self.assert_refused("TLS_EXPIRED", words, "expired")

    def test_not_yet_valid(self):
        self.papers.certify("early", NAMED, "root", days=(3, 30))
        self.assert_refused("TLS_EXPIRED", f"is not valid before {day(3)[:10]}", "early")

    def test_expired_intermediate(self):
        self.papers.certify("old", AUTHORITY, "root", days=(-30, -3))
        self.papers.certify("of_old", NAMED, "old")
        self.assert_refused("TLS_EXPIRED", "'s issuer expired on", "of_old", chain="old")

    def test_expired_root(self):
        self.papers.certify("old_root", AUTHORITY, days=(-30, -3))
        self.papers.certify("of_old_root", NAMED, "old_root")
        words = "'s authority expired"
        self.assert_refused("TLS_EXPIRED", words, "of_old_root", ca_file="old_root")

    def test_root_of_the_future(self):
        self.papers.certify("new_root", AUTHORITY, days=(3, 30))
        self.papers.certify("of_new_root", NAMED, "new_root")
        words = "'s authority is not valid before"
        self.assert_refused("TLS_EXPIRED", words, "of_new_root", ca_file="new_root")


class Names(Certificates):
    def assert_wrong(self, leaf, lines, host=HOST, words="certificate is for: "):
        self.papers.certify(leaf, lines, "root")
        self.assert_refused("TLS_WRONG_NAME", words, leaf, host=host)

    def test_of_another_host(self):
        lines = names("other.localhost", "third.localhost")
        self.assert_wrong("other", lines, words="is for: other.localhost, third.localhost")

    def test_wildcard(self):
        self.papers.certify("star", names("*.server.localhost"), "root")
        self.assert_taken("star")

    def test_wildcard_below(self):
        self.assert_wrong("below", names("*.server.localhost"), host=f"a.{HOST}")

    def test_wildcard_above(self):
        self.assert_wrong("above", names("*.server.localhost"), host="server.localhost")

    def test_wildcard_of_a_top_level(self):
        self.assert_wrong("top", names("*.localhost"), host="server.localhost")

    def test_partial_wildcard(self):
        self.assert_wrong("partial", names("w*.server.localhost"))

    def test_wildcard_inside(self):
        self.assert_wrong("inside", names("www.*.localhost"))

    def test_trailing_dot(self):
        self.assert_taken("good", host=f"{HOST}.")

    def test_upper_case(self):
        self.papers.certify("upper", names(HOST.upper()), "root")
        self.assert_taken("upper")

    def test_a_label(self):
        host = "xn--bcher-kva.localhost"
        self.papers.certify("a_label", names(host), "root")
        self.assert_taken("a_label", host=host)

    def test_common_name_only(self):
        self.assert_wrong(HOST, SERVER, words="it has no subjectAltName")

    def test_address(self):
        self.papers.certify("address", [*SERVER, 'ip_address = "127.0.0.1"'], "root")
        self.assert_taken("address", host="127.0.0.1")

    def test_another_address(self):
        lines = [*SERVER, 'ip_address = "127.0.0.2"']
        self.assert_wrong("another", lines, host="127.0.0.1", words="is for: 127.0.0.2")

    def test_address_as_a_name(self):
        self.assert_wrong("as_name", names("127.0.0.1"), host="127.0.0.1")


class Chains(Certificates):
    def assert_untrusted(self, words, leaf, **how):
        self.assert_refused("TLS_UNTRUSTED", words, leaf, **how)

    def below(self, name, lines, **how):
        """A leaf of an intermediate made so; the chain to be shown."""
        self.papers.certify(name, lines, "root", **how)
        self.papers.certify(f"of_{name}", NAMED, name)
        return {"leaf": f"of_{name}", "chain": name}

    def test_unknown_authority(self):
        self.papers.certify("stranger", AUTHORITY)
        self.papers.certify("of_stranger", NAMED, "stranger")
        self.assert_untrusted("its issuer is unknown", "of_stranger")

    def test_self_signed(self):
        self.papers.certify("alone", NAMED)
        self.assert_untrusted("it is self-signed", "alone")

    def test_self_signed_and_trusted(self):
        self.papers.certify("known", NAMED)
        self.assert_taken("known", ca_file="known")

    def test_with_intermediate(self):
        self.assert_taken(**self.below("between", AUTHORITY))

    def test_without_its_intermediate(self):
        self.assert_untrusted("its issuer is unknown", self.below("missing", AUTHORITY)["leaf"])

    def test_issuer_is_no_authority(self):
        self.assert_untrusted("not trusted: ", **self.below("no_authority", NAMED))

    def test_above_path_length(self):
        self.papers.certify("short", [*AUTHORITY, "path_len = 0"], "root")
        self.papers.certify("too_far", AUTHORITY, "short")
        self.papers.certify("of_too_far", NAMED, "too_far")
        self.papers.bundle("far_chain", "too_far", "short")
        self.assert_untrusted("not trusted: ", "of_too_far", chain="far_chain")

    def test_outside_permitted_names(self):
        lines = [*AUTHORITY, 'nc_permit_dns = "example"']
        self.assert_untrusted("not trusted: ", **self.below("elsewhere", lines))

    def test_inside_excluded_names(self):
        lines = [*AUTHORITY, 'nc_exclude_dns = "server.localhost"']
        self.assert_untrusted("not trusted: ", **self.below("excluding", lines))

    def test_inside_permitted_names(self):
        self.assert_taken(**self.below("here", [*AUTHORITY, 'nc_permit_dns = "localhost"']))

    def test_unknown_critical_extension(self):
        lines = [*NAMED, 'add_critical_extension = "1.2.3.4.5 0x0500"']
        self.papers.certify("critical", lines, "root")
        self.assert_untrusted("not trusted: ", "critical")


class Keys(Certificates):
    def test_of_rsa_1024(self):
        self.papers.certify("weak", NAMED, "root", key=RSA_1024)
        self.assert_refused("TLS_UNTRUSTED", "its key or its signature is too weak", "weak")

    def test_of_rsa_2048(self):
        self.papers.certify("rsa", NAMED, "root", key=RSA_2048)
        self.assert_taken("rsa")

    def test_of_ed25519(self):
        self.papers.certify("ed25519", NAMED, "root", key=("--key-type=ed25519",))
        self.assert_taken("ed25519")

    def test_signed_by_sha_1(self):
        self.papers.certify("sha1", NAMED, "root", hash_="SHA1")
        self.assert_refused("TLS_UNTRUSTED", "its key or its signature is too weak", "sha1")

    def test_for_clients(self):
        lines = ["signing_key", "tls_www_client", f'dns_name = "{HOST}"']
        self.papers.certify("for_clients", lines, "root")
        self.assert_refused("TLS_PURPOSE", "not for a TLS server", "for_clients")

    def test_for_programs(self):
        lines = ["signing_key", "code_signing_key", f'dns_name = "{HOST}"']
        self.papers.certify("for_programs", lines, "root")
        self.assert_refused("TLS_PURPOSE", "not for a TLS server", "for_programs")

    def test_pinned(self):
        self.assert_taken("good", options=[f"pins={self.papers.pin('good')}"])

    def test_not_pinned(self):
        pins = f"pins={self.papers.pin('root')}"
        words = f"is not pinned: {self.papers.pin('good')}"
        self.assert_refused("TLS_PINNED", words, "good", options=[pins])

    def test_not_pinned_and_not_verified(self):
        options = [f"pins={self.papers.pin('root')}", "verify=off"]
        self.assert_refused("TLS_PINNED", "is not pinned", "good", options=options)


class Revocation(Certificates):
    def test_on_the_list(self):
        self.papers.certify("bad", NAMED, "root")
        self.papers.revoke("with_bad", "root", "bad")
        options = [f"crl_file={self.file('with_bad.pem')}"]
        self.assert_refused("TLS_REVOKED", "was revoked", "bad", options=options)

    def test_not_on_the_list(self):
        self.papers.certify("listed", NAMED, "root")
        self.papers.revoke("without_good", "root", "listed")
        self.assert_taken("good", options=[f"crl_file={self.file('without_good.pem')}"])

    def test_stapled_good(self):
        self.papers.staple("says_good", "good", "root", revoked=False)
        self.assert_taken("good", staple="says_good", options=["staple=on"])

    def test_stapled_revoked(self):
        self.papers.staple("says_revoked", "good", "root", revoked=True)
        self.assert_refused("TLS_REVOKED", "was revoked", "good", staple="says_revoked")

    def test_staple_required(self):
        words = "the server stapled no word about revocation"
        self.assert_refused("TLS_STAPLE", words, "good", options=["staple=on"])

    def test_staple_demanded_by_the_certificate(self):
        self.papers.certify("must", [*NAMED, "tls_feature = 5"], "root")
        self.assert_refused("TLS_STAPLE", "the certificate demands a stapled word", "must")


class Clients(Certificates):
    """A server that wants to know who we are."""

    demands = ("-Verify", "1", "-verify_return_error", "-CAfile", "root.pem")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.papers.certify("we", ["signing_key", "tls_www_client"], "root")
        cls.papers.certify("they", ["signing_key", "tls_www_client"])
        cls.papers.pkcs12("we", "open sesame")

    def ours(self, name):
        return [f"cert_file={self.file(name)}.pem", f"key_file={self.file(name)}.key"]

    def test_given(self):
        self.assert_taken("good", server_options=self.demands, options=self.ours("we"))

    def test_given_as_pkcs12(self):
        options = [f"pkcs12_file={self.file('we.p12')}", "key_password=open sesame"]
        self.assert_taken("good", server_options=self.demands, options=options)

    def test_not_given(self):
        words = "for want of a client certificate"
        self.assert_refused("TLS_CLIENT_CERT", words, "good", server_options=self.demands)

    def test_not_given_where_it_is_only_asked_for(self):
        self.assert_taken("good", server_options=["-verify", "1", "-CAfile", "root.pem"])

    def test_of_another_authority(self):
        words = "for want of a client certificate"  # ours is not what it asks for
        how = {"server_options": self.demands, "options": self.ours("they")}
        self.assert_refused("TLS_CLIENT_CERT", words, "good", **how)

    def test_key_of_another_certificate(self):
        options = [f"cert_file={self.file('we.pem')}", f"key_file={self.file('they.key')}"]
        self.assert_refused("TLS_CLIENT_CERT", "do not match", "good", options=options)


if __name__ == "__main__":
    tap.main()
