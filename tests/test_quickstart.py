#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tools/quickstart shows, with the h2fetch of this build (H2T_H2FETCH), and that it
leaves nothing behind, however it ends."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from support import tap

DEMO = tap.ROOT / "tools/quickstart_demo.py"
SLEEPING_H2FETCH = "#!/bin/sh\ntouch \"$0.runs\"\nexec sleep 60\n"
START_LIMIT_S = 20


class Quickstart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.temporary = pathlib.Path(folder.name, "tmp")
        self.temporary.mkdir()
        self.h2fetch = pathlib.Path(folder.name, "h2fetch")

    def start(self, h2fetch):
        return subprocess.Popen(
            [sys.executable, "-B", DEMO, h2fetch],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )

    def left_nothing(self, output):
        port = int(re.search(r"https://localhost:(\d+)/", output)[1])
        with socket.socket() as probe:
            self.assertNotEqual(probe.connect_ex(("127.0.0.1", port)), 0, "the server runs")
        self.assertEqual(list(self.temporary.iterdir()), [])

    def test_200_files_come_over_one_connection_both_ways(self):
        process = self.start(os.environ["H2T_H2FETCH"])
        output, errors = process.communicate()
        self.assertEqual(process.returncode, 0, errors)
        self.assertIn("Every byte arrived", output)
        self.assertRegex(output, r"all at once +200 +1 +200 +6,949,696 +\d+\.\d+ s")
        self.assertRegex(output, r"one after another +200 +1 +200 +6,949,696 +\d+\.\d+ s")
        self.assertIn("all at once: 200 of 200", errors)
        self.left_nothing(output)

    def test_a_failure_of_h2fetch_is_told(self):
        process = self.start("/bin/false")
        output, errors = process.communicate()
        self.assertEqual(process.returncode, 1)
        self.assertIn("h2fetch ended with 1", errors)
        self.left_nothing(output)

    def test_a_kill_ends_the_server_too(self):
        self.h2fetch.write_text(SLEEPING_H2FETCH)
        self.h2fetch.chmod(0o755)
        process = self.start(self.h2fetch)
        deadline = time.monotonic() + START_LIMIT_S
        while not self.h2fetch.with_suffix(".runs").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate()
        self.assertEqual(process.returncode, 143)
        self.left_nothing(output)


if __name__ == "__main__":
    tap.main()
