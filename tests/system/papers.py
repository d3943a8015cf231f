# SPDX-License-Identifier: MIT
"""Certificates and what goes with them, made by certtool and openssl in a folder."""
import datetime
import pathlib
import subprocess

from loopback_server import certtool

AUTHORITY = ["ca", "cert_signing_key", "crl_signing_key"]
SERVER = ["signing_key", "tls_www_server"]


def day(n_from_now):
    """As certtool reads it."""
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=n_from_now)
    return then.strftime("%Y-%m-%d %H:%M:%S UTC")


class Papers:
    """Everything is a file in the folder: NAME.pem, NAME.key, ..."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def path(self, name):
        return str(self.folder / name)

    def _template(self, name, lines, days):
        begin, end = days
        dates = [f'activation_date = "{day(begin)}"', f'expiration_date = "{day(end)}"']
        path = self.folder / f"{name}.template"
        path.write_text("\n".join([f'cn = "{name}"', *dates, *lines]) + "\n")
        return f"--template={path.name}"

    def certify(
        self, name, lines, issuer=None, days=(-30, 30), key=("--key-type=ecdsa",), hash_="SHA256"
    ):
        """issuer None: signs itself."""
        template = self._template(name, lines, days)
        certtool(self.folder, "--generate-privkey", *key, f"--outfile={name}.key")
        common = [f"--load-privkey={name}.key", template, f"--hash={hash_}", f"--outfile={name}.pem"]
        if issuer:
            signer = [f"--load-ca-certificate={issuer}.pem", f"--load-ca-privkey={issuer}.key"]
            certtool(self.folder, "--generate-certificate", *signer, *common)
        else:
            certtool(self.folder, "--generate-self-signed", *common)
        return name

    def bundle(self, name, *parts):
        """One file of several."""
        text = "".join((self.folder / f"{part}.pem").read_text() for part in parts)
        (self.folder / f"{name}.pem").write_text(text)

    def revoke(self, name, issuer, *revoked):
        """The issuer's list."""
        template = self.folder / f"{name}.template"
        template.write_text("crl_next_update = 9\ncrl_number = 1\n")
        signer = [f"--load-ca-certificate={issuer}.pem", f"--load-ca-privkey={issuer}.key"]
        lists = [f"--load-certificate={certificate}.pem" for certificate in revoked]
        certtool(
            self.folder, "--generate-crl", *signer, *lists, f"--template={template.name}",
            f"--outfile={name}.pem",
        )  # fmt: skip

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def staple(self, name, certificate, issuer, revoked):
        """The issuer's answer of today, in DER (RFC 6960)."""
        serial = self._openssl("x509", "-in", f"{certificate}.pem", "-noout", "-serial")
        serial = serial.strip().partition("=")[2]
        status = "R\t401231000000Z\t250101000000Z" if revoked else "V\t401231000000Z\t"
        index = self.folder / f"{name}.index"
        index.write_text(f"{status}\t{serial}\tunknown\t/CN={certificate}\n")
        self._openssl(
            "ocsp", "-index", index.name, "-CA", f"{issuer}.pem", "-rsigner", f"{issuer}.pem",
            "-rkey", f"{issuer}.key", "-issuer", f"{issuer}.pem", "-cert", f"{certificate}.pem",
            "-ndays", "3", "-respout", f"{name}.der",
        )  # fmt: skip

    def pin(self, certificate):
        """Of its public key: sha256//BASE64 (RFC 7469 2.4)."""
        key = self._openssl("x509", "-in", f"{certificate}.pem", "-pubkey", "-noout")
        made = "openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64"
        done = subprocess.run(made, shell=True, input=key.encode(), capture_output=True, check=True)
        return f"sha256//{done.stdout.decode().strip()}"

    def pkcs12(self, name, password):
        self._openssl(
            "pkcs12", "-export", "-in", f"{name}.pem", "-inkey", f"{name}.key", "-out", f"{name}.p12",
            "-passout", f"pass:{password}",
        )  # fmt: skip

    def encrypt_key(self, name, copy, password):
        """By PKCS#8 (RFC 5958)."""
        self._openssl(
            "pkcs8", "-topk8", "-in", f"{name}.key", "-out", f"{copy}.key",
            "-passout", f"pass:{password}",
        )  # fmt: skip
