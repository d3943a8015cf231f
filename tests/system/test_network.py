#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A session (network_tool.c, H2T_NETWORK_TOOL) in networks that are long or dark.

Figures that depend on the machine's speed are asked for where H2T_SANITIZE is empty, the
best of three runs; elsewhere only what must hold at any speed."""
import contextlib
import functools
import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from real_servers import BackEnd, H2o, H2oProxy, Nghttpd  # noqa: E402

TOOL = os.environ["H2T_NETWORK_TOOL"]
IS_FAST = os.environ.get("H2T_SANITIZE", "none") == "none"
N_TRIES = 3 if IS_FAST else 1
LIMIT_S = 30
MIB = 1024 * 1024
LATE_US = 50_000 if IS_FAST else 1_000_000
SHORT_DELAY_S = 0.005
SHORT_BYTES_A_SECOND = 25_000_000
REST_S = 0.2  # longer than the scene's ping_before_reuse_ms
REUSE_US = 1_000_000 if IS_FAST else 5_000_000
KINDS = {"get", "post", "download", "paused", "upload", "head", "body", "send", "wait"}
DIAL_KINDS = {"name", "tcp", "tls", "connect", "all of it"}


def run_tool(scene, link, path="", *arguments):
    command = [TOOL, scene, link.ca_file, link.url(path), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{scene}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return figures(done.stdout)


def figures(line):
    return dict(re.findall(r"(\w+)=(.*?)(?= \w+=|$)", line.strip()))


def best_of(run, is_good):
    """The first good one, or the last; each is told."""
    for _ in range(N_TRIES):
        told = run()
        print(f"# {told}")
        if is_good(told):
            break
    return told


class LongLink(unittest.TestCase):
    """One stream over a round trip of 50 ms at 200 Mbit/s, by default options."""

    delay_s = 0.025
    bytes_a_second = 25_000_000
    n_mib = 100 if IS_FAST else 8
    least_share = 0.95

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="h2client-long-")
        with open(pathlib.Path(cls.folder.name, "large"), "wb") as large:
            large.truncate(cls.n_mib * MIB)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def share_after_first_second(self, link):
        told = run_tool("rate", link, "/large")
        slices = [int(n) for n in told["slices"].split(",")]
        self.assertEqual(sum(slices), self.n_mib * MIB)
        seconds = int(told["us"]) / 1_000_000
        return sum(slices[10:]) / (seconds - 1) / self.bytes_a_second

    def assert_is_full(self, server_class):
        with server_class(self.folder.name) as server:
            with Forwarder(server, self.delay_s, self.bytes_a_second) as link:
                measure = functools.partial(self.share_after_first_second, link)
                share = best_of(measure, lambda share: share >= self.least_share)
        if IS_FAST:
            self.assertGreaterEqual(share, self.least_share)

    @tap.needs("nghttpd")
    def test_nghttpd_fills_it(self):
        self.assert_is_full(Nghttpd)

    @tap.needs("h2o")
    def test_h2o_fills_it(self):
        self.assert_is_full(H2o)


class _SlowHandler(http.server.BaseHTTPRequestHandler):
    """/late answers after a while, /hang and /swallow never, /endless for ever, others at once."""

    protocol_version = "HTTP/1.1"
    late_s = 0.5

    def do_GET(self):
        with self.server.lock:
            self.server.seen[f"{self.command} {self.path}"] += 1
        if self.path == "/endless":
            self._answer_for_ever()
        elif self.path in ("/hang", "/swallow"):
            self._swallow()
        else:
            time.sleep(self.late_s if self.path == "/late" else 0)
            self._head(2)
            self.wfile.write(b"ok")

    do_POST = do_GET

    def _head(self, length):
        self.send_response(200)
        self.send_header("content-length", str(length))
        self.end_headers()

    def _answer_for_ever(self):
        self._head(1 << 40)
        while True:
            self.wfile.write(bytes(65536))

    def _swallow(self):
        while self.rfile.read1(65536):
            pass
        self.close_connection = True

    def log_message(self, *_):
        pass


class SlowBackEnd(BackEnd):
    def __init__(self):
        super().__init__()
        self.RequestHandlerClass = _SlowHandler

    def forget(self):
        with self.lock:
            self.seen.clear()


class Scene:
    """The tool at work behind a link of its own, which goes dark as the test says."""

    def __init__(self, scene, server, *arguments, is_dark=False):
        self.scene = scene
        self.arguments = arguments
        self.is_dark = is_dark
        self.link = Forwarder(server, SHORT_DELAY_S, SHORT_BYTES_A_SECOND)

    def __enter__(self):
        self.link.__enter__()
        if self.is_dark:
            self.link.say("unplug")
        self.process = subprocess.Popen(
            [TOOL, self.scene, self.link.ca_file, self.link.url(""), *map(str, self.arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.alarm = threading.Timer(LIMIT_S, self.process.kill)
        self.alarm.start()
        return self

    def __exit__(self, *_):
        self.alarm.cancel()
        self.process.kill()
        self.process.communicate()
        self.link.__exit__()

    def line(self):
        return self.process.stdout.readline().strip()

    def say(self, *commands):
        """To the link, and then a word to the tool."""
        for command in commands:
            self.link.say(command)
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def lines_until(self, last):
        """What is told of each call, by its name, up to that line or the end."""
        told = {}
        for line in iter(self.line, last):
            if not line:
                raise RuntimeError(f"{self.scene}: no {last!r} after {told}")
            name, _, rest = line.partition(": ")
            told[name] = figures(rest)
        return told


def lateness(told):
    """The worst of all, early or late."""
    return max(abs(int(call["late_us"])) for call in told.values())


@contextlib.contextmanager
def full_listener():
    """The URL of a port that answers nobody: its queue is full, so SYNs are dropped."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield "https://127.0.0.1:%d/" % listener.getsockname()[1]


