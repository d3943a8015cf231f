#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A session of default options (load_tool.c, H2T_LOAD_TOOL) against real servers that are
restarted again and again: every GET is answered, and no POST arrives twice.

H2T_RESTART_CALLS is how many calls each test makes; 2,000 where it is not set."""
import collections
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from real_servers import Apache, BackEnd, H2oProxy, Haproxy, NghttpdTurns, Nginx  # noqa: E402

TOOL = os.environ["H2T_LOAD_TOOL"]
N_CALLS = int(os.environ.get("H2T_RESTART_CALLS", 2000))
CALLS_A_SECOND = 500
MAX_AT_ONCE = 50
POST_EVERY = 4
RESTART_EVERY_S = 0.4
END_LIMIT_S = 10
KILL_AFTER_S = 1
AWAY_S = 0.7


@contextlib.contextmanager
def load(server, max_at_once=MAX_AT_ONCE, post_every=POST_EVERY, max_retries=0, n_calls=N_CALLS):
    """The tool at work; ended whatever happens."""
    numbers = (n_calls, max_at_once, CALLS_A_SECOND, post_every, max_retries)
    process = subprocess.Popen(
        [TOOL, server.ca_file, server.url(""), *map(str, numbers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def figures(process, limit_s):
    """What it tells at its end, by name."""
    told, complaints = process.communicate(timeout=limit_s)
    return dict(word.split("=") for word in told.split()), complaints


class GracefulRestarts(unittest.TestCase):
    def assert_survives(self, server, *back_ends):
        n_restarts = 0
        with load(server) as process:
            while process.poll() is None:
                time.sleep(RESTART_EVERY_S)
                server.restart()
                n_restarts += 1
            told, complaints = figures(process, END_LIMIT_S)
        print(f"# {n_restarts} restarts: {told}")
        self.assertEqual(process.returncode, 0, f"{told}\n{complaints}")
        self.assert_no_post_arrived_twice(told, back_ends)

    def assert_no_post_arrived_twice(self, told, back_ends):
        seen = sum((back_end.seen for back_end in back_ends), collections.Counter())
        posts = {line: n for line, n in seen.items() if line.startswith("POST")}
        self.assertEqual({line: n for line, n in posts.items() if n > 1}, {})
        self.assertGreaterEqual(len(posts), N_CALLS // POST_EVERY - int(told["failed"]))

    @tap.needs("nginx")
    def test_nginx_over_http_1_1_with_three_requests_a_connection(self):
        with BackEnd() as back_end, Nginx(back_end.port, keepalive_requests=3) as server:
            self.assert_survives(server, back_end)

    @tap.needs("nginx")
    def test_nginx_over_http_2(self):
        with BackEnd() as back_end, Nginx(back_end.port, with_h2=True) as server:
            self.assert_survives(server, back_end)

    @tap.needs("apache2")
    def test_apache(self):
        with BackEnd() as back_end, Apache(back_end.port) as server:
            self.assert_survives(server, back_end)

    @tap.needs("h2o")
    def test_h2o(self):
        with BackEnd() as back_end, H2oProxy(back_end.port) as server:
            self.assert_survives(server, back_end)

    @tap.needs("haproxy")
    def test_haproxy_in_front_of_two(self):
        with BackEnd() as one, BackEnd() as two, Haproxy(one.port, two.port) as server:
            self.assert_survives(server, one, two)

    @tap.needs("nghttpd")
    @tap.needs("haproxy")
    def test_two_nghttpd_that_are_killed_in_turn(self):
        with tempfile.TemporaryDirectory(prefix="h2client-restarts-") as root:
            for name in ("get", "post"):
                pathlib.Path(root, name).mkdir()
                for i in range(N_CALLS):
                    pathlib.Path(root, name, str(i)).write_text("ok")
            with NghttpdTurns(root) as server:
                self.assert_survives(server, server)


class KilledServers(unittest.TestCase):
    """kill -9 amid a burst: what a policy lets wait is answered when the server is back."""

    def assert_returns(self, server):
        with load(server, max_at_once=16, post_every=0, max_retries=6) as process:
            time.sleep(KILL_AFTER_S)
            server.kill()
            time.sleep(AWAY_S)
            self.assertIsNone(process.poll(), "it was still at work")
            server.start_again()
            told, complaints = figures(process, END_LIMIT_S)
        print(f"# {told}")
        self.assertEqual((process.returncode, told["ok"]), (0, str(N_CALLS)), f"{told}\n{complaints}")
        self.assertGreater(int(told["attempts"]), N_CALLS)

    @tap.needs("nginx")
    def test_nginx_over_http_1_1(self):
        with BackEnd() as back_end, Nginx(back_end.port) as server:
            self.assert_returns(server)

    @tap.needs("h2o")
    def test_h2o_over_http_2(self):
        with BackEnd() as back_end, H2oProxy(back_end.port) as server:
            self.assert_returns(server)


if __name__ == "__main__":
    tap.main()
