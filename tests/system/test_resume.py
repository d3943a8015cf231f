#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""h2fetch (H2T_H2FETCH) and transfers that were cut: -C, -r, and --retry inside a body."""
import http.server
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS)]
from support import tap  # noqa: E402

H2FETCH = os.environ["H2T_H2FETCH"]
LIMIT_S = 30
BODY = bytes(range(256)) * 400
CUT = 30000


class Handler(http.server.BaseHTTPRequestHandler):
    """BODY in ranges; /cut/... stops in the middle of what was asked for without a range."""

    def do_GET(self):
        self.server.seen.append({k.lower(): v for k, v in self.headers.items()})
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.before_answer()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        kind = self.path.split("/")[1]
        first = int(asked[1]) if asked and kind != "deaf" else None
        condition = self.headers.get("if-range")
        if condition and condition != self.server.tag and kind != "careless":
            first = None
        if kind in ("flaky", "hung"):
            self.server.n_cuts -= 1
            self.head(200, len(BODY), kind)
            self.wfile.write(BODY[:CUT] if self.server.n_cuts >= 0 else BODY)
            if kind == "hung" and self.server.n_cuts >= 0:
                self.server.closing.wait(LIMIT_S)
        elif kind == "none":
            self.head(404, 0, kind)
        elif first is None:
            self.head(200, len(BODY), kind)
            self.wfile.write(BODY[:CUT] if kind in ("cut", "plain", "weak", "slow") else BODY)
            if kind == "slow":
                self.server.closing.wait(LIMIT_S)
        elif first >= len(BODY):
            self.head(416, 4, kind, [("content-range", f"bytes */{len(BODY)}")])
            self.wfile.write(b"none")
        else:
            first += kind == "shifted"
            where = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
            if kind == "unknown":
                where = f"bytes {first}-{len(BODY)}/*"
            if kind == "short":
                where = f"bytes {first}-{len(BODY) - 2}/{len(BODY)}"
            self.head(206, len(BODY) - first, kind, [("content-range", where)])
            self.wfile.write(BODY[first : first + 10] if kind == "torn" else BODY[first:])

    do_POST = do_GET

    def do_PUT(self):
        self.server.seen.append({k.lower(): v for k, v in self.headers.items()})
        self.server.uploaded = self.rfile.read(int(self.headers["content-length"]))
        self.head(201, 0, "")

    def head(self, status, length, kind, fields=()):
        self.send_response(status)
        if kind == "weak":
            fields = [*fields, ("accept-ranges", "bytes"), ("etag", "W/" + self.server.tag)]
        elif kind != "plain":
            fields = [*fields, ("accept-ranges", "bytes"), ("etag", self.server.tag)]
        for name, value in [*fields, ("content-length", str(length))]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.tag = '"one"'
        self.n_cuts = 2
        self.closing = threading.Event()
        self.before_answer = lambda: None

    def url(self, path):
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()


class WithServer(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server())
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "file"
        self.part = self.folder / "file.part"

    def fetch(self, *arguments):
        command = [H2FETCH, "-sS", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, cwd=self.folder, timeout=LIMIT_S)

    def ended(self, code, *arguments):
        done = self.fetch(*arguments)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stderr.decode()

    def files(self):
        return sorted(path.name for path in self.folder.iterdir())


