# SPDX-License-Identifier: MIT
"""Servers of Debian's packages over TLS, each with a log that tells its connections."""
import getpass
import os
import pathlib
import re
import subprocess

from loopback_server import LoopbackServer


class Nghttpd(LoopbackServer):
    """Over TLS, telling a file of what it sees."""

    def __init__(self, document_root, *options):
        super().__init__(document_root)
        self.options = options

    def _spawn(self):
        files = [os.path.join(self.folder.name, name) for name in ("server.key", "server.pem")]
        options = ["-v", "--address=127.0.0.1", *self.options]
        self.log_path = pathlib.Path(self.folder.name, "log")
        with open(self.log_path, "w") as log:
            return subprocess.Popen(
                ["nghttpd", *options, f"--htdocs={self.document_root}", str(self.port), *files],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.DEVNULL,
            )

    def n_connections(self):
        """Those that sent SETTINGS: the look whether it listens is one that did not."""
        return len(set(re.findall(r"\[id=(\d+)\] \[[^]]*\] recv SETTINGS", self.log_path.read_text())))


H2O_CONF = """\
user: {user}
num-threads: 1
access-log:
  path: {folder}/access
  format: "%{{connection-id}}x %s %r"
listen:
  host: 127.0.0.1
  port: {port}
  ssl:
    certificate-file: {folder}/server.pem
    key-file: {folder}/server.key
hosts:
  default:
    paths:
      /:
        file.dir: {root}
"""


class H2o(LoopbackServer):
    def _spawn(self):
        conf = pathlib.Path(self.folder.name, "conf")
        conf.write_text(
            H2O_CONF.format(
                user=getpass.getuser(),
                folder=self.folder.name,
                port=self.port,
                root=os.path.abspath(self.document_root),
            )
        )
        return subprocess.Popen(
            ["h2o", "-c", conf],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def n_connections(self):
        lines = pathlib.Path(self.folder.name, "access").read_text().splitlines()
        return len({line.split()[0] for line in lines})
