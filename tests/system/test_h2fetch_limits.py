#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch's (H2T_H2FETCH) limits on real sockets: rates, speeds, streams, windows, waits."""
import os
import re
import socket
import subprocess
import threading
import time

import test_h2fetch as common
from raw_server import END, SETTINGS, RawServer, data, head
from real_servers import H2o
from support import tap

PER_S = 200 * 1000
SIZE = PER_S  # so it takes a second
TOLERANCE_S = 0.15


class Limits(common.WithPlainServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.served / "second").write_bytes(os.urandom(SIZE))

    def spawn(self, *arguments):
        command = [common.H2FETCH, "-sS", "--http2-prior-knowledge", *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    def assert_takes_a_second(self, *arguments):
        """Never less; at most the tolerance more, but for a machine that is busy elsewhere."""
        for _ in range(3):
            done = self.fetch("-w", "%{time_total} ", *arguments)
            self.ended(done, 0)
            times = [float(word) for word in done.stdout.split()]
            self.assertGreaterEqual(min(times), 0.99)
            if max(times) <= 1 + TOLERANCE_S:
                return
        self.fail(f"took {times}")


class Rates(Limits):
    def test_a_body_comes_at_the_rate(self):
        self.assert_takes_a_second("--limit-rate", PER_S, "-o", "x", self.url("second"))
        self.assertEqual((self.folder / "x").read_bytes(), self.content("second"))

    def test_a_body_goes_up_at_the_rate(self):
        # The server gives it back when it has it all, which takes another second: not timed.
        format = "%{size_upload} %{time_starttransfer}"
        upload = ["-T", self.served / "second", "-o", "echo", self.url("x")]
        done = self.fetch("--limit-rate", PER_S, "-w", format, *upload)
        self.ended(done, 0)
        size, begun = done.stdout.split()
        self.assertEqual(int(size), SIZE)
        self.assertGreaterEqual(float(begun), 0.99)
        self.assertLess(float(begun), 2)
        self.assertEqual((self.folder / "echo").read_bytes(), self.content("second"))

    def test_time_is_taken_when_bytes_come(self):
        """Not when the wait for them began: two waits below a limit are not one above it."""
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            conn, _ = listener.accept()
            with conn:
                conn.recv(4096)
                for piece in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"o", b"k"):
                    time.sleep(0.4)
                    conn.sendall(piece)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        command = [common.H2FETCH, "-sS", "--read-timeout", "0.7", "-w", " %{time_starttransfer}", url]
        done = subprocess.run(command, capture_output=True, timeout=30)
        listener.close()
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        body, begun = done.stdout.split()
        self.assertEqual(body, b"ok")
        self.assertGreaterEqual(float(begun), 0.39)

    def test_starts_keep_their_distance(self):
        urls = [self.url("one") for _ in range(11)]
        begun = time.monotonic()
        done = self.fetch("-sS", "--rate", "10/s", *urls)
        elapsed_s = time.monotonic() - begun
        self.ended(done, 0)
        self.assertEqual(done.stdout, self.content() * 11)
        self.assertGreaterEqual(elapsed_s, 0.98)
        self.assertLess(elapsed_s, 3)

    def test_nobody_waits_for_the_start_of_nothing(self):
        listed = f"{self.url('one')}\n# the end\n".encode()
        for arguments, stdin in ((["--input-file", "-"], listed), ([self.url("one")], b"")):
            done = self.fetch("-sS", "--rate", "1/h", *arguments, stdin=stdin)
            self.fetched(done, self.content())

    def test_each_url_has_a_rate_of_its_own(self):
        outputs = [word for i in range(3) for word in ("-o", str(i), self.url("second"))]
        self.assert_takes_a_second("--limit-rate", "195.3125K", *outputs)
        for i in range(3):
            self.assertEqual((self.folder / str(i)).read_bytes(), self.content("second"))

    def test_a_body_to_stdout_comes_in_even_pieces(self):
        process = self.spawn("--limit-rate", str(PER_S), self.url("second"))
        pieces = []
        while piece := os.read(process.stdout.fileno(), SIZE):
            pieces.append(len(piece))
        process.stdout.close()
        self.assertEqual((process.wait(common.LIMIT_S), sum(pieces)), (0, SIZE))
        self.assertGreater(len(pieces), 5)


