#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) and a name with good, dead and black addresses.

All runs in a network namespace of its own. Black addresses are behind a cable whose other
end belongs to a card of another hardware address: what is sent there is never answered.
Times are the best of three runs."""
import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support import tap  # noqa: E402

os.environ["PATH"] += ":/usr/sbin:/sbin"  # not in everybody's

H2FETCH = os.environ["H2T_H2FETCH"]
N_TRIES = 3
LIMIT_S = 30
COST_S = 0.3  # of a black family, over the healthy path
LATE_S = 0.5  # with the start of a process that may be sanitized
GOOD_4, GOOD_6 = "192.0.2.1", "2001:db8:1::1"
BLACK_4, BLACK_6 = "203.0.113.2", "2001:db8:dead::2"
NETWORK = f"""
link set lo up
link add dark type veth peer name hole
link set dark up
link set hole up
address add 203.0.113.1/24 dev dark
address add 2001:db8:dead::1/64 dev dark nodad
neighbour add {BLACK_4} lladdr 02:00:00:00:00:99 dev dark
neighbour add {BLACK_6} lladdr 02:00:00:00:00:99 dev dark
address add {GOOD_4}/32 dev lo
address add 192.0.2.2/32 dev lo
address add 192.0.2.3/32 dev lo
address add {GOOD_6}/128 dev lo nodad
route add unreachable 198.51.100.0/24
"""


def make_network():
    for line in NETWORK.strip().splitlines():
        subprocess.run(["ip", *line.split()], check=True, capture_output=True, text=True)


def enter_namespace():
    """Goes on in a namespace, or says why there can be none."""
    if "H2T_IN_NAMESPACE" in os.environ:
        return ""
    trial = ["unshare", "-rn", "ip", "link", "add", "dark", "type", "veth"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, check=False)
    except OSError as problem:
        return f"no network namespace: {problem}"
    if done.returncode != 0:
        return "no network namespace: " + done.stderr.strip().replace("\n", "; ")
    os.environ["H2T_IN_NAMESPACE"] = "1"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "-rn", sys.executable, *sys.argv])


WHY_NOT = enter_namespace()


class _Handler(http.server.BaseHTTPRequestHandler):
    """HTTP/1.0: a connection a request."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # and IPv4, by mapped addresses


