#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names as real name servers tell them: dnsmasq, and unbound in front of it.

Both through the resolver alone (resolve_tool.c, H2T_RESOLVE_TOOL) and as sessions use them
(names_tool.c, H2T_NAMES_TOOL), with HTTP servers of our own on loopback.
"""
import http.server
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from name_servers import AAAA, PATIENCE_S, A, Delaying, Dnsmasq, ResolveTool, Unbound  # noqa: E402
from support import tap  # noqa: E402

NOT_FOUND, NO_DATA, SERVER_FAILED, UNREACHABLE = 200, 201, 202, 203
MAX_ADDRESSES = 64
LATE_S = 4
RECORDS = [
    "--host-record=zero.test,192.0.2.3,0",
    "--host-record=short.test,192.0.2.1,1",
    "--host-record=long.test,192.0.2.2,2001:db8::2,100",
    "--host-record=local.test,127.0.0.1,::1,100",
    "--cname=one.test,two.test,30",
    "--cname=two.test,three.test,20",
    "--cname=three.test,long.test,10",
    "--txt-record=text.test,no address",
    "--local=/test/",
]


class HttpServer(http.server.ThreadingHTTPServer):
    """Answers "ok" and closes: each call needs a connection, and so an address."""

    daemon_threads = True
    request_queue_size = 1024

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.n_served += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    def __init__(self, address, port=0):
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.n_served = 0
        super().__init__((address, port), self.Handler)
        self.port = self.server_address[1]
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.shutdown()
        self.thread.join(PATIENCE_S)
        self.server_close()


class NamesTool:
    def __init__(self, servers):
        self.process = subprocess.Popen(
            [os.environ["H2T_NAMES_TOOL"], servers],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)  # fmt: skip

    def fetch(self, url, n=1):
        """n calls at once: {"good": ..., "of": n, "code": ..., "ms": ...}."""
        self.process.stdin.write(f"{n} {url}\n")
        words = self.process.stdout.readline().split()
        return {name: int(value) for name, value in (word.split("=") for word in words)}

    def close(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return code


class NamesTest(unittest.TestCase):
    def start(self, kind, *args, **more):
        server = kind(*args, **more)
        self.addCleanup(server.stop)
        return server

    def start_tool(self, kind, *servers):
        tool = kind(",".join(f"127.0.0.1:{server.port}" for server in servers))
        self.addCleanup(lambda: self.assertEqual(tool.close(), 0))
        return tool

    def start_dead(self):
        """A socket that nobody reads."""
        dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(dead.close)
        dead.bind(("127.0.0.1", 0))
        return types.SimpleNamespace(port=dead.getsockname()[1])

    def wait_for_log(self, server, host, n, kind="A"):
        end = time.monotonic() + PATIENCE_S
        while server.n_asked(host, kind) < n and time.monotonic() < end:
            time.sleep(0.01)
        self.assertEqual(server.n_asked(host, kind), n)


class AnyServer:
    """What holds whoever answers; `server` is asked."""

    def make_hosts(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        hosts = pathlib.Path(folder.name) / "hosts"
        hosts.write_text("".join(f"10.0.0.{i} many.test\n" for i in range(1, 201)))
        return hosts

    def setUp(self):
        self.first = self.start(Dnsmasq, RECORDS, hosts=self.make_hosts())
        self.server = self.start_server()
        self.tool = self.start_tool(ResolveTool, self.server)

    def test_ttl_of_zero_lives_for_the_least_time(self):
        self.assertEqual(self.tool.ask("zero.test")["ttl"], 0)
        self.assertEqual(self.tool.ask("zero.test")["cached"], 1)
        time.sleep(1.05)
        self.assertEqual(self.tool.ask("zero.test")["cached"], 0)
        self.wait_for_log(self.server, "zero.test", 2)

    def test_ttl_of_one_second_expires(self):
        self.tool.ask("short.test")
        time.sleep(1.05)
        answer = self.tool.ask("short.test")
        self.assertEqual((answer["cached"], answer["addresses"]), (0, ["192.0.2.1"]))
        self.wait_for_log(self.server, "short.test", 2)

    def test_long_ttl_outlives_the_server(self):
        first = self.tool.ask("long.test")
        self.assertEqual((first["cached"], first["ttl"]), (0, 100))
        self.server.process.terminate()
        self.server.process.wait(PATIENCE_S)
        second = self.tool.ask("long.test")
        self.assertEqual((second["cached"], second["addresses"]), (1, first["addresses"]))

    def test_expired_answer_outlives_the_server_too(self):
        self.tool.ask("short.test")
        self.server.process.terminate()
        self.server.process.wait(PATIENCE_S)
        time.sleep(1.05)
        answer = self.tool.ask("short.test")
        self.assertEqual((answer["code"], answer["addresses"]), (0, ["192.0.2.1"]))

    def test_chain_of_aliases_is_followed_and_the_least_ttl_counts(self):
        answer = self.tool.ask("one.test")
        self.assertEqual(answer["addresses"], ["192.0.2.2", "2001:db8::2"])
        self.assertEqual(answer["ttl"], 10)

    def test_unknown_name_and_name_without_address_are_told_apart(self):
        self.assertEqual(self.tool.ask("nobody.test")["code"], NOT_FOUND)
        self.assertEqual(self.tool.ask("text.test")["code"], NO_DATA)

    def test_two_hundred_addresses_come_over_tcp_and_sixty_four_are_used(self):
        """No more than 30 fit into an answer of 512 bytes."""
        answer = self.tool.ask("many.test")
        self.assertEqual((answer["code"], len(answer["addresses"])), (0, MAX_ADDRESSES))

    def test_silence_is_neither_of_them(self):
        tool = self.start_tool(ResolveTool, self.start_dead())
        self.assertEqual(tool.ask("long.test")["code"], UNREACHABLE)

    def test_dead_first_server_makes_no_second_look_up_slow(self):
        tool = self.start_tool(ResolveTool, self.start_dead(), self.server)
        self.assertEqual(tool.ask("long.test")["code"], 0)
        start = time.monotonic()
        self.assertEqual(tool.ask("short.test")["code"], 0)
        self.assertLess(time.monotonic() - start, 1)


@tap.needs("dnsmasq")
class TestDnsmasqNames(AnyServer, NamesTest):
    def start_server(self):
        return self.first


@tap.needs("dnsmasq")
@tap.needs("unbound")
class TestUnboundNames(AnyServer, NamesTest):
    def start_server(self):
        return self.start(Unbound, self.first.port)

    def test_failing_server_is_told_apart(self):
        """What dnsmasq refuses, unbound has failed at."""
        self.assertEqual(self.tool.ask("elsewhere.example")["code"], SERVER_FAILED)

    def test_rest_of_a_ttl_counts(self):
        self.tool.ask("long.test")
        time.sleep(1.05)
        self.assertLess(self.start_tool(ResolveTool, self.server).ask("long.test")["ttl"], 100)


@tap.needs("dnsmasq")
class TestCalls(NamesTest):
    """Names under calls: how long they wait, and what they ask."""

    def start_delaying(self, delays):
        upstream = self.start(Dnsmasq, RECORDS)
        return self.start_tool(NamesTool, self.start(Delaying, upstream.port, delays))

    def test_slow_a_does_not_hold_up_aaaa(self):
        server = self.start(HttpServer, "::1")
        answer = self.start_delaying({A: LATE_S}).fetch(f"http://local.test:{server.port}/")
        self.assertEqual((answer["good"], server.n_served), (1, 1))
        self.assertLess(answer["ms"], LATE_S * 1000 // 2)

    def test_slow_aaaa_does_not_hold_up_a(self):
        server = self.start(HttpServer, "127.0.0.1")
        answer = self.start_delaying({AAAA: LATE_S}).fetch(f"http://local.test:{server.port}/")
        self.assertEqual((answer["good"], server.n_served), (1, 1))
        self.assertLess(answer["ms"], LATE_S * 1000 // 2)

    def test_slow_answer_is_waited_for_where_the_fast_one_does_not_do(self):
        server = self.start(HttpServer, "127.0.0.1")
        answer = self.start_delaying({A: 1}).fetch(f"http://local.test:{server.port}/")
        self.assertEqual((answer["good"], server.n_served), (1, 1))

    def test_thousand_calls_to_a_cold_name_ask_one_question_a_type(self):
        server = self.start(HttpServer, "127.0.0.1")
        dns = self.start(Dnsmasq, RECORDS)
        tool = self.start_tool(NamesTool, dns)
        self.assertEqual(tool.fetch(f"http://local.test:{server.port}/", 1000)["good"], 1000)
        self.wait_for_log(dns, "local.test", 1)
        self.wait_for_log(dns, "local.test", 1, "AAAA")

    def test_literal_with_a_zone_needs_no_name_server(self):
        server = self.start(HttpServer, "::1")
        tool = self.start_tool(NamesTool, self.start_dead())
        zone = socket.if_nametoindex("lo")
        self.assertEqual(tool.fetch(f"http://[::1%25{zone}]:{server.port}/")["good"], 1)

    def start_movable(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.hosts = pathlib.Path(folder.name) / "hosts"
        self.hosts.write_text("127.0.0.1 moving.test\n")
        self.dns = self.start(Dnsmasq, ["--local=/test/"], hosts=self.hosts, hosts_ttl=1)
        return self.start_tool(NamesTool, self.dns)

    def move(self, line):
        self.hosts.write_text(line)
        self.dns.process.send_signal(1)  # SIGHUP: it reads its files again

    def test_name_that_moves_is_followed_without_an_error(self):
        """The old server goes once the TTL has passed, as a careful administrator lets it."""
        tool = self.start_movable()
        old = HttpServer("127.0.0.1")
        new = self.start(HttpServer, "127.0.0.2", old.port)
        url = f"http://moving.test:{old.port}/"
        self.assertEqual(tool.fetch(url, 5)["good"], 5)
        self.move("127.0.0.2 moving.test\n")
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            self.assertEqual(tool.fetch(url)["good"], 1)
            time.sleep(0.05)
        n_old = old.n_served
        old.stop()
        for _ in range(20):
            self.assertEqual(tool.fetch(url)["good"], 1)
        self.assertGreaterEqual(new.n_served, 20)
        self.assertEqual(old.n_served, n_old)

    def test_name_that_moved_while_nobody_asked_costs_no_error(self):
        """Its stale address refuses; the fresh one comes behind it."""
        tool = self.start_movable()
        old = HttpServer("127.0.0.1")
        new = self.start(HttpServer, "127.0.0.2", old.port)
        url = f"http://moving.test:{old.port}/"
        self.assertEqual(tool.fetch(url)["good"], 1)
        self.move("127.0.0.2 moving.test\n")
        old.stop()
        time.sleep(1.2)
        self.assertEqual(tool.fetch(url, 20)["good"], 20)
        self.assertEqual(new.n_served, 20)


if __name__ == "__main__":
    tap.main()