class Speeds(Limits):
    def test_what_is_too_slow_is_28(self):
        limits = ["--limit-rate", "20K", "-Y", "100K", "-y", "0.5"]
        done = self.fetch(*limits, "-o", "x", self.url("second"))
        self.failed(done, 28, r"\(28\) http.* : slower than 102400 bytes/s for 500 ms; x.part .*")

    def test_a_server_that_says_nothing_more_is_too_slow(self):
        with RawServer([SETTINGS, head(1, 100), data(1, b"half")]) as server:
            done = self.fetch("-y", "0.3", "-o", "x", server.url())
        self.failed(done, 28, r"\(28\) http.* : slower than 1 bytes/s for 300 ms; x.part removed")

    def test_what_is_fast_enough_goes_on(self):
        limits = ["--limit-rate", PER_S, "-Y", PER_S // 10, "-y", "0.4"]
        done = self.fetch(*limits, self.url("second"))
        self.fetched(done, self.content("second"))

    def test_a_slow_reader_of_ours_is_not_the_servers_slowness(self):
        process = self.spawn("-Y", "10K", "-y", "0.2", self.url("big"))
        os.read(process.stdout.fileno(), 1)
        time.sleep(0.8)
        self.assertEqual(len(process.stdout.read()), common.BIG - 1)
        process.stdout.close()
        self.assertEqual(process.wait(common.LIMIT_S), 0)


def events(trace, what):
    """Of -v: (sent or got, frame, the rest) of each HTTP/2 frame in its order."""
    return re.findall(rf"^\* h2: conn \d+ (sent|got) ({what})(.*)$", trace, re.MULTILINE)


class Flow(Limits):
    def trace(self, *arguments):
        done = self.fetch("-v", *arguments)
        self.ended(done, 0)
        return done.stderr.decode()

    def test_no_more_streams_are_open_than_the_option_says(self):
        outputs = [word for i in range(9) for word in ("-o", str(i), self.url("big"))]
        n_open = most_open = 0
        trace = self.trace("--max-streams", 2, "--max-conns-per-host", 1, *outputs)
        for side, _, rest in events(trace, "HEADERS|DATA"):
            if side == "sent":
                n_open += 1
                most_open = max(most_open, n_open)
            elif "END_STREAM" in rest:
                n_open -= 1
        self.assertEqual((n_open, most_open), (0, 2))

    def test_no_more_connections_are_open_than_the_option_says(self):
        outputs = [word for i in range(4) for word in ("-o", str(i), self.url("second"))]
        done = self.fetch(
            *["--max-streams", 1, "--max-conns-per-host", 2, "--limit-rate", PER_S * 4],
            *["-w", "%{conn_id} ", *outputs],
        )
        self.ended(done, 0)
        self.assertEqual(len(set(done.stdout.split())), 2)

    def test_a_server_sends_no_more_ahead_than_the_window(self):
        trace = self.trace("--window", "128K", "-o", "x", self.url("big"))
        initial = int(re.search(r"INITIAL_WINDOW_SIZE=(\d+)", trace)[1])
        room = most = initial
        for side, frame, rest in events(trace, "WINDOW_UPDATE stream 1|DATA"):
            if side == "sent":
                room += int(re.search(r"increment=(\d+)", rest)[1])
            elif frame == "DATA":
                room -= int(re.search(r"len (\d+)", rest)[1])
            most = max(most, room)
        self.assertLess(initial, most)
        self.assertEqual(most, 128 * 1024)


class Waits(Limits):
    def test_a_url_that_finds_no_room_is_28_when_its_time_is_up(self):
        with RawServer([SETTINGS, head(1, 100), data(1, b"half")]) as server:
            done = self.fetch(
                *["--max-streams", 1, "--max-conns-per-host", 1, "--queue-timeout", 0.2, "-m", 1],
                *["-o", "a", f"{server.url()}a", "-o", "b", f"{server.url()}b"],
            )
        self.ended(done, 28)
        self.assertRegex(done.stderr.decode(), r"/b : queue timeout after 200 ms")
        self.assertRegex(done.stderr.decode(), r"/a : total timeout after 1000 ms")

    def test_a_name_server_that_says_nothing_is_28(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            server = f"127.0.0.1:{silent.getsockname()[1]}"
            begun = time.monotonic()
            done = self.fetch("--dns-servers", server, "--dns-timeout", 0.3, "http://name.test/")
        self.failed(done, 28, r"\(28\) http://name.test/ : .*timeout after 300 ms.*")
        self.assertLess(time.monotonic() - begun, 4)

    def test_every_error_is_passing_when_the_option_says_so(self):
        options = ["-sS", "--retry", 2, "--retry-delay", 0.01, "-w", "%{num_retries}"]
        with RawServer([b"this is not HTTP/2 at all\n", END]) as server:
            once = self.fetch(*options, server.url())
            often = self.fetch(*options, "--retry-all-errors", server.url())
        self.assertEqual((once.returncode, once.stdout), (16, b"0"), once.stderr)
        self.assertEqual((often.returncode, often.stdout), (16, b"2"), often.stderr)


class Version(common.H2fetch):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(H2o(cls.served))

    def test_http_1_1_can_be_chosen_where_the_server_has_both(self):
        trusted = ["--cacert", self.server.ca_file]
        arguments = [*trusted, "-w", "%{http_version}", self.server.url("/one")]
        self.fetched(common.fetch(*arguments), self.content() + b"2")
        self.fetched(common.fetch("--http1.1", *arguments), self.content() + b"1.1")


if __name__ == "__main__":
    tap.main()
