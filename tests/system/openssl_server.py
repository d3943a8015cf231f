# SPDX-License-Identifier: MIT
"""OpenSSL's server on loopback, with papers (papers.py) of the test's choice."""
import contextlib
import socket
import subprocess
import time

from loopback_server import free_port

START_LIMIT_S = 10


class OpensslServer:
    """s_server with this leaf; what it says to a good client is a page."""

    def __init__(self, papers, leaf, key=None, chain=None, staple=None, options=()):
        self.port = free_port()
        files = ["-cert", f"{leaf}.pem", "-key", f"{key or leaf}.key"]
        files += ["-cert_chain", f"{chain}.pem"] if chain else []
        files += ["-status_file", f"{staple}.der"] if staple else []
        self.command = [
            "openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-www", "-quiet",
            "-cipher", "DEFAULT:@SECLEVEL=0", *files, *options,
        ]  # fmt: skip
        self.folder = papers.folder

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + START_LIMIT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            time.sleep(0.02)
        self.__exit__()
        raise RuntimeError(f"{' '.join(self.command)}: {self.process.stderr.read()}")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
