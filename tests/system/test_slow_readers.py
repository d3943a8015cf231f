#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many readers that grow slow beside others that do not, in one session (readers_tool.c,
H2T_READERS_TOOL): what it holds stays in its budget, and nobody waits for them.

How long the fast ones take is asked for where H2T_SANITIZE is none, the best of three."""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from real_servers import H2o, Nghttpd  # noqa: E402

TOOL = os.environ["H2T_READERS_TOOL"]
IS_FAST = os.environ.get("H2T_SANITIZE", "none") == "none"
N_TRIES = 3 if IS_FAST else 1
LIMIT_S = 30
KIB = 1024
MIB_IN_KIB = 1024
N_SLOW = 60 if IS_FAST else 16
N_FAST = 20
FAST_US = 1_000_000 if IS_FAST else LIMIT_S * 1_000_000
LARGE_KIB, SMALL_KIB = 64 * MIB_IN_KIB, 2 * MIB_IN_KIB
# What is held besides: calls, connections, the quarter that a block has to spare.
OVERHEAD_KIB = 2 * MIB_IN_KIB
H1_CONNECTION_KIB = 512


class SlowReaders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.root = stack.enter_context(tempfile.TemporaryDirectory(prefix="h2client-slow-"))
            for name, size_kib in (("large", LARGE_KIB), ("small", SMALL_KIB)):
                with open(pathlib.Path(cls.root, name), "wb") as file:
                    file.truncate(size_kib * KIB)
            cls.addClassCleanup(stack.pop_all().close)

    def run_tool(self, server, budget_kib, window_kib, n_slow, version="2"):
        numbers = (budget_kib, window_kib, n_slow, N_FAST)
        command = [TOOL, *map(str, numbers), version, server.ca_file, server.url("")]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=LIMIT_S, check=True)
        print(f"# {done.stdout.strip()}")
        return {name: int(n) for name, n in (word.split("=") for word in done.stdout.split())}

    def run_well(self, *arguments):
        """The first run in which the fast ones were fast, or the last."""
        for _ in range(N_TRIES):
            told = self.run_tool(*arguments)
            if told["us"] <= FAST_US:
                break
        return told

    def assert_nobody_waits(self, told, n_slow):
        self.assertEqual((told["good"], told["slow"]), (N_FAST, n_slow))
        self.assertLessEqual(told["us"], FAST_US)

    def assert_budget_holds(self, server_class, budget_kib, window_kib, n_slow):
        with server_class(self.root) as server:
            told = self.run_well(server, budget_kib, window_kib, n_slow)
        self.assert_nobody_waits(told, n_slow)
        self.assertEqual(told["connections"], 1, "they went side by side")
        self.assertLessEqual(told["held_kib"], budget_kib * 5 // 4 + OVERHEAD_KIB)

    @tap.needs("h2o")
    def test_h2o_and_windows_that_could_take_all_the_budget(self):
        self.assert_budget_holds(H2o, 8 * MIB_IN_KIB, 1 * MIB_IN_KIB, 8)

    @tap.needs("nghttpd")
    def test_nghttpd_and_windows_that_could_take_all_the_budget(self):
        self.assert_budget_holds(Nghttpd, 8 * MIB_IN_KIB, 1 * MIB_IN_KIB, 8)

    @tap.needs("h2o")
    def test_h2o_and_many(self):
        self.assert_budget_holds(H2o, 8 * MIB_IN_KIB, 4 * MIB_IN_KIB, N_SLOW)

    @tap.needs("nghttpd")
    def test_nghttpd_and_many(self):
        self.assert_budget_holds(Nghttpd, 8 * MIB_IN_KIB, 4 * MIB_IN_KIB, N_SLOW)

    @tap.needs("h2o")
    def test_h2o_and_the_default_budget(self):
        self.assert_budget_holds(H2o, 64 * MIB_IN_KIB, 4 * MIB_IN_KIB, N_SLOW)

    @tap.needs("h2o")
    def test_http_1_1_holds_little_for_each_connection(self):
        n_slow = 10  # each on a connection of its own, of 32 that a host may have
        with H2o(self.root) as server:
            told = self.run_well(server, 64 * MIB_IN_KIB, 4 * MIB_IN_KIB, n_slow, "1.1")
        self.assert_nobody_waits(told, n_slow)
        self.assertLessEqual(told["held_kib"], told["connections"] * H1_CONNECTION_KIB)


if __name__ == "__main__":
    tap.main()
