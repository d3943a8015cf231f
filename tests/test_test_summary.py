#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test run's own judge: it must not take silence, a crash or a hang for success."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

from support import tap

sys.path.insert(0, str(tap.ROOT / "tools"))
import test_summary  # noqa: E402


def run(stdout="", result="OK", returncode=0, stderr="", name="prog"):
    return dict(name=name, stdout=stdout, result=result, returncode=returncode, stderr=stderr)


def summarize(*runs, skips_fail=False):
    """Exit status and output for a log of these runs."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "testlog.json")
        log.write_text("".join(json.dumps(one) + "\n" for one in runs))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = test_summary.summarize([log], skips_fail)
    return status, printed.getvalue()


class Counting(unittest.TestCase):
    def closes_with(self, line, status, *runs, **options):
        got_status, output = summarize(*runs, **options)
        self.assertEqual(output.splitlines()[-1], line)
        self.assertEqual(got_status, status)
        return output

    def test_each_line_counts_apart(self):
        two, one = run("ok 1 - a\nok 2 - b\n1..2"), run("1..1\nok 1")
        self.closes_with("3 passed, 0 failed", 0, two, one)

    def test_a_failed_line_fails_with_its_name_and_the_output(self):
        text = "ok 1 - a\nnot ok 2 - b\n# the detail\n1..2"
        output = self.closes_with("1 passed, 1 failed", 1, run(text, "FAIL", 1, "a trace\n"))
        self.assertIn("FAILED prog: b\n    # the detail\n    a trace\n", output)

    def test_silence_fails(self):
        self.closes_with("0 passed, 1 failed", 1, run("", "SKIP"))

    def test_words_without_a_plan_fail(self):
        self.closes_with("0 passed, 1 failed", 1, run("all is well\n"))

    def test_results_without_a_plan_fail(self):
        self.closes_with("1 passed, 1 failed", 1, run("ok 1 - a\n"))

    def test_fewer_results_than_planned_fail(self):
        self.closes_with("1 passed, 1 failed", 1, run("1..2\nok 1 - a\n", "ERROR"))

    def test_a_crash_after_good_results_fails(self):
        output = self.closes_with("1 passed, 1 failed", 1, run("1..1\nok 1 - a\n", "ERROR", -11))
        self.assertIn("killed by signal 11", output)

    def test_a_time_out_fails(self):
        output = self.closes_with("0 passed, 1 failed", 1, run("1..0\n", "TIMEOUT", -15))
        self.assertIn("time limit", output)

    def test_a_bail_out_fails(self):
        self.closes_with("0 passed, 1 failed", 1, run("1..0\nBail out! no disk\n"))

    def test_an_exit_status_without_a_failed_result_fails(self):
        leaky = run("1..1\nok 1\n", "ERROR", 23, "leak\n")
        output = self.closes_with("1 passed, 1 failed", 1, leaky)
        self.assertIn("exit status 23", output)
        self.assertIn("leak", output)

    def test_a_plan_of_nothing_fails(self):
        self.closes_with("0 passed, 1 failed", 1, run("1..0\n"))


class Skipping(unittest.TestCase):
    whole = run("1..0 # SKIP no server\n", "SKIP")
    single = run("ok 1 - a\nok 2 - b # SKIP no root\n1..2\n")

    def test_a_skip_is_told_and_neither_passed_nor_failed(self):
        status, output = summarize(self.whole, self.single)
        self.assertEqual(status, 0)
        told = "SKIPPED prog\n    no server\nSKIPPED prog: b\n    no root\n"
        self.assertEqual(output, told + "1 passed, 0 failed\n")

    def test_in_the_full_run_every_skip_fails(self):
        status, output = summarize(self.whole, self.single, skips_fail=True)
        self.assertEqual((status, output.splitlines()[-1]), (1, "1 passed, 2 failed"))

    def test_a_run_of_nothing_but_skips_is_no_success(self):
        self.assertEqual(summarize(self.whole)[0], 1)


class Logs(unittest.TestCase):
    def test_a_missing_log_fails(self):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            status = test_summary.summarize(["/nonexistent/testlog.json"], False)
        self.assertEqual((status, printed.getvalue().splitlines()[-1]), (1, "0 passed, 1 failed"))

    def test_of_two_builds_a_failure_tells_which(self):
        with tempfile.TemporaryDirectory() as top, contextlib.redirect_stdout(io.StringIO()) as out:
            logs = [pathlib.Path(top, build, "meson-logs/testlog.json") for build in ("a", "b")]
            for log, result in zip(logs, ("ok 1 - t\n1..1", "not ok 1 - t\n1..1")):
                log.parent.mkdir(parents=True)
                log.write_text(json.dumps(run(result)) + "\n")
            test_summary.summarize(logs, False)
        self.assertEqual(out.getvalue(), "FAILED b/prog: t\n1 passed, 1 failed\n")

    def test_an_empty_log_fails(self):
        self.assertEqual(summarize()[0], 1)


if __name__ == "__main__":
    tap.main()
