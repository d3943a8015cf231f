#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A session (session_tool.c, H2T_SESSION_TOOL) against real servers over verified TLS, on
each kind of loop: a reader that is paused, beside others that run."""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from real_servers import H2o, Nghttpd  # noqa: E402

TOOL = os.environ["H2T_SESSION_TOOL"]
MIB = 1024 * 1024
N_OTHERS = 200
SMALL_BYTES = 8192
# What the large one's stream may send at first, and some room for heads and frames.
MAX_HELD = 64 * 1024 + 64 * 1024


class PausedReader(unittest.TestCase):
    """It holds its own stream back, and nobody else's."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-paused-")
        cls.root = pathlib.Path(cls.folder.name)
        cls.large = hashlib.shake_256(b"large").digest(24 * MIB)
        (cls.root / "large").write_bytes(cls.large)
        (cls.root / "small").write_bytes(b"s" * SMALL_BYTES)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def assert_others_go_on(self, server, loop):
        done = subprocess.run(
            [TOOL, loop, server.ca_file, server.url("/large"), str(N_OTHERS), server.url("/small")],
            capture_output=True,
            timeout=60,
            check=False,
        )
        told = re.fullmatch(
            r"(\d+) of \d+, (\d+) bytes .* paused, (\d+) received in all, (\d+) conn.*, (\d+) str.*\n",
            done.stderr.decode(),
        )
        self.assertTrue(told, done.stderr)
        n_good, n_while_paused, n_received, n_conns, n_streams = map(int, told.groups())
        self.assertEqual((n_good, n_while_paused), (N_OTHERS, 0))
        self.assertEqual((n_conns, n_streams), (1, N_OTHERS + 1))
        self.assertLess(n_received - N_OTHERS * SMALL_BYTES, MAX_HELD)
        self.assertEqual((done.returncode, done.stdout == self.large), (0, True))

    @tap.needs("nghttpd")
    def test_nghttpd(self):
        with Nghttpd(self.root) as server:
            self.assert_others_go_on(server, "default")

    @tap.needs("nghttpd")
    def test_nghttpd_on_a_loop_of_poll(self):
        with Nghttpd(self.root) as server:
            self.assert_others_go_on(server, "poll")

    @tap.needs("h2o")
    def test_h2o(self):
        with H2o(self.root) as server:
            self.assert_others_go_on(server, "default")

    @tap.needs("h2o")
    def test_h2o_on_a_loop_of_poll(self):
        with H2o(self.root) as server:
            self.assert_others_go_on(server, "poll")


if __name__ == "__main__":
    tap.main()