class Resume(WithServer):
    def test_a_cut_transfer_goes_on_where_it_stopped(self):
        told = self.ended(18, "-o", "file", self.server.url("cut"))
        self.assertIn("; file.part kept, -C - goes on from it", told)
        self.assertEqual(self.files(), ["file.part", "file.part.validator"])
        self.assertEqual(self.part.read_bytes(), BODY[:CUT])
        self.ended(0, "-C", "-", "-o", "file", self.server.url("cut"))
        self.assertEqual(self.file.read_bytes(), BODY)
        self.assertEqual(self.files(), ["file"])
        asked = self.server.seen[-1]
        self.assertEqual((asked["range"], asked["if-range"]), (f"bytes={CUT}-", '"one"'))

    def test_without_c_a_part_of_ours_is_written_anew(self):
        self.ended(18, "-o", "file", self.server.url("cut"))
        self.ended(0, "-o", "file", self.server.url("whole"))
        self.assertEqual(self.file.read_bytes(), BODY)
        self.assertEqual(self.files(), ["file"])

    def test_another_version_is_not_mixed_with_the_first(self):
        for kind in ("whole", "careless"):
            self.server.tag = '"one"'
            self.ended(18, "-o", "file", self.server.url("cut"))
            self.server.tag = '"two"'
            told = self.ended(33, "-C", "-", "-o", "file", self.server.url(kind))
            self.assertRegex(told, "another version now than .*; file.part removed")
            self.assertEqual(self.files(), [])

    def test_a_part_stays_till_the_server_has_another_version(self):
        self.ended(18, "-o", "file", self.server.url("cut"))
        gone = "http://127.0.0.1:1/"
        for code, url in ((33, self.server.url("deaf")), (7, gone), (22, self.server.url("none"))):
            told = self.ended(code, "-f", "-C", "-", "-o", "file", url)
            self.assertIn("; file.part kept, -C - goes on from it", told)
            self.assertEqual(self.part.read_bytes(), BODY[:CUT])
        self.ended(0, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))

    def test_what_is_not_the_beginning_of_a_body_is_not_kept(self):
        for options in (["-i"], ["-d", "data"], ["--compressed"]):
            told = self.ended(18, *options, "-o", "file", self.server.url("cut"))
            self.assertIn("; file.part removed", told)
        told = self.ended(18, "-r", "1000-", "-o", "file", self.server.url("torn"))
        self.assertIn("; file.part removed", told)
        self.assertEqual(self.files(), [])

    def test_a_rest_that_is_cut_is_gone_on_with_as_well(self):
        self.ended(18, "-o", "file", self.server.url("cut"))
        self.ended(18, "-C", "-", "-o", "file", self.server.url("torn"))
        self.assertEqual(self.part.read_bytes(), BODY[: CUT + 10])
        self.ended(0, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))

    def test_a_rest_without_its_end_is_33_and_one_that_is_too_short_18(self):
        self.file.write_bytes(BODY[:10])
        told = self.ended(33, "-C", "-", "-o", "file", self.server.url("short"))
        self.assertIn("goes on from byte 10, but not to the end", told)
        told = self.ended(18, "-C", "-", "-o", "file", self.server.url("unknown"))
        self.assertIn("not as long as its content-range: 102390 of 102391 bytes", told)
        self.assertEqual(self.file.read_bytes(), BODY[:10])

    def test_a_part_behind_a_link_is_found(self):
        (self.folder / "sub").mkdir()
        (self.folder / "link").symlink_to("sub/file")
        self.ended(18, "-o", "link", self.server.url("cut"))
        self.ended(0, "-C", "-", "-o", "link", self.server.url("whole"))
        self.assertEqual(self.server.seen[-1]["range"], f"bytes={CUT}-")
        self.assertEqual((self.folder / "sub/file").read_bytes(), BODY)

    def test_a_strangers_note_is_not_touched(self):
        note = self.folder / "file.part.validator"
        note.symlink_to("precious")
        told = self.ended(18, "-o", "file", self.server.url("cut"))
        self.assertIn("; file.part removed", told)
        self.assertTrue(note.is_symlink())
        self.assertFalse((self.folder / "precious").exists())

    def test_without_a_strong_validator_nothing_is_kept(self):
        for kind in ("plain", "weak"):
            told = self.ended(18, "-o", "file", self.server.url(kind))
            self.assertIn("; file.part removed", told)
            self.assertEqual(self.files(), [])

    def test_a_file_goes_on_and_stays_till_it_is_whole(self):
        self.file.write_bytes(BODY[:1000])
        told = self.ended(33, "-C", "-", "-o", "file", self.server.url("deaf"))
        self.assertIn("does not go on from byte 1000", told)
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY[:1000]))
        self.ended(0, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))
        self.assertNotIn("if-range", self.server.seen[-1])

    def test_a_whole_file_is_left_as_it_is(self):
        self.file.write_bytes(BODY)
        self.ended(0, "-f", "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))

    def test_a_chosen_offset_is_where_it_goes_on(self):
        self.file.write_bytes(BODY[:500] + b"wrong")
        self.ended(0, "-C", "500", "-o", "file", self.server.url("whole"))
        self.assertEqual(self.file.read_bytes(), BODY)
        done = self.fetch("-C", "100000", self.server.url("whole"))
        self.assertEqual((done.returncode, done.stdout), (0, BODY[100000:]))

    def test_an_offset_behind_the_end_is_36(self):
        self.file.write_bytes(b"four")
        told = self.ended(36, "-C", "5", "-o", "file", self.server.url("whole"))
        self.assertIn("--continue-at: 5 is behind the end of file (4 bytes)", told)
        self.assertEqual(self.file.read_bytes(), b"four")

    def test_another_place_than_asked_for_is_33(self):
        self.file.write_bytes(BODY[:10])
        told = self.ended(33, "-C", "-", "-o", "file", self.server.url("shifted"))
        self.assertIn("goes on from another place than byte 10", told)
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY[:10]))

    def test_a_part_that_vanished_meanwhile_is_no_beginning(self):
        self.ended(18, "-o", "file", self.server.url("cut"))
        self.server.before_answer = self.part.unlink
        told = self.ended(23, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertIn("file: what had come has changed meanwhile", told)
        self.assertFalse(self.file.exists())
        self.assertFalse(self.part.exists())

    def test_outputs_that_meet_in_a_part_are_a_usage_error(self):
        urls = [self.server.url("whole"), "-o", "file.part", self.server.url("whole")]
        self.ended(2, "-o", "file", *urls)

    def test_an_interrupt_keeps_the_part(self):
        process = subprocess.Popen(
            [H2FETCH, "-sS", "-o", "file", self.server.url("slow")],
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )
        deadline = time.monotonic() + LIMIT_S
        while not (self.part.exists() and self.part.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=LIMIT_S)[1].decode()
        self.assertEqual(process.returncode, 130)
        self.assertIn("; kept for -C: file.part", told)
        self.ended(0, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))

    def test_a_strangers_part_is_not_touched(self):
        self.part.write_bytes(b"precious")
        self.ended(23, "-C", "-", "-o", "file", self.server.url("whole"))
        self.assertEqual(self.part.read_bytes(), b"precious")

    def test_an_upload_goes_on_with_its_rest(self):
        self.file.write_bytes(BODY)
        self.ended(0, "-C", "1000", "-T", "file", self.server.url("up"))
        self.assertEqual(self.server.uploaded, BODY[1000:])
        where = f"bytes 1000-{len(BODY) - 1}/{len(BODY)}"
        self.assertEqual(self.server.seen[-1]["content-range"], where)
        self.ended(36, "-C", str(len(BODY) + 1), "-T", "file", self.server.url("up"))
        self.ended(18, "-C", str(len(BODY)), "-T", "file", self.server.url("up"))
        self.ended(0, "-C", "-", "-T", "file", self.server.url("up"))
        self.assertEqual(self.server.uploaded, BODY)

    def test_the_answer_to_an_upload_begins_its_file(self):
        self.file.write_bytes(BODY)
        self.ended(0, "-C", "1000", "-T", "file", "-o", "answer", self.server.url("up"))
        self.assertEqual((self.folder / "answer").read_bytes(), b"")

    def test_where_nothing_is_kept_an_offset_is_just_one(self):
        self.ended(0, "-C", "1000", "-o", "/dev/null", self.server.url("whole"))
        self.assertEqual(self.server.seen[-1]["range"], "bytes=1000-")

    def test_a_range_without_an_answer_is_22_without_a_body(self):
        done = self.fetch("-f", "-r", "999999-", self.server.url("whole"))
        self.assertEqual((done.returncode, done.stdout), (22, b""))

    def test_options_that_do_not_go_together_are_usage_errors(self):
        for option in (["-r", "0-4"], ["--compressed"]):
            self.ended(2, "-C", "-", *option, self.server.url("whole"))
        self.assertIn("--continue-at: ", self.ended(2, "-C", "five", self.server.url("whole")))


