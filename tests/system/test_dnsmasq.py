#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built-in resolver against a real dnsmasq on loopback, with TTLs of our choice.

H2T_RESOLVE_TOOL is the program under test (resolve_tool.c). How often the server was
asked is read from its own log.
"""
import pathlib
import socket
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from name_servers import PATIENCE_S, Dnsmasq, ResolveTool  # noqa: E402
from support import tap  # noqa: E402

NOT_FOUND, NO_DATA, SERVER_FAILED = 200, 201, 202
RECORDS = [
    "--host-record=short.test,192.0.2.1,1",
    "--host-record=long.test,192.0.2.2,2001:db8::2,100",
    "--host-record=four.test,192.0.2.4,100",
    "--cname=alias.test,long.test,7",
    "--txt-record=text.test,no address",
    "--local=/test/",
]


@tap.needs("dnsmasq")
class TestDnsmasq(unittest.TestCase):
    def setUp(self):
        self.server = self.start_server()
        self.tool = self.start_tool(f"127.0.0.1:{self.server.port}")

    def start_server(self, **place):
        server = Dnsmasq(RECORDS, **place)
        self.addCleanup(server.stop)
        return server

    def start_tool(self, servers, **limits):
        tool = ResolveTool(servers, **limits)
        self.addCleanup(lambda: self.assertEqual(tool.close(), 0))
        return tool

    def wait_for_log(self, host, n):
        """The log comes a little after the answer."""
        end = time.monotonic() + PATIENCE_S
        while self.server.n_asked(host) < n and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(self.server.n_asked(host), n)

    def test_both_families_and_their_ttl(self):
        answer = self.tool.ask("long.test")
        self.assertEqual(answer["addresses"], ["192.0.2.2", "2001:db8::2"])
        self.assertEqual((answer["code"], answer["cached"], answer["ttl"]), (0, 0, 100))

    def test_ttl_of_one_second_expires(self):
        self.assertEqual(self.tool.ask("short.test")["addresses"], ["192.0.2.1"])
        time.sleep(1.05)
        self.assertEqual(self.tool.ask("short.test")["cached"], 0)
        self.wait_for_log("short.test", 2)

    def test_least_ttl_outlives_the_records(self):
        tool = self.start_tool(f"127.0.0.1:{self.server.port}", min_ttl_s=60)
        tool.ask("short.test")
        time.sleep(1.05)
        self.assertEqual(tool.ask("short.test")["cached"], 1)
        self.assertEqual(self.server.n_asked("short.test"), 1)

    def test_long_ttl_is_served_from_the_cache_without_the_server(self):
        first = self.tool.ask("long.test")
        self.server.process.terminate()
        self.server.process.wait(PATIENCE_S)
        second = self.tool.ask("long.test")
        self.assertEqual(second["cached"], 1)
        self.assertEqual(second["addresses"], first["addresses"])
        self.assertEqual(self.server.n_asked("long.test"), 1)

    def test_alias_is_followed_and_its_ttl_counts(self):
        answer = self.tool.ask("alias.test")
        self.assertEqual(answer["addresses"], ["192.0.2.2", "2001:db8::2"])
        self.assertEqual(answer["ttl"], 7)

    def test_unknown_name_is_not_found(self):
        self.assertEqual(self.tool.ask("nobody.test")["code"], NOT_FOUND)

    def test_name_without_an_address_has_no_data(self):
        self.assertEqual(self.tool.ask("text.test")["code"], NO_DATA)

    def test_one_family_is_enough(self):
        answer = self.tool.ask("four.test")
        self.assertEqual((answer["code"], answer["addresses"]), (0, ["192.0.2.4"]))

    def test_refusal_is_the_servers_failure(self):
        self.assertEqual(self.tool.ask("elsewhere.example")["code"], SERVER_FAILED)

    def test_failure_is_remembered_for_the_negative_ttl_only(self):
        self.assertEqual(self.tool.ask("nobody.test")["cached"], 0)
        self.assertEqual(self.tool.ask("nobody.test")["cached"], 1)
        time.sleep(1.05)
        self.assertEqual(self.tool.ask("nobody.test")["cached"], 0)
        self.wait_for_log("nobody.test", 2)

    def test_dead_first_server_costs_its_time_once(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as dead:
            dead.bind(("127.0.0.1", 0))
            dead.setblocking(False)
            tool = self.start_tool(f"127.0.0.1:{dead.getsockname()[1]},127.0.0.1:{self.server.port}")
            for host in ["long.test", "four.test", "short.test"]:
                self.assertEqual(tool.ask(host)["code"], 0)
            questions = [dead.recv(512), dead.recv(512)]  # A and AAAA of the first name
            self.assertTrue(all(b"\x04long\x04test" in one for one in questions))
            self.assertRaises(BlockingIOError, dead.recv, 512)

    def test_server_over_ipv6_by_its_port(self):
        server = self.start_server(address="::1")
        tool = self.start_tool(f"[::1]:{server.port}")
        self.assertEqual(tool.ask("four.test")["addresses"], ["192.0.2.4"])

    def test_flush_forgets(self):
        self.tool.ask("long.test")
        self.tool.flush()
        self.assertEqual(self.tool.ask("long.test")["cached"], 0)
        self.wait_for_log("long.test", 2)

    def test_localhost_is_nobodys_business(self):
        self.assertEqual(self.tool.ask("localhost")["addresses"], ["127.0.0.1", "::1"])
        self.tool.ask("long.test")
        self.wait_for_log("long.test", 1)
        self.assertEqual(self.server.n_asked("localhost"), 0)


if __name__ == "__main__":
    tap.main()
