#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) as its user meets it: options, requests, output."""
import contextlib
import json
import os
import pathlib
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "tools"), str(TESTS / "system")]
from support import tap  # noqa: E402
from loopback_server import LoopbackServer  # noqa: E402
import raw_server  # noqa: E402
from raw_server import RawServer  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LIMIT_S = 30
BIG = 3 * 1024 * 1024


class PlainServer(LoopbackServer):
    """nghttpd without TLS; what it says about requests goes to a file."""

    def __init__(self, document_root, *options):
        super().__init__(document_root)
        self.options = options

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def log(self):
        return pathlib.Path(self.folder.name, "log").read_text()

    def _spawn(self):
        options = ["--no-tls", "-v", "--echo-upload", "--address=127.0.0.1", *self.options]
        with open(pathlib.Path(self.folder.name, "log"), "w") as log:
            return subprocess.Popen(
                ["nghttpd", *options, f"--htdocs={self.document_root}", str(self.port)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.DEVNULL,
            )


def fetch(*arguments, stdin=b"", **options):
    """The ended process; its output is bytes."""
    return subprocess.run(
        [H2FETCH, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=LIMIT_S,
        **options,
    )


def wait_until(is_true):
    deadline = time.monotonic() + LIMIT_S
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)


class H2fetch(unittest.TestCase):
    """A folder of one's own, and files that a server gives."""

    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.TemporaryDirectory(prefix="h2fetch-")
        cls.addClassCleanup(cls.top.cleanup)
        cls.served = pathlib.Path(cls.top.name, "served")
        cls.served.mkdir()
        (cls.served / "one").write_bytes(b"the first\n")
        (cls.served / "two.txt").write_bytes(b"the second\n")
        (cls.served / "empty").write_bytes(b"")
        (cls.served / "big").write_bytes(os.urandom(BIG))

    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir=self.top.name)
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def ended(self, done, code):
        self.assertEqual(done.returncode, code, done.stderr.decode())

    def fetched(self, done, output):
        self.ended(done, 0)
        self.assertEqual(done.stdout, output)

    def failed(self, done, code, pattern):
        """One line on stderr, of this form."""
        self.ended(done, code)
        self.assertRegex(done.stderr.decode(), rf"\Ah2fetch: {pattern}\n\Z")

    def content(self, name="one"):
        return (self.served / name).read_bytes()


class WithPlainServer(H2fetch):
    server_options = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(PlainServer(cls.served, *cls.server_options))

    def url(self, name="one"):
        return self.server.url(f"/{name}")

    def fetch(self, *arguments, **options):
        return fetch("--http2-prior-knowledge", *arguments, cwd=self.folder, **options)


