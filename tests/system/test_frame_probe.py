#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/frame_probe (H2T_FRAME_PROBE) at nghttpd: frames, legal and not, and the answers."""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools")]
from loopback_server import LoopbackServer  # noqa: E402
from support import tap  # noqa: E402

PROBE = os.environ["H2T_FRAME_PROBE"]
GET = "HEADERS 1 end :method=GET :scheme=https :path=/small :authority=localhost"
LIMIT_S = 60


class FrameProbe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-probe-")
        pathlib.Path(cls.folder.name, "small").write_bytes(b"small")
        cls.server = LoopbackServer(cls.folder.name).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def probe(self, *commands, code=0, stdin=""):
        """The lines that came."""
        done = subprocess.run(
            [PROBE, "--cacert", self.server.ca_file, self.server.url(""), *commands],
            capture_output=True,
            text=True,
            input=stdin,
            timeout=LIMIT_S,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return [line[2:] for line in done.stdout.splitlines() if line[0] in "<*"]

    def assert_one(self, lines, pattern):
        self.assertEqual(len([line for line in lines if pattern in line]), 1, lines)

    def test_a_legal_request_shows_head_and_body(self):
        lines = self.probe(GET)
        self.assert_one(lines, "SETTINGS stream 0 len 0 ACK")
        self.assert_one(lines, "HEADERS stream 1 len ")
        self.assert_one(lines, " END_HEADERS :status=200 ")
        self.assert_one(lines, 'DATA stream 1 len 5 END_STREAM "small"')

    def test_commands_may_come_by_a_script(self):
        lines = self.probe(stdin=f"# a comment\n\n{GET}\nWAIT 100\nPING 0000000000000001\n")
        self.assert_one(lines, "DATA stream 1")
        self.assert_one(lines, r'PING stream 0 len 8 ACK "\x00\x00\x00\x00\x00\x00\x00\x01"')

    def test_a_ping_comes_back_with_its_bytes(self):
        lines = self.probe("PING 6162636465666768")
        self.assert_one(lines, 'PING stream 0 len 8 ACK "abcdefgh"')

    def test_what_is_illegal_draws_the_right_goaway(self):
        for commands, name in (
            (["CLAIM 20000 0 0 1"], "FRAME_SIZE_ERROR"),
            (["DATA 0 hi"], "PROTOCOL_ERROR"),
            (["FRAME 6 0 0 0102"], "FRAME_SIZE_ERROR"),
            (["WINDOW_UPDATE 0 0x7fffffff"], "FLOW_CONTROL_ERROR"),
            (["SETTINGS 4=0x80000000"], "FLOW_CONTROL_ERROR"),
            (["HEADERS 2 end :method=GET"], "PROTOCOL_ERROR"),
        ):
            lines = self.probe(*commands, code=1)
            self.assert_one(lines, "GOAWAY ")
            self.assert_one(lines, name)
            self.assertEqual(lines[-1], "the server closed the connection")

    def test_raw_bytes_go_as_they_are(self):
        lines = self.probe("RAW 0000080600000000006162636465", "RAW 666768")
        self.assert_one(lines, 'PING stream 0 len 8 ACK "abcdefgh"')

    def test_bad_usage_is_told(self):
        for command in ("DANCE 1", "PING", "DATA one", "RAW 0", "HEADERS 1 name"):
            self.probe(command, code=2)


if __name__ == "__main__":
    tap.main()
