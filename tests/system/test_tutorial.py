#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tutorial's programs (in the folder H2T_TUTORIAL) against a server like the tutorial's."""
import http.server
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]
from support import tap  # noqa: E402

PROGRAMS = pathlib.Path(os.environ["H2T_TUTORIAL"])
LIMIT_S = 60
NAMES = ["Leanne Graham", "Ervin Howell", "Clementine Bauch"]


class Handler(http.server.BaseHTTPRequestHandler):
    """/users/N and /posts as JSON; /status/N; /slow; each answer after the server's delay."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        time.sleep(self.server.delay_s)
        kind, _, number = self.path.strip("/").partition("/")
        if kind == "users":
            number = int(number)
            name = NAMES[number - 1] if number <= len(NAMES) else f"User {number}"
            self.answer(200, {"id": number, "name": name})
        elif kind == "titles":
            self.answer(200, {"id": int(number), "title": f"Title {number}"})
        elif kind == "events":
            self.stream_events(int(self.headers.get("last-event-id") or 0))
        elif kind == "slow":
            time.sleep(2)
            self.answer(200, {})
        elif kind == "text":
            self.answer(200, None, "text/plain")
        else:
            self.answer(int(number) if kind == "status" else 404, {})

    def stream_events(self, last):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for number in range(last + 1, last + 3):
            event = f"retry: 20\nid: {number}\nevent: tick\ndata: number {number}\n\n"
            self.wfile.write(event.encode())
            self.wfile.flush()
        self.close_connection = True

    def do_POST(self):
        sent = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-type"] != "application/json":
            self.answer(415, {})
        else:
            self.answer(201, {**json.loads(sent), "id": 101})

    def answer(self, status, value, content_type="application/json; charset=utf-8"):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, delay_s=0):
        super().__init__(("127.0.0.1", 0), Handler)
        self.delay_s = delay_s
        self.url = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def run(program, *arguments):
    return subprocess.run(
        [PROGRAMS / program, *arguments], capture_output=True, text=True, timeout=LIMIT_S
    )


class Tutorial(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server())
        cls.url = cls.server.url

    def prints(self, expected, program, *arguments, code=0):
        done = run(program, *arguments)
        self.assertEqual((done.returncode, done.stderr), (code, ""))
        self.assertRegex(done.stdout, rf"\A{expected}\Z")

    def test_simple_get_says_the_users_name(self):
        self.prints("User: Leanne Graham\n", "simple_get", self.url)

    def test_simple_get_tells_what_is_wrong(self):
        done = run("simple_get", self.url + "nowhere/")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "Error: 404\n")
        done = run("simple_get", "http://127.0.0.1:1/")
        self.assertRegex(done.stderr, "^Request failed: .*refused")

    def test_ten_users_come_at_once(self):
        lines = r"Fetched in \d\.\d\ds:\n - Leanne Graham\n - Ervin Howell\n[\s\S]* - User 10\n"
        self.prints(lines, "ten_users", self.url)

    def test_posts_are_created_at_once(self):
        lines = "".join(f"Created post 101: {n} Post\n" for n in ("First", "Second", "Third"))
        self.prints(lines, "create_posts", self.url)

    def test_a_session_is_worth_its_reuse(self):
        lines = "one session: 1 connections\na session each: 5 connections\n"
        self.prints(lines, "session_reuse", self.url)

    def test_limits_of_time_are_named(self):
        lines = "users/1: status 200\nslow: the total limit passed\n"
        self.prints(lines, "timeouts", self.url)

    def test_the_pool_keeps_to_its_limits(self):
        done = run("pool_limits", self.url)
        self.assertEqual(done.returncode, 0)
        n_connects = int(done.stdout.split()[-2])
        self.assertLessEqual(n_connects, 10)

    def test_errors_have_classes(self):
        done = run(
            "error_classes",
            self.url + "users/1",
            self.url + "status/404",
            self.url + "status/429",
            self.url + "status/418",
            self.url + "slow",
            "http://127.0.0.1:1/",
            "http://no.such.host.invalid/",
        )
        told = [line.partition(": ")[2] for line in done.stdout.splitlines()]
        self.assertEqual(told[:3], ["fine", "resource not found", "rate limited"])
        self.assertEqual(told[3], "unexpected status: 418")
        self.assertEqual(told[5], "no connection")
        self.assertIn(told[4], ("timed out (total)", "fine"))

    def test_events_are_followed_from_where_they_were_left(self):
        lines = "".join(f"tick: number {number}\n" for number in (1, 2, 3, 4))
        self.prints(lines, "sse_client", self.url + "events", "2")

    @unittest.skipUnless((PROGRAMS / "embed_uv").exists(), "built without libuv")
    def test_a_session_runs_in_the_loop_of_libuv(self):
        with Server(0.3) as server:
            done = run("embed_uv", *[f"{server.url}users/{n}" for n in (1, 2, 3)])
        self.assertEqual(done.returncode, 0, done.stderr)
        *told, ticks = done.stdout.splitlines()
        self.assertEqual(sorted(told), [f"200 {server.url}users/{n}" for n in (1, 2, 3)])
        self.assertGreaterEqual(int(ticks.split()[0]), 3)

    def test_a_semaphore_lets_all_through(self):
        self.prints("100 of 100 fetched, ten at a time\n", "semaphore", self.url)

    def test_an_aggregator_lives_with_failures(self):
        with Server() as other:
            urls = [self.url + "users/1", other.url + "titles/2", other.url + "status/404"]
            urls += [self.url + "text/1", "http://127.0.0.1:1/"]
            done = run("aggregator", *urls)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["  1. Leanne Graham", "  2. Title 2"])
        self.assertRegex(lines[2], r"  3\. Error fetching .*: status 404 for GET ")
        self.assertRegex(lines[3], r"  4\. Error fetching .*: content-type: text/plain")
        self.assertRegex(lines[4], r"  5\. Error fetching .*refused")
        self.assertRegex(lines[5], r"^Fetched 2/5 resources in \d\.\d\ds$")
        self.assertEqual(done.returncode, 1)


class Benchmark(unittest.TestCase):
    """20 requests to a server that takes 900 ms: at once they take no longer than one."""

    delay_s = 0.9
    n_tries = 3

    def test_all_at_once_take_the_time_of_one(self):
        for _ in range(self.n_tries):
            with Server(self.delay_s) as server:
                done = run("sync_async", server.url)
            self.assertEqual(done.returncode, 0, done.stderr)
            one_by_one, at_once, speedup = (
                float(line.split(": ")[1].rstrip("sx faster")) for line in done.stdout.splitlines()
            )
            print(f"# {one_by_one} s, {at_once} s, {speedup} times faster")
            if at_once <= 1.05 * self.delay_s:
                break
        self.assertLess(abs(one_by_one - 20 * self.delay_s), 1)
        self.assertLessEqual(at_once, 1.05 * self.delay_s)
        self.assertGreater(speedup, 18)


if __name__ == "__main__":
    tap.main()