class Output(WithPlainServer):
    def test_bodies_come_to_stdout_whole_and_in_the_order_given(self):
        names = ["big", "one", "big", "empty", "two.txt"] * 3
        done = self.fetch(*map(self.url, names))
        self.fetched(done, b"".join(map(self.content, names)))

    def test_the_nth_output_is_the_nth_urls(self):
        self.ended(self.fetch("-oa", self.url(), "-o", "b", self.url("two.txt")), 0)
        self.assertEqual((self.folder / "a").read_bytes(), self.content("one"))
        self.assertEqual((self.folder / "b").read_bytes(), self.content("two.txt"))

    def test_a_name_can_come_from_the_url(self):
        done = self.fetch("-O", "--output-dir", "x/y", "--create-dirs", self.url("two.txt?q#f"))
        self.ended(done, 0)
        self.assertEqual((self.folder / "x/y/two.txt").read_bytes(), self.content("two.txt"))

    def test_a_url_without_a_name_is_refused_for_remote_name(self):
        self.failed(self.fetch("-O", self.url("")), 23, r"\(23\) --remote-name: http://.*/ does not .*")

    def test_a_folder_that_is_not_there_is_named(self):
        done = self.fetch("-o", "no/file", self.url())
        self.failed(done, 23, r"\(23\) http://.* : could not write no/file: No such file .*")

    def test_a_full_device_is_a_write_error(self):
        done = self.fetch("-o", "/dev/full", self.url())
        self.failed(done, 23, r"\(23\) http://.* : could not write /dev/full: No space left .*")

    def test_a_reader_that_goes_away_is_a_write_error(self):
        process = subprocess.Popen(
            [H2FETCH, "-sS", "--http2-prior-knowledge", self.url("big")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.read(10)
        process.stdout.close()
        self.assertRegex(process.stderr.read(), rb"\Ah2fetch: \(23\) .* stdout: Broken pipe\n\Z")
        process.stderr.close()
        self.assertEqual(process.wait(LIMIT_S), 23)

    def test_a_closed_stdout_is_a_write_error(self):
        command = ["sh", "-c", '"$@" >&-', "sh", H2FETCH, "--http2-prior-knowledge", self.url()]
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S)
        self.failed(done, 23, r"\(23\) http.* : could not write stdout: Bad file descriptor")

    def test_a_descriptor_by_its_name_keeps_what_was_written(self):
        log = self.folder / "log"
        command = [H2FETCH, "-sS", "--http2-prior-knowledge", "-o", "/dev/fd/1", self.url()]
        with open(log, "wb", buffering=0) as file:
            file.write(b"before\n")
            subprocess.run(command, stdout=file, check=True, timeout=LIMIT_S)
            file.write(b"after\n")
        self.assertEqual(log.read_bytes(), b"before\n" + self.content() + b"after\n")

    def test_a_slow_reader_of_stdout_does_not_stall_a_file(self):
        file = self.folder / "file"
        process = subprocess.Popen(
            [H2FETCH, "-s", "--http2-prior-knowledge"]
            + ["-o", "-", self.url("big"), "-o", str(file), self.url("big")],
            stdout=subprocess.PIPE,
        )
        wait_until(file.exists)
        self.assertEqual(file.read_bytes(), self.content("big"))
        self.assertEqual(process.stdout.read(), self.content("big"))
        process.stdout.close()
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_a_link_stays_and_the_file_behind_it_is_replaced(self):
        (self.folder / "real").write_bytes(b"old")
        (self.folder / "real").chmod(0o600)
        (self.folder / "link").symlink_to("real")
        self.ended(self.fetch("-o", "link", self.url()), 0)
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertEqual((self.folder / "real").read_bytes(), self.content())
        self.assertEqual((self.folder / "real").stat().st_mode & 0o777, 0o600)

    def test_a_link_to_nothing_yet_stays_and_is_followed(self):
        for name in "ab":
            (self.folder / name).mkdir()
        (self.folder / "a/link").symlink_to("../b/next")
        (self.folder / "b/next").symlink_to("file")
        self.ended(self.fetch("-o", "a/link", self.url()), 0)
        self.assertTrue((self.folder / "a/link").is_symlink())
        self.assertTrue((self.folder / "b/next").is_symlink())
        self.assertEqual((self.folder / "b/file").read_bytes(), self.content())

    def test_links_in_a_circle_are_a_write_error(self):
        (self.folder / "link").symlink_to("link")
        done = self.fetch("-o", "link", self.url())
        self.failed(done, 23, r"\(23\) http.* : could not write link: Too many levels .*")

    def test_a_part_that_somebody_left_is_not_touched(self):
        (self.folder / "file.part").write_bytes(b"precious")
        done = self.fetch("-o", "file", self.url())
        self.failed(done, 23, r"\(23\) http.* : file.part is there already and not ours: move it away")
        self.assertEqual((self.folder / "file.part").read_bytes(), b"precious")
        self.assertFalse((self.folder / "file").exists())

    def test_a_part_of_one_that_was_killed_is_written_anew(self):
        with RawServer([raw_server.SETTINGS, raw_server.head(1, 100)]) as server:
            command = [H2FETCH, "--http2-prior-knowledge", "-o", "file", server.url()]
            process = subprocess.Popen(command, cwd=self.folder)
            wait_until(self.is_marked(self.folder / "file.part"))
            process.kill()
            process.wait()
        self.ended(self.fetch("-o", "file", self.url()), 0)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["file"])
        self.assertEqual((self.folder / "file").read_bytes(), self.content())
        self.assertEqual((self.folder / "file").stat().st_mode & stat.S_ISVTX, 0)

    @staticmethod
    def is_marked(path):
        return lambda: path.exists() and path.stat().st_mode & stat.S_ISVTX

    def test_two_outputs_of_one_name_are_refused_at_once(self):
        (self.folder / "sub").mkdir()
        for pair in (("a", "a"), ("./a", "a"), ("sub/../a", "a"), ("new//./a", "new/a")):
            done = self.fetch("--create-dirs", "-o", pair[0], "-o", pair[1], self.url(), self.url())
            self.failed(done, 2, rf'--output: "{pair[1]}" is written by two URLs')
        self.assertEqual([path.name for path in self.folder.iterdir()], ["sub"])

    def test_fields_come_before_the_body_when_included(self):
        self.assertRegex(
            self.fetch("-i", self.url()).stdout.decode(),
            r"\AHTTP/2 200 \r\n([a-z-]+: .*\r\n)+\r\nthe first\n\Z",
        )

    def test_head_prints_fields_only(self):
        output = self.fetch("-I", self.url()).stdout.decode()
        self.assertRegex(output, r"\AHTTP/2 200 \r\n([a-z-]+: .*\r\n)+\r\n\Z")
        self.assertIn("content-length: 10\r\n", output)

    def test_fields_can_go_to_a_file_of_all_urls(self):
        done = self.fetch("-D", "heads", self.url(), self.url("nothing"), "-o", "a", "-o", "b")
        self.ended(done, 0)
        heads = (self.folder / "heads").read_text()
        self.assertEqual(heads.count("HTTP/2 "), 2)
        self.assertIn("HTTP/2 404", heads)