class Again(WithServer):
    """--retry, where some of a body has come."""

    TOLD = ("-w", "%{num_retries} %{size_download} %{exitcode}")

    def tried(self, code, told, *arguments):
        done = self.fetch("--retry-delay", "0.05", *self.TOLD, "-o", "file", *arguments)
        self.assertEqual((done.returncode, done.stdout.decode()), (code, told), done.stderr)

    def test_a_body_that_was_cut_begins_anew(self):
        url = self.server.url("flaky")
        self.tried(0, f"2 {len(BODY)} 0", "--retry", "2", "--retry-all-errors", "--report", "r", url)
        self.assertEqual((self.files(), self.file.read_bytes()), (["file", "r"], BODY))
        self.assertEqual(json.loads((self.folder / "r").read_text())["attempts"], 3)

    def test_a_body_that_stands_still_begins_anew(self):
        limits = ("--retry", "5", "--read-timeout", "0.3")
        self.tried(0, f"2 {len(BODY)} 0", *limits, self.server.url("hung"))
        self.assertEqual((self.files(), self.file.read_bytes()), (["file"], BODY))

    def test_tries_have_an_end_and_what_came_last_is_kept(self):
        self.server.n_cuts = 100
        self.tried(18, f"3 {CUT} 18", "--retry", "3", "--retry-all-errors", self.server.url("flaky"))
        self.assertEqual((self.server.n_cuts, self.part.read_bytes()), (96, BODY[:CUT]))

    def test_a_cut_alone_is_no_reason(self):
        self.tried(18, f"0 {CUT} 18", "--retry", "3", self.server.url("flaky"))
        self.assertEqual(self.server.n_cuts, 1)

    def test_the_limit_for_all_of_it_covers_all_tries(self):
        self.server.n_cuts = 100
        limits = ("--retry", "100", "--read-timeout", "0.3", "-m", "1")
        begun = time.monotonic()
        done = self.fetch("--retry-delay", "0.05", *limits, "-o", "file", self.server.url("hung"))
        self.assertEqual(done.returncode, 28, done.stderr)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn(self.server.n_cuts, range(96, 99))

    def test_what_went_to_stdout_stays_what_it_is(self):
        done = self.fetch("--retry", "3", "--retry-all-errors", self.server.url("flaky"))
        self.assertEqual((done.returncode, done.stdout), (18, BODY[:CUT]))

    def test_a_part_that_was_there_is_gone_on_with_again(self):
        self.ended(18, "-o", "file", self.server.url("cut"))
        again = ("--retry", "2", "--retry-delay", "0.05", "--retry-all-errors")
        self.ended(18, *again, "-C", "-", "-o", "file", self.server.url("torn"))
        ranges = [fields.get("range") for fields in self.server.seen[1:]]
        self.assertEqual(ranges, [f"bytes={CUT}-"] * 3)
        self.assertEqual(self.part.read_bytes(), BODY[: CUT + 10])

    def test_an_interrupt_ends_the_rest_between_two_tries(self):
        command = [H2FETCH, "-sS", "--retry", "9", "--retry-all-errors", "--retry-delay", "60"]
        process = subprocess.Popen(
            [*command, "-o", "file", self.server.url("flaky")],
            stderr=subprocess.PIPE,
            cwd=self.folder,
        )
        deadline = time.monotonic() + LIMIT_S
        while self.server.n_cuts == 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=LIMIT_S)[1].decode()
        self.assertEqual((process.returncode, self.files()), (130, []))
        self.assertIn("interrupted, 0 done, 1 cut short", told)


if __name__ == "__main__":
    tap.main()
