#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A session of default options (load_tool.c, H2T_LOAD_TOOL) against real servers that are
restarted again and again: every GET is answered, no POST arrives twice, and one that failed
did arrive only where it says that it may have.

H2T_RESTART_CALLS is how many calls each of these tests makes; 1,000 where it is not set."""
import collections
import contextlib
import dataclasses
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
from real_servers import Apache, BackEnd, H2oProxy, Haproxy, NghttpdAlone, NghttpdTurns, Nginx  # noqa: E402

TOOL = os.environ["H2T_LOAD_TOOL"]
N_CALLS = int(os.environ.get("H2T_RESTART_CALLS", 1000))
RESTART_EVERY_S = 0.2
END_LIMIT_S = 30
N_KILLED_CALLS = 500
KILL_AFTER_S = 0.4
AWAY_S = 0.6
MIB = 1 << 20


@dataclasses.dataclass
class Plan:
    """As on the command line of the tool."""

    n_calls: int = N_CALLS
    max_at_once: int = 50
    calls_a_second: int = 500
    post_every: int = 4
    max_retries: int = 0
    body_bytes: int = 2


Failure = collections.namedtuple("Failure", "method i code replay_class history message")


class Load:
    """The tool at work; ended whatever happens."""

    def __init__(self, server, plan):
        self.server = server
        self.plan = plan

    def __enter__(self):
        self.told, self.complaints = (tempfile.TemporaryFile("w+") for _ in range(2))
        numbers = map(str, dataclasses.astuple(self.plan))
        self.process = subprocess.Popen(
            [TOOL, self.server.ca_file, self.server.url(""), *numbers],
            stdout=self.told,
            stderr=self.complaints,
        )
        return self

    def is_at_work(self):
        return self.process.poll() is None

    def end(self):
        self.process.wait(END_LIMIT_S)
        for file in (self.told, self.complaints):
            file.seek(0)
        self.complaint = self.complaints.read()
        *lines, self.sum = self.told.read().splitlines() or [""]
        if not self.sum:
            raise RuntimeError(self.complaint)
        self.figures = {key: int(n) for key, n in (word.split("=") for word in self.sum.split())}
        self.failures = [Failure(*line.split(maxsplit=5)) for line in lines]
        self.posts = {str(i) for i in range(0, self.plan.n_calls, self.plan.post_every)}

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.told.close()
        self.complaints.close()


@contextlib.contextmanager
def document_root(n_calls):
    """What nghttpd answers from."""
    with tempfile.TemporaryDirectory(prefix="h2client-restarts-") as root:
        for name in ("get", "post"):
            pathlib.Path(root, name).mkdir()
            for i in range(n_calls):
                pathlib.Path(root, name, str(i)).write_text("ok")
        yield root


class LoadTest(unittest.TestCase):
    def assert_posts_arrived_as_told(self, load, back_ends):
        """At most once; when they were answered; not when they say that they did not."""
        lines = sum((back_end.seen for back_end in back_ends), collections.Counter())
        seen = {line.split("/")[-1]: n for line, n in lines.items() if line.startswith("POST")}
        failed = {failure.i: failure for failure in load.failures if failure.method == "POST"}
        unsent = {i for i, failure in failed.items() if failure.replay_class != "maybe_processed"}
        self.assertEqual({i: n for i, n in seen.items() if n > 1}, {}, "arrived twice")
        self.assertEqual(load.posts - failed.keys() - seen.keys(), set(), "answered by whom?")
        self.assertEqual(unsent & seen.keys(), set(), f"arrived all the same\n{load.complaint}")


class GracefulRestarts(LoadTest):
    def assert_survives(self, server, *back_ends, plan=Plan(), every_s=RESTART_EVERY_S):
        n_restarts = 0
        with Load(server, plan) as load:
            while load.is_at_work():
                time.sleep(every_s)
                server.restart()
                n_restarts += 1
            load.end()
        print(f"# {n_restarts} restarts: {load.sum}")
        self.assertEqual(load.process.returncode, 0, f"{load.sum}\n{load.complaint}")
        self.assert_posts_arrived_as_told(load, back_ends)

    @tap.needs("nginx")
    def test_nginx_over_http_1_1_with_three_requests_a_connection(self):
        with BackEnd() as back_end, Nginx(back_end.port, keepalive_requests=3) as server:
            self.assert_survives(server, back_end)

    @tap.needs("nginx")
    def test_nginx_over_http_2(self):
        with BackEnd() as back_end, Nginx(back_end.port, with_h2=True) as server:
            self.assert_survives(server, back_end)

    @tap.needs("nginx")
    def test_nginx_over_http_2_amid_large_bodies(self):
        large = Plan(N_CALLS // 10, max_at_once=16, calls_a_second=0, body_bytes=MIB)
        with BackEnd(b"x" * MIB) as back_end, Nginx(back_end.port, with_h2=True) as server:
            self.assert_survives(server, back_end, plan=large)

    @tap.needs("apache2")
    def test_apache(self):
        """It drops some of what runs: sent again, that should not meet the next restart."""
        with BackEnd() as back_end, Apache(back_end.port) as server:
            self.assert_survives(server, back_end, every_s=2 * RESTART_EVERY_S)

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
        with document_root(N_CALLS) as root, NghttpdTurns(root) as server:
            self.assert_survives(server, server, every_s=2 * RESTART_EVERY_S)


class KilledServers(LoadTest):
    """kill -9 amid a burst, and a while until the server is back."""

    def burst(self, server, back_end, max_retries=0):
        plan = Plan(N_KILLED_CALLS, max_at_once=12, calls_a_second=300, max_retries=max_retries)
        with Load(server, plan) as load:
            time.sleep(KILL_AFTER_S)
            server.kill()
            time.sleep(AWAY_S)
            server.start_again()
            load.end()
        print(f"# {load.sum}")
        self.assert_posts_arrived_as_told(load, [back_end])
        return load

    def assert_policy_waits(self, server, back_end):
        load = self.burst(server, back_end, max_retries=6)
        lost = [failure for failure in load.failures if failure.method == "GET"]
        self.assertEqual(lost, [], load.complaint)
        self.assertGreater(load.figures["attempts"], N_KILLED_CALLS)

    def assert_failures_explain_themselves(self, server, back_end):
        load = self.burst(server, back_end)
        self.assertGreater(len(load.failures), 0)
        for failure in load.failures:
            codes = failure.history.split(",")
            self.assertEqual(codes[-1], failure.code)
            self.assertNotIn("OK", codes)
            self.assertRegex(failure.message, r"127\.0\.0\.1|localhost")

    @tap.needs("nginx")
    def test_nginx_over_http_1_1(self):
        with BackEnd() as back_end, Nginx(back_end.port) as server:
            self.assert_policy_waits(server, back_end)

    @tap.needs("nginx")
    def test_nginx_over_http_2(self):
        with BackEnd() as back_end, Nginx(back_end.port, with_h2=True) as server:
            self.assert_policy_waits(server, back_end)

    @tap.needs("apache2")
    def test_apache(self):
        with BackEnd() as back_end, Apache(back_end.port) as server:
            self.assert_policy_waits(server, back_end)

    @tap.needs("h2o")
    def test_h2o(self):
        with BackEnd() as back_end, H2oProxy(back_end.port) as server:
            self.assert_policy_waits(server, back_end)

    @tap.needs("haproxy")
    def test_haproxy(self):
        with BackEnd() as back_end, Haproxy(back_end.port) as server:
            self.assert_policy_waits(server, back_end)

    @tap.needs("nghttpd")
    def test_nghttpd(self):
        with document_root(N_KILLED_CALLS) as root, NghttpdAlone(root) as server:
            self.assert_policy_waits(server, server)

    @tap.needs("h2o")
    def test_failures_of_h2o_over_http_2_explain_themselves(self):
        with BackEnd() as back_end, H2oProxy(back_end.port) as server:
            self.assert_failures_explain_themselves(server, back_end)


if __name__ == "__main__":
    tap.main()