class Pipes(WithPlainServer):
    """Outputs whose readers take their time."""

    def setUp(self):
        super().setUp()
        self.fifo = self.folder / "fifo"
        os.mkfifo(self.fifo)

    def begin(self, *arguments, **options):
        """A run with its own stderr, gone at the latest with the test."""
        command = [H2FETCH, "-sS", "--http2-prior-knowledge", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stderr.close)
        return process

    def failed_soon(self, process, code, pattern):
        _, told = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, code, told)
        self.assertRegex(told.decode(), rf"\Ah2fetch: {pattern}\n\Z")

    def read_slowly(self, reader):
        content = b""
        while piece := os.read(reader, 100_000):
            content += piece
            time.sleep(0.002)
        return content

    def test_a_reader_that_comes_late_and_reads_slowly_stalls_nobody_else(self):
        file = self.folder / "file"
        process = self.begin("-o", self.fifo, self.url("big"), "-o", file, self.url("big"))
        wait_until(file.exists)
        self.assertEqual(file.read_bytes(), self.content("big"))
        with open(self.fifo, "rb", buffering=0) as reader:
            self.assertEqual(self.read_slowly(reader.fileno()), self.content("big"))
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_several_slow_readers_stall_each_only_its_own(self):
        fifos = [self.folder / name for name in "abc"]
        for fifo in fifos:
            os.mkfifo(fifo)
        outputs = [word for fifo in fifos for word in ("-o", fifo, self.url("big"))]
        process = self.begin(*outputs)
        readers = [os.open(fifo, os.O_RDONLY | os.O_NONBLOCK) for fifo in fifos]
        for reader in reversed(readers):
            wait_until(lambda fd=reader: select.select([fd], [], [], 0)[0])
            os.set_blocking(reader, True)
            self.assertEqual(self.read_slowly(reader), self.content("big"))
            os.close(reader)
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_a_pipe_by_its_descriptor_blocks_nobody_and_stays_as_it_was(self):
        reader, end = os.pipe()
        file = self.folder / "file"
        outputs = ["-o", f"/dev/fd/{end}", self.url("big"), "-o", file, self.url("big")]
        process = self.begin(*outputs, pass_fds=[end])
        wait_until(file.exists)
        self.assertTrue(os.get_blocking(end))
        os.close(end)
        self.assertEqual(self.read_slowly(reader), self.content("big"))
        os.close(reader)
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_a_body_of_nothing_is_waited_for_as_well(self):
        process = self.begin("-o", self.fifo, self.url("empty"), "-o/dev/null", self.url())
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.2)
        self.assertEqual(self.fifo.read_bytes(), b"")
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_fields_wait_in_front_of_the_body(self):
        process = self.begin("-i", "-o", self.fifo, self.url("big"))
        time.sleep(0.2)
        head, body = self.fifo.read_bytes().split(b"\r\n\r\n", 1)
        self.assertTrue(head.startswith(b"HTTP/2 200 \r\n"))
        self.assertEqual(body, self.content("big"))
        self.assertEqual(process.wait(LIMIT_S), 0)

    def test_an_interrupt_does_not_wait_for_a_reader(self):
        for name, is_read in (("big", False), ("big", True), ("empty", False)):
            with self.subTest(name, is_read=is_read), contextlib.ExitStack() as readers:
                process = self.begin("-o", self.fifo, self.url(name))
                if is_read:
                    readers.enter_context(open(self.fifo, "rb", buffering=0)).read(1)
                time.sleep(0.2)
                began = time.monotonic()
                process.send_signal(signal.SIGINT)
                self.failed_soon(process, 130, r"\(130\) interrupted, 0 done, 1 cut short.*")
                self.assertLess(time.monotonic() - began, 0.3)

    def test_a_reader_that_leaves_its_fifo_is_a_write_error(self):
        process = self.begin("-o", self.fifo, self.url("big"))
        with open(self.fifo, "rb", buffering=0) as reader:
            self.assertEqual(len(reader.read(1)), 1)
        self.failed_soon(process, 23, r"\(23\) .* could not write .*/fifo: Broken pipe")

    def test_a_fifo_that_nobody_reads_is_28_when_time_is_up(self):
        for name in ("big", "one", "empty"):
            with self.subTest(name):
                began = time.monotonic()
                done = self.fetch("-m", "0.5", "-o", self.fifo, self.url(name))
                self.failed(done, 28, r"\(28\) .* total timeout after 500 .*; nobody reads .*/fifo")
                self.assertLess(time.monotonic() - began, 1.5)


