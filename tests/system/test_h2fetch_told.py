#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What h2fetch (H2T_H2FETCH) tells: -w, -v, --report, --trace-frames, failures, progress."""
import json
import os
import signal
import subprocess

import raw_server
import test_h2fetch as common
from raw_server import RawServer
from support import tap

REPORT_KEYS = """url url_effective method status http_version exitcode error phase replay_class
size_download size_upload remote_ip remote_port conn_id stream_id attempts time_queue
time_namelookup time_connect time_appconnect time_starttransfer time_total filename""".split()


class Reports(common.WithPlainServer):
    def test_a_report_has_the_keys_of_the_contract(self):
        done = self.fetch("--report", "-", "-o", "file", self.url())
        report = json.loads(done.stdout)
        self.assertEqual(list(report), REPORT_KEYS)
        self.assertEqual((report["status"], report["exitcode"], report["error"]), (200, 0, None))
        self.assertEqual((report["size_download"], report["filename"]), (10, "file"))
        self.assertGreater(report["time_total"], 0)

    def test_a_failure_is_reported_too(self):
        done = self.fetch("-s", "--report", "r", "http://127.0.0.1:1/x#secret")
        self.ended(done, 7)
        report = json.loads((self.folder / "r").read_text())
        self.assertEqual(list(report), REPORT_KEYS)
        self.assertEqual((report["url"], report["exitcode"]), ("http://127.0.0.1:1/x", 7))
        self.assertEqual((report["phase"], report["replay_class"]), ("connect", "never_sent"))

    def test_two_things_on_stdout_are_a_usage_error(self):
        self.failed(self.fetch("--report", "-", self.url()), 2, r"--report - and a body .*")
        lines = f"{self.url()}\tfile\n{self.url()}\n".encode()
        done = self.fetch("--report", "-", "--input-file", "-", stdin=lines)
        self.failed(done, 2, r"\(2\) stdin:2: .* : no file for the body, and --report - .*")

    def test_write_out_comes_after_each_body(self):
        done = self.fetch("-w", r"%{http_code} 5%% \t%{header{Content-Length}}\n", *[self.url()] * 2)
        self.fetched(done, (self.content() + b"200 5% \t10\n") * 2)

    def test_write_out_can_come_from_a_file(self):
        (self.folder / "format").write_text("[%{content_type}|%{filename_effective}]")
        done = self.fetch("-w", "@format", "-o", "x", self.url("two.txt"))
        self.fetched(done, b"[text/plain|x]")

    def test_redirects_are_followed_when_asked_for(self):
        (self.served / "folder").mkdir(exist_ok=True)
        (self.served / "folder" / "index.html").write_text("index")
        done = self.fetch("-L", "-w", " %{http_code} %{num_redirects} %{url_effective}", self.url("folder"))
        self.fetched(done, f"index 200 1 {self.url('folder/')}".encode())

    def test_too_many_redirects_are_47(self):
        (self.served / "folder").mkdir(exist_ok=True)
        done = self.fetch("-L", "--max-redirs", "0", self.url("folder"))
        self.failed(done, 47, r"\(47\) http://.*/folder : more than 0 redirects, the last one to .*")

    def test_a_bad_number_of_redirects_is_a_usage_error(self):
        self.failed(self.fetch("-L", "--max-redirs", "x", self.url()), 2, '--max-redirs: "x" .*')

    def test_write_out_tells_where_a_redirect_leads(self):
        (self.served / "folder").mkdir(exist_ok=True)
        done = self.fetch("-o/dev/null", "-w", "%{http_code} %{redirect_url}", self.url("folder"))
        self.fetched(done, f"301 {self.url('folder/')}".encode())

    def test_write_out_tells_failures(self):
        done = self.fetch("-s", "-w", "%{http_code} %{exitcode} %{errormsg}", "http://127.0.0.1:1")
        self.ended(done, 7)
        self.assertRegex(done.stdout, rb"\A000 7 .*connection refused")

    def test_all_variables_fit_into_json(self):
        done = self.fetch("-o/dev/null", "-w", "%{json}", self.url())
        values = json.loads(done.stdout)
        self.assertEqual((values["http_code"], values["size_download"]), (200, 10))
        self.assertGreaterEqual(values["time_total"], values["time_starttransfer"])

    def test_an_unknown_variable_is_a_usage_error(self):
        done = self.fetch("-w", "%{http_code} %{frob}", self.url())
        self.failed(done, 2, r"--write-out: unknown variable %\{frob\}")

    def test_verbose_tells_frames_and_hides_secrets(self):
        done = self.fetch("-v", "-o/dev/null", "-H", "authorization: secret", self.url())
        told = done.stderr.decode()
        for line in ("> GET /one HTTP/2", "> authorization: [hidden]", "< HTTP/2 200"):
            self.assertIn(f"{line}\n", told)
        self.assertRegex(told, r"\n\* h2: conn 1 got DATA stream 1 len 10 END_STREAM\n")
        self.assertNotIn("secret", told)

    def test_frames_are_traced_in_their_order(self):
        secret = ["-H", "authorization: secret"]
        self.ended(self.fetch("--trace-frames", "trace", *secret, "-o", "x", self.url()), 0)
        lines = (self.folder / "trace").read_text().splitlines()
        frames = [json.loads(line) for line in lines]
        for frame in frames:
            self.assertEqual(list(frame)[:7], "t conn dir type stream flags len".split())
        told = [(frame["dir"], frame["type"]) for frame in frames if frame["stream"] == 1]
        self.assertEqual(told[:2], [("sent", "HEADERS"), ("received", "HEADERS")])
        body = [frame for frame in frames if frame["type"] == "DATA"]
        self.assertEqual((body[-1]["dir"], body[-1]["flags"] & 1), ("received", 1))
        self.assertEqual(sum(frame["len"] for frame in body), 10)
        self.assertEqual(sorted(frame["t"] for frame in frames), [frame["t"] for frame in frames])
        self.assertNotIn("secret", "".join(lines))

    def test_a_trace_can_have_stdout_for_itself(self):
        done = self.fetch("--trace-frames", "-", "-o", "x", self.url())
        self.ended(done, 0)
        self.assertEqual({json.loads(line)["conn"] for line in done.stdout.splitlines()}, {1})
        for other in (["-o", "x", "--report", "-"], []):
            done = self.fetch("--trace-frames", "-", *other, self.url())
            self.failed(done, 2, "--trace-frames - and .* are two things on stdout")
        listed = self.fetch("--trace-frames", "-", "--input-file", "-", stdin=self.url().encode())
        self.failed(listed, 2, r"\(2\) stdin:1: .* : no file for the body, and --trace-frames - .*")