@contextlib.contextmanager
def silent_name_server():
    """Its address, as h2client_dns_options.servers has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        yield "127.0.0.1:%d" % silent.getsockname()[1]


class DarkNetwork(unittest.TestCase):
    """Nothing passes and nothing is closed. All limits fire in time, and then things go on."""

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.back_end = stack.enter_context(SlowBackEnd())
            cls.server = stack.enter_context(H2oProxy(cls.back_end.port))
            cls.addClassCleanup(stack.pop_all().close)

    def setUp(self):
        self.back_end.forget()

    def assert_all_time_out(self, told, names):
        self.assertEqual(set(told), names)
        for name, call in told.items():
            with self.subTest(name):
                self.assertEqual((call["code"], call["limit"]), ("TIMEOUT", call["expected"]))
                self.assertLessEqual(abs(int(call["late_us"])), LATE_US)

    # ---- calls on connections ------------------------------------------------

    def assert_ends_all(self, version, cable):
        def run():
            with Scene("dark", self.server, version) as scene:
                self.assertEqual(scene.line(), "ready")
                scene.say("unplug")
                told = scene.lines_until("dark")
                scene.say(cable)
                next_one = scene.lines_until("")["next"]
            self.assertEqual((next_one["status"], next_one["code"]), ("200", "OK"))
            return told

        told = best_of(run, lambda told: lateness(told) <= LATE_US)
        self.assert_all_time_out(told, KINDS)

    @tap.needs("h2o")
    def test_calls_over_http_2_end_and_the_next_works_on_the_old_cable(self):
        self.assert_ends_all("2", "plug")

    @tap.needs("h2o")
    def test_calls_over_http_2_end_and_the_next_works_on_a_new_cable(self):
        self.assert_ends_all("2", "replace")

    @tap.needs("h2o")
    def test_calls_over_http_1_1_end_and_the_next_works_on_the_old_cable(self):
        self.assert_ends_all("1.1", "plug")

    @tap.needs("h2o")
    def test_calls_over_http_1_1_end_and_the_next_works_on_a_new_cable(self):
        self.assert_ends_all("1.1", "replace")

    # ---- calls without one ---------------------------------------------------

    @tap.needs("h2o")
    def test_calls_that_find_no_connection_end_and_the_next_works(self):
        def run():
            with silent_name_server() as names, full_listener() as full:
                with Scene("dial", self.server, names, full, is_dark=True) as scene:
                    told = scene.lines_until("dark")
                    scene.say("plug")
                    next_one = scene.lines_until("")["next"]
            self.assertEqual((next_one["status"], next_one["code"]), ("200", "OK"))
            return told

        told = best_of(run, lambda told: lateness(told) <= LATE_US)
        self.assert_all_time_out(told, DIAL_KINDS)

    # ---- PING ----------------------------------------------------------------

    def assert_ping_tells(self, *posts):
        def run():
            self.back_end.forget()
            with Scene("ping", self.server, 1 + len(posts)) as scene:
                self.assertEqual(scene.line(), "ready")
                scene.say("replace")
                return scene.lines_until("")

        def how_late(told):
            return max(int(told[name]["late_us"]) for name in posts)

        told = best_of(run, lambda told: how_late(told) <= LATE_US)
        for name in posts:
            self.assertEqual((told[name]["code"], told[name]["attempts"]), ("CONNECTION_DEAD", "1"))
        self.assertEqual(self.back_end.seen["POST /hang"], 1)
        self.assertLessEqual(how_late(told), LATE_US)
        self.assertEqual((told["get"]["code"], told["get"]["attempts"]), ("OK", "2"))
        self.assertEqual(self.back_end.seen["GET /late"], 2)

    @tap.needs("h2o")
    def test_ping_without_an_answer_ends_a_post_and_repeats_a_get(self):
        self.assert_ping_tells("post")

    @tap.needs("h2o")
    def test_ping_that_cannot_be_written_ends_a_post_and_repeats_a_get(self):
        self.assert_ping_tells("post", "upload")

    def reuse(self, *commands):
        """The second call, a POST, after a rest in which the cable was treated so."""
        with Scene("reuse", self.server) as scene:
            self.assertIn("code=OK", scene.line())
            time.sleep(REST_S)
            scene.say(*commands)
            told = scene.lines_until("")["next"]
        print(f"# {told}")
        self.assertEqual((told["status"], told["attempts"]), ("200", "1"))
        self.assertEqual(self.back_end.seen["POST /ok"], 1)
        self.assertLessEqual(int(told["elapsed_us"]), REUSE_US)
        return int(told["connections"])

    @tap.needs("h2o")
    def test_a_connection_that_went_dark_at_rest_is_not_used(self):
        self.assertEqual(self.reuse("replace"), 2)

    @tap.needs("h2o")
    def test_a_connection_that_only_rested_is_used_again(self):
        self.assertEqual(self.reuse(), 1)


if __name__ == "__main__":
    tap.main()