class Requests(WithPlainServer):
    def test_data_is_posted_and_joined(self):
        (self.folder / "lines").write_bytes(b"c=3\r\n\0d=4\n")
        done = self.fetch("-d", "a=1", "--data-raw", "@b", "-d", "@lines", self.url())
        self.fetched(done, b"a=1&@b&c=3d=4")

    def test_binary_data_is_a_file_as_it_is(self):
        (self.folder / "bytes").write_bytes(b"\r\n\0\xff")
        self.fetched(self.fetch("--data-binary", "@bytes", self.url()), b"\r\n\0\xff")

    def test_empty_data_is_a_post_too(self):
        done = self.fetch("-d", "", "-w", "%{json}", "-o/dev/null", self.url(), "--report", "r")
        self.ended(done, 0)
        self.assertEqual(json.loads((self.folder / "r").read_text())["method"], "POST")

    def test_data_can_be_url_encoded(self):
        (self.folder / "file").write_bytes(b"x y")
        forms = ["a b", "=c&d", "e=f g", "@file", "h@file"]
        options = [word for form in forms for word in ("--data-urlencode", form)]
        done = self.fetch(*options, self.url())
        self.fetched(done, b"a+b&c%26d&e=f+g&x+y&h=x+y")

    def test_pieces_of_a_query_follow_the_urls_own(self):
        options = ("--url-query", "a=b c", "--url-query", "+d=%20", "-G", "-d", "e", "-w", "%{url}")
        done = self.fetch(*options, self.url("empty?z#f"))
        self.fetched(done, f"{self.url('empty?z&e&a=b+c&d=%20')}".encode())

    def test_get_puts_the_data_into_the_query(self):
        done = self.fetch("-G", "-d", "a=1", "-d", "b=2", "-w", "%{url}", self.url("empty?c#f"))
        self.fetched(done, f"{self.url('empty?c&a=1&b=2')}".encode())

    def test_json_brings_its_fields(self):
        done = self.fetch("--json", '{"a":', "--json", "1}", self.url("json"))
        self.fetched(done, b'{"a":1}')
        self.assertIn("content-type: application/json", self.server.log)
        self.assertIn("accept: application/json", self.server.log)

    def test_a_file_is_uploaded_and_lends_its_name(self):
        (self.folder / "file x").write_bytes(b"content")
        done = self.fetch("-T", "file x", "-w", " %{url}", self.url("dir/"))
        self.fetched(done, f"content {self.url('dir/file%20x')}".encode())

    def test_stdin_is_uploaded_as_it_comes(self):
        process = subprocess.Popen(
            [H2FETCH, "--http2-prior-knowledge", "-T-", self.url(), "-w", " %{size_upload}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        process.stdin.write(b"some ")
        process.stdin.flush()
        wait_until(lambda: "recv DATA frame <length=5" in self.server.log)
        output, _ = process.communicate(b"more", timeout=LIMIT_S)
        self.assertEqual(output, b"some more 9")

    def test_an_upload_that_is_not_there_is_26(self):
        self.failed(self.fetch("-T", "nothing", self.url("x")), 26, r"\(26\) http.* : .*nothing.*")

    def test_fields_are_added_removed_and_emptied(self):
        (self.folder / "fields").write_bytes(b"x-file: 1\r\n\nx-other: 2\n")
        fields = ["X-One: 1", "accept:", "x-empty;", "@fields", "User-Agent: mine"]
        options = [word for field in fields for word in ("-H", field)]
        self.ended(self.fetch(*options, "-e", "from", self.url("fields")), 0)
        request = self.server.log.split(":path: /fields")[1]
        for line in ("x-one: 1", "x-empty: ", "x-file: 1", "x-other: 2", "user-agent: mine"):
            self.assertIn(f"{line}\n", request)
        self.assertIn("referer: from\n", request)
        self.assertNotIn("accept:", request)

    def test_the_method_and_the_agent_can_be_chosen(self):
        self.ended(self.fetch("-X", "PURGE", "-A", "agent/1", self.url("purged")), 0)
        self.assertRegex(self.server.log, r":method: PURGE\n(.*\n)*.*user-agent: agent/1\n")

    def test_a_name_can_be_resolved_by_hand(self):
        url = f"http://name.test:{self.server.port}/one"
        done = self.fetch("--resolve", f"name.test:{self.server.port}:[::1],127.0.0.1", url)
        self.fetched(done, self.content())


class Many(WithPlainServer):
    server_options = ("--max-concurrent-streams=2",)

    def test_few_streams_at_a_time_are_enough_for_bodies_in_order(self):
        done = self.fetch("-Z", *[self.url("big")] * 6, self.url())
        self.fetched(done, self.content("big") * 6 + self.content())

    def test_the_list_names_urls_and_files(self):
        (self.folder / "list").write_text(f"{self.url()}\ta\r\n\n{self.url('two.txt')}\tb")
        self.ended(self.fetch("--input-file", "list", "--output-dir", "out", "--create-dirs"), 0)
        self.assertEqual((self.folder / "out/a").read_bytes(), self.content())
        self.assertEqual((self.folder / "out/b").read_bytes(), self.content("two.txt"))

    def test_the_list_is_read_as_it_goes(self):
        process = subprocess.Popen(
            [H2FETCH, "--http2-prior-knowledge", "--input-file", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for name in ("one", "two.txt", "one"):
            process.stdin.write(f"{self.url(name)}\n".encode())
            process.stdin.flush()
            self.assertEqual(os.read(process.stdout.fileno(), 100), self.content(name))
        self.assertEqual(process.communicate(timeout=LIMIT_S), (b"", None))

    def test_lines_that_make_no_sense_are_named_by_their_place(self):
        lines = ["\tfile", f"{self.url()}\ta\tb", f"{self.url()}\t", "x" * 70000, self.url()]
        done = self.fetch("--input-file", "-", stdin="\n".join(lines).encode())
        self.ended(done, 2)
        self.assertEqual(done.stdout, self.content())
        places = [line.split(": ")[1] for line in done.stderr.decode().splitlines()]
        self.assertEqual(places, [f"(2) stdin:{n}" for n in range(1, 5)])

    def test_a_line_whose_url_makes_no_sense_is_shown_as_it_stands_there(self):
        done = self.fetch("--input-file", "-", stdin=b"\nexa mple\r\n")
        self.failed(done, 3, r"\(3\) stdin:2: exa mple : .*")
        done = self.fetch("--input-file", "-", stdin=b"gopher://x")
        self.failed(done, 1, r"\(1\) stdin:1: gopher://x : .*")

    def test_a_password_in_a_line_is_not_shown(self):
        for password, code in (("secret", 7), ("sec/ret", 3), ("sec%zzret", 2)):
            line = f"http://u:{password}@127.0.0.1:1/x\tf".encode()
            done = self.fetch("--input-file", "-", stdin=line)
            self.assertEqual(done.returncode, code)
            self.assertNotIn(b"sec", done.stderr)

    def test_outputs_of_the_command_line_are_not_the_lists(self):
        done = self.fetch("-o", "a", self.url(), "--input-file", "-", stdin=self.url().encode())
        self.fetched(done, self.content())

    def test_empty_lines_comments_and_spaces_of_a_list_mean_nothing(self):
        lines = f"# {self.url('big')}\n\n  \r\n  {self.url()} \r\n  # no\n"
        self.fetched(self.fetch("--input-file", "-", stdin=lines.encode()), self.content())

    def test_one_at_a_time_is_in_order(self):
        urls = [self.url("big"), self.url(), self.url("empty")]
        outputs = ["-o", "/dev/null"] * 3
        done = self.fetch("--parallel-max", "1", "--report", "-", *outputs, *urls)
        reports = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([report["url"] for report in reports], urls)
        self.assertEqual({report["conn_id"] for report in reports}, {1})

    def test_the_exit_code_is_the_first_failures_in_the_order_given(self):
        done = self.fetch("-s", "-f", self.url(), self.url("nothing"), "http://")
        self.ended(done, 22)
        done = self.fetch("-s", "-f", self.url(), "http://", self.url("nothing"))
        self.ended(done, 3)

    def test_fail_early_starts_nothing_more(self):
        urls = "\n".join(["http://", *[self.url()] * 500]).encode()
        done = self.fetch("--fail-early", "--input-file", "-", stdin=urls)
        self.failed(done, 3, r"\(3\) stdin:1: http:// : .*")
        self.assertLess(len(done.stdout), 200 * len(self.content()))


class Tls(H2fetch):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(LoopbackServer(cls.served))

    def test_a_trusted_server_is_fetched_from(self):
        done = fetch("--cacert", self.server.ca_file, self.server.url("/one"))
        self.fetched(done, self.content())

    def test_an_untrusted_server_is_60_unless_nobody_cares(self):
        done = fetch(self.server.url("/one"))
        self.failed(done, 60, r"\(60\) https://.* : .*")
        self.fetched(fetch("-k", self.server.url("/one")), self.content())

    def test_a_missing_authority_file_is_77(self):
        done = fetch("--cacert", "/nothing.pem", self.server.url("/one"))
        self.failed(done, 77, r"\(77\) https://.* : .*/nothing.pem.*")


class Usage(H2fetch):
    def test_unknown_options_are_named(self):
        self.failed(fetch("--frob", "http://h"), 2, "--frob: unknown option")
        self.failed(fetch("--ftp-pasv", "http://h"), 2, "--ftp-pasv: unknown option")

    def test_bad_values_are_named_with_their_option(self):
        done = fetch("--max-time", "abc", "http://h")
        self.failed(done, 2, '--max-time: "abc" is not a number of seconds')
        self.failed(fetch("http://h", "-o"), 2, r"--output: needs an argument \(FILE\)")

    def test_stdin_is_read_for_one_thing_only(self):
        for pair in (("-d", "@-", "--input-file", "-"), ("-H", "@-", "-w", "@-")):
            done = fetch(*pair, "http://127.0.0.1/", stdin=b"a: b\n")
            self.failed(done, 2, r"stdin can be read for one thing only \(-d @-, .*\)")

    def test_a_password_in_a_url_is_not_shown(self):
        for password, code in (("secret", 7), ("sec/ret", 3), ("sec%zzret", 2)):
            done = fetch(f"http://u:{password}@127.0.0.1:1/x")
            self.assertEqual(done.returncode, code)
            self.assertNotIn(b"sec", done.stderr)

    def test_no_url_is_a_usage_error(self):
        self.failed(fetch(), 2, r"no URL given \(h2fetch --help\)")

    def test_help_and_version_are_successes(self):
        self.assertIn(b"--output FILE", fetch("-h").stdout)
        self.assertNotIn(b"--data-raw", fetch("--help").stdout)
        self.assertIn(b"--data-raw", fetch("--help", "all").stdout)
        self.assertRegex(fetch("-V").stdout, rb"\Ah2fetch 0\.1\.0 \(.*nghttp2.*\)\nFeatures: .*http2")


if __name__ == "__main__":
    tap.main()