class Failures(common.WithPlainServer):
    def test_a_refused_status_is_22_without_a_body(self):
        done = self.fetch("-f", "-o", "file", self.url("nothing"))
        self.failed(done, 22, r"\(22\) http://.*/nothing : status 404")
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(self.fetch("-fs", self.url("nothing")).stdout, b"")

    def test_a_refused_status_can_keep_its_body(self):
        done = self.fetch("--fail-with-body", "-o", "file", self.url("nothing"))
        self.failed(done, 22, r"\(22\) http://.*/nothing : status 404")
        self.assertIn(b"404", (self.folder / "file").read_bytes())

    def test_silence_hides_errors_unless_they_are_wanted(self):
        url = "http://127.0.0.1:1/"
        self.assertEqual(self.fetch("-s", url).stderr, b"")
        self.failed(self.fetch("-sS", url), 7, rf"\(7\) {url} : .*connection refused")

    def test_silence_hides_what_is_no_single_urls_failure_too(self):
        for code, arguments in {
            23: ["-D", "/no/folder/x"],
            26: ["-d", "@missing"],
        }.items():
            done = self.fetch(*arguments, "-s", self.url())
            self.assertEqual((done.returncode, done.stderr), (code, b""))
        done = self.fetch("-s", "-D", "/dev/full", "-o", "x", self.url())
        self.assertEqual((done.returncode, done.stderr), (23, b""))

    def test_side_outputs_are_named_by_option_and_file(self):
        for option in ("--dump-header", "--report", "--trace-frames"):
            done = self.fetch(option, "/no/folder/x", self.url())
            self.failed(done, 23, rf'\(23\) {option}: cannot write "/no/folder/x": No such .*')
            done = self.fetch(option, "/dev/full", self.url())
            self.failed(done, 23, rf"\(23\) {option}: could not write /dev/full: No space .*")

    def test_what_cannot_be_read_is_26_and_named_by_its_option(self):
        for option, file in {"data": "@no", "header": "@no", "input-file": "no"}.items():
            done = self.fetch(f"--{option}", file, self.url())
            self.failed(done, 26, rf'\(26\) --{option}: cannot read "no": No such .*')

    def test_what_does_not_come_whole_does_not_stay(self):
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.data(1, b"half")]
        ends = {18: raw_server.END, 92: raw_server.reset(1, 2)}
        for code, end in ends.items():
            with self.subTest(code), RawServer([*script, end]) as server:
                done = self.fetch("-o", "file", server.url())
                self.failed(done, code, rf"\({code}\) http.* : .*4 of 100 bytes.*; file.part removed")
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_old_file_survives_a_failure(self):
        (self.folder / "file").write_bytes(b"old")
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.END]
        with RawServer(script) as server:
            self.ended(self.fetch("-s", "-o", "file", server.url()), 18)
        self.assertEqual((self.folder / "file").read_bytes(), b"old")

    def test_two_writers_of_one_file_refuse_each_other(self):
        with RawServer([raw_server.SETTINGS, raw_server.head(1, 100)]) as server:
            process = subprocess.Popen(
                [common.H2FETCH, "--http2-prior-knowledge", "-m", "2", "--input-file", "-"],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            process.stdin.write(f"{server.url()}\tfile\n".encode())
            process.stdin.flush()
            common.wait_until((self.folder / "file.part").exists)
            _, told = process.communicate(f"{self.url()}\tfile\n".encode(), timeout=common.LIMIT_S)
        self.assertIn(b"/one : file.part is being written already\n", told)
        self.assertEqual(process.returncode, 28)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_limits_are_28_and_name_themselves(self):
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.data(1, b"half")]
        with RawServer(script) as server:
            done = self.fetch("-m", "0.3", "-o", "file", server.url())
            self.failed(done, 28, r"\(28\) http.* : total timeout after 300 ms.*")
            done = self.fetch("--read-timeout", "0.3", "-o", "file", server.url())
            self.failed(done, 28, r"\(28\) http.* : read.* timeout after 300 ms.*")

    def test_the_connect_limit_covers_the_handshake(self):
        with RawServer([]) as server:
            url = f"https://127.0.0.1:{server.port}/"
            done = common.fetch("--connect-timeout", "0.3", url)
        self.failed(done, 28, rf"\(28\) {url} : connect.* timeout after 300 ms.*")

    def test_urls_that_make_no_sense_are_3_and_schemes_1(self):
        self.failed(self.fetch("http://h:99999/"), 3, r"\(3\) http://h:99999/ : .*")
        self.failed(self.fetch("gopher://h/"), 1, r"\(1\) gopher://h/ : .*")

    def test_an_interrupt_ends_it_with_130_and_leaves_no_part(self):
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.data(1, b"half")]
        with RawServer(script) as server:
            process = subprocess.Popen(
                [common.H2FETCH, "--http2-prior-knowledge", "-o", "file", server.url(), server.url()],
                cwd=self.folder,
                stderr=subprocess.PIPE,
            )
            common.wait_until((self.folder / "file.part").exists)
            process.send_signal(signal.SIGINT)
            told = process.communicate()[1].decode()
        self.assertRegex(told, r"\Ah2fetch: \(130\) interrupted.* cut short; removed: file.part\n\Z")
        self.assertEqual(process.returncode, 130)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_interrupt_that_removes_nothing_does_not_say_so(self):
        with RawServer([raw_server.SETTINGS, raw_server.head(1, 100), b""]) as server:
            process = subprocess.Popen(
                [common.H2FETCH, "--http2-prior-knowledge", "-i", server.url()],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            os.read(process.stdout.fileno(), 10)
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=common.LIMIT_S)[1]
        self.assertEqual(told, b"h2fetch: (130) interrupted, 0 done, 1 cut short\n")

    def test_an_interrupt_keeps_what_has_come_to_stdout(self):
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.data(1, b"half")]
        with RawServer(script) as server:
            process = subprocess.Popen(
                [common.H2FETCH, "-s", "--http2-prior-knowledge", server.url()],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            self.assertEqual(os.read(process.stdout.fileno(), 100), b"half")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.communicate(timeout=common.LIMIT_S), (b"", b""))
        self.assertEqual(process.returncode, 130)

    def test_the_bodies_behind_a_failure_still_come(self):
        script = [raw_server.SETTINGS, raw_server.head(1, 100), raw_server.END]
        with RawServer(script) as server:
            done = self.fetch("-s", self.url(), server.url(), "http://", self.url("two.txt"))
        self.ended(done, 18)
        self.assertEqual(done.stdout, self.content() + self.content("two.txt"))


