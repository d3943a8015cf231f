# SPDX-License-Identifier: MIT
"""A real HTTP/2 server (nghttpd) on loopback, behind a certificate made for it.

    with LoopbackServer(folder_with_files) as server:
        h2fetch --cacert server.ca_file server.url("/name")

For the quickstart and for tests. The key pair lives as long as the server and is
trusted by nobody who is not told to.
"""
import os
import pathlib
import socket
import subprocess
import tempfile
import time

HOST = "localhost"
START_LIMIT_S = 10
CA_TEMPLATE = """cn = "throw-away authority"
ca
cert_signing_key
expiration_days = 2
"""
SERVER_TEMPLATE = f"""cn = "{HOST}"
dns_name = "{HOST}"
tls_www_server
signing_key
expiration_days = 2
"""


def certtool(folder, *arguments):
    command = ["certtool", "--no-text", *arguments]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {made.stderr.strip()}")


def make_certificates(folder):
    """Writes ca.pem, and server.pem with server.key, which it has signed."""
    for name, template in (("ca", CA_TEMPLATE), ("server", SERVER_TEMPLATE)):
        pathlib.Path(folder, f"{name}.template").write_text(template)
        certtool(folder, "--generate-privkey", "--key-type=ecdsa", f"--outfile={name}.key")
    ca = ("--load-privkey=ca.key", "--template=ca.template", "--outfile=ca.pem")
    certtool(folder, "--generate-self-signed", *ca)
    signer = ("--load-ca-certificate=ca.pem", "--load-ca-privkey=ca.key")
    server = ("--load-privkey=server.key", "--template=server.template", "--outfile=server.pem")
    certtool(folder, "--generate-certificate", *signer, *server)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LoopbackServer:
    def __init__(self, document_root):
        self.document_root = document_root
        self.port = None
        self.process = None
        self.folder = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="h2client-server-")
        try:
            make_certificates(self.folder.name)
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.folder.cleanup()

    @property
    def ca_file(self):
        return os.path.join(self.folder.name, "ca.pem")

    def url(self, path):
        return f"https://{HOST}:{self.port}{path}"

    def _start(self):
        """Another process may take the port before nghttpd does: then the next one."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            self.port = free_port()
            self.process = self._spawn()
            if self._answers(deadline):
                return
        raise RuntimeError("nghttpd does not start")

    def _spawn(self):
        options = ["--address=127.0.0.1", f"--htdocs={os.path.abspath(self.document_root)}"]
        files = [os.path.join(self.folder.name, name) for name in ("server.key", "server.pem")]
        return subprocess.Popen(
            ["nghttpd", *options, str(self.port), *files],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _answers(self, deadline):
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False