@unittest.skipIf(WHY_NOT, WHY_NOT)
class HappyEyeballs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        make_network()
        cls.server = _Server(("::", 0), _Handler)
        cls.port = cls.server.server_address[1]
        cls.url = f"http://name.test:{cls.port}/"
        thread = threading.Thread(target=cls.server.serve_forever)
        thread.start()
        cls.addClassCleanup(thread.join)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)

    def run_h2fetch(self, *arguments):
        command = [H2FETCH, "-sS", "-o", "/dev/null", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)

    def resolve(self, addresses, port=None):
        return "--resolve", f"name.test:{port or self.port}:{addresses}"

    def told(self, addresses, what, *arguments, n=1):
        """What -w says of it, of n fetches one after the other."""
        urls = [self.url] * n
        form = ["-w", f"%{{{what}}}\n", "--parallel-max", 1]
        done = self.run_h2fetch(*form, *self.resolve(addresses), *arguments, *urls)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def first_byte_s(self, addresses, *arguments, n=1):
        """Until the first byte of the nth fetch, the best of three."""
        tries = []
        for _ in range(N_TRIES):
            tries.append(float(self.told(addresses, "time_starttransfer", *arguments, n=n)[-1]))
        print(f"# {addresses} {' '.join(map(str, arguments))}: {tries}")
        return min(tries)

    def failure(self, code, *arguments):
        """The one line of a failure, and how long it took to come."""
        begin = time.monotonic()
        done = self.run_h2fetch(*arguments)
        elapsed_s = time.monotonic() - begin
        print(f"# {done.stderr.strip()}")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (code, 1), done.stderr)
        return done.stderr.strip(), elapsed_s

    # ---- a family that is a black hole -------------------------------------------------

    def test_black_ipv6_costs_less_than_300_ms(self):
        healthy_s = self.first_byte_s(GOOD_4)
        cost_s = self.first_byte_s(f"{BLACK_6},{GOOD_4}") - healthy_s
        self.assertLess(cost_s, COST_S)
        self.assertGreater(cost_s, 0.2)  # it is the delay, and the hole is black

    def test_black_ipv4_costs_nothing(self):
        healthy_s = self.first_byte_s(GOOD_6)
        self.assertLess(self.first_byte_s(f"{BLACK_4},{GOOD_6}") - healthy_s, 0.2)

    def test_the_delay_is_an_option(self):
        delay = ("--happy-eyeballs-timeout-ms", 40)
        elapsed_s = self.first_byte_s(f"{BLACK_6},{GOOD_4}", *delay)
        self.assertGreaterEqual(elapsed_s, 0.04)
        self.assertLess(elapsed_s, 0.2)

    def test_the_next_connection_does_not_meet_the_hole_again(self):
        self.assertLess(self.first_byte_s(f"{BLACK_6},{GOOD_4}", n=2), 0.2)

    # ---- all of them ---------------------------------------------------------------------

    def test_all_black_is_one_error_with_all_addresses_in_time(self):
        line, elapsed_s = self.failure(28, *self.resolve(f"{BLACK_6},{BLACK_4}"), self.url)
        self.assertIn(
            f"connect to name.test failed: [{BLACK_6}]:{self.port}: timed out, "
            f"{BLACK_4}:{self.port}: timed out",
            line,
        )
        self.assertGreaterEqual(elapsed_s, 10)
        self.assertLess(elapsed_s, 10 + LATE_S)

    def test_who_waits_no_longer_is_told_all_addresses(self):
        for limit in ("-m", "--connect-timeout"):
            route = self.resolve(f"{BLACK_6},{BLACK_4}")
            line, elapsed_s = self.failure(28, *route, limit, 0.7, self.url)
            self.assertIn(
                f"timeout after 700 ms: connect to name.test failed: "
                f"[{BLACK_6}]:{self.port}: timed out, {BLACK_4}:{self.port}: timed out",
                line,
            )
            self.assertLess(elapsed_s, 0.7 + LATE_S)

    def test_all_dead_is_one_error_with_each_reason_at_once(self):
        route = self.resolve(f"198.51.100.2,{GOOD_6},{GOOD_4}", port=1)
        line, elapsed_s = self.failure(7, *route, "http://name.test:1/")
        self.assertIn(
            f"connect to name.test failed: [{GOOD_6}]:1: connection refused, "
            f"198.51.100.2:1: no route to host, {GOOD_4}:1: connection refused",
            line,
        )
        self.assertLess(elapsed_s, LATE_S)

    def test_sixty_four_dead_ones_end_at_once(self):
        addresses = ",".join(f"127.0.0.{n}" for n in range(1, 65))
        line, elapsed_s = self.failure(7, *self.resolve(addresses, 1), "http://name.test:1/")
        told = len(re.findall(r"127\.0\.0\.\d+:1: connection refused", line))
        more = int(re.search(r", \.\.\. and (\d+) more", line).group(1))
        self.assertEqual(told + more, 64)
        self.assertGreater(told, 8)
        self.assertLess(elapsed_s, LATE_S)

    # ---- which of them, and from where ---------------------------------------------------

    def test_connections_spread_over_the_addresses(self):
        addresses = [GOOD_4, "192.0.2.2", "192.0.2.3"]
        seen = self.told(",".join(addresses), "remote_ip", n=6)
        self.assertEqual(seen, addresses * 2)

    def test_one_family_only(self):
        both = f"{GOOD_4},{GOOD_6}"
        self.assertEqual(self.told(both, "remote_ip"), [GOOD_6])
        self.assertEqual(self.told(both, "remote_ip", "-4"), [GOOD_4])
        self.assertEqual(self.told(both, "remote_ip", "-6"), [GOOD_6])
        line, _ = self.failure(7, "-6", *self.resolve(GOOD_4), self.url)
        self.assertIn(f"{GOOD_4}:{self.port}: IPv4 is not wanted", line)

    def test_the_address_to_come_from(self):
        good = f"{GOOD_6},{GOOD_4}"
        self.assertEqual(self.told(good, "local_ip", "--interface", "192.0.2.3"), ["192.0.2.3"])
        line, _ = self.failure(45, "--interface", "192.0.2.99", *self.resolve(good), self.url)
        self.assertIn('connect.local_address "192.0.2.99": ', line)

    def test_the_interface_to_go_through(self):
        self.assertEqual(self.told(GOOD_4, "remote_ip", "--interface", "lo"), [GOOD_4])
        line, _ = self.failure(45, "--interface", "nosuch", *self.resolve(GOOD_4), self.url)
        self.assertIn('connect.interface "nosuch": ', line)
        self.failure(28, "-m", 0.3, "--interface", "dark", *self.resolve(GOOD_4), self.url)


if __name__ == "__main__":
    tap.main()