class Progress(common.H2fetch):
    """On a terminal, against a server that stays silent for half a second."""

    def shown(self, *options, stdout):
        terminal, its_end = os.openpty()
        with RawServer([]) as server:
            command = [common.H2FETCH, "--http2-prior-knowledge", "-m", "0.5", *options, server.url()]
            streams = {"stdout": its_end if stdout is None else stdout, "stderr": its_end}
            code = subprocess.run(command, timeout=common.LIMIT_S, cwd=self.folder, **streams).returncode
        os.close(its_end)
        self.assertEqual(code, 28)
        output = os.read(terminal, 10000).decode()
        os.close(terminal)
        return output

    def test_it_is_drawn_and_taken_away_before_the_error(self):
        output = self.shown(stdout=subprocess.DEVNULL)
        self.assertRegex(output, r"\A\r\033\[K0/1  0 B  0 B/s  1 stream on 1 connection")
        self.assertRegex(output, r"\r\033\[Kh2fetch: \(28\) [^\r]*\r\n1 URL  1 failed  0 B in 0.\d s")
        self.assertTrue(output.endswith("  0 B/s\r\n"))

    def test_a_bar_is_drawn_where_it_is_asked_for(self):
        output = self.shown("-#", stdout=subprocess.DEVNULL)
        self.assertRegex(output, r"\A\r\033\[K\[> {25}\]   0%  0/1  0 B  0 B/s")

    def test_what_waits_for_its_turn_is_no_stream(self):
        limits = ["--max-streams", "1", "--max-conns-per-host", "1"]
        with RawServer([]) as server:
            output = self.shown(*limits, *[server.url()] * 2, stdout=subprocess.DEVNULL)
        self.assertIn("0/3  0 B  0 B/s  2 streams on 2 connections", output)

    def test_it_leaves_the_terminal_to_bodies(self):
        self.assertNotIn("0/1", self.shown(stdout=None))
        self.assertIn("0/1", self.shown("-o", "file", stdout=None))

    def test_it_is_not_drawn_when_silent_or_unwanted(self):
        for option in ("-sS", "--no-progress-meter"):
            self.assertNotIn("0/1", self.shown(option, stdout=subprocess.DEVNULL))


if __name__ == "__main__":
    tap.main()
