#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two gibibytes up from a file and two down to one cost the program no more memory than one
byte does, but for 16 MiB."""
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

H2FETCH = os.environ["H2T_H2FETCH"]
SIZE = 2 << 30
MARK_EVERY = 64 << 20
MAX_GROWTH_KIB = 16 << 10
# The sanitizer keeps freed memory for a while: that is not the program's.
MEASURED_ENV = dict(
    os.environ,
    ASAN_OPTIONS="quarantine_size_mb=0:thread_local_quarantine_size_kb=0:detect_leaks=0",
)


@tap.needs("nghttpd")
class Huge(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-huge-")
        cls.root = pathlib.Path(cls.folder.name)
        (cls.root / "one").write_bytes(b"1")
        with open(cls.root / "huge", "wb") as file:
            file.truncate(SIZE)
            for offset in range(0, SIZE, MARK_EVERY):
                file.seek(offset)
                file.write(offset.to_bytes(8, "big"))
        cls.server = LoopbackServer(cls.root).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.cleanup()

    def fetch(self, *arguments):
        """What it printed, and the peak of its memory."""
        command = [H2FETCH, "-sS", "--cacert", self.server.ca_file, *arguments]
        process = subprocess.Popen(command, env=MEASURED_ENV, stdout=subprocess.PIPE, text=True)
        with process.stdout:
            told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0)
        return told, usage.ru_maxrss

    def assert_small(self, peak_kib):
        _, least_kib = self.fetch("-o", "/dev/null", self.server.url("/one"))
        print(f"# {peak_kib} KiB, and {least_kib} KiB for a byte")
        self.assertLessEqual(peak_kib - least_kib, MAX_GROWTH_KIB)

    def test_two_gibibytes_come_into_a_file(self):
        output = self.root / "output"
        told, peak_kib = self.fetch(
            "-w", "%{size_download}", "-o", str(output), self.server.url("/huge")
        )
        self.assertEqual(int(told), SIZE)
        same = subprocess.run(["cmp", output, self.root / "huge"], capture_output=True, text=True)
        self.assertEqual(same.stdout + same.stderr, "")
        output.unlink()
        self.assert_small(peak_kib)

    def test_two_gibibytes_go_from_a_file(self):
        told, peak_kib = self.fetch(
            *("-w", "%{http_code} %{size_upload}", "-o", "/dev/null"),
            *("-T", str(self.root / "huge"), self.server.url("/one")),
        )
        self.assertEqual(told, f"200 {SIZE}")
        self.assert_small(peak_kib)


if __name__ == "__main__":
    tap.main()
