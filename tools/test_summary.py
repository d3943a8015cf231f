#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_summary.py [--skips-fail] LOG...: what Meson's testlog.json files say.

Counts every TAP line apart, prints each failure with what its program wrote, and
ends with "N passed, N failed". Stricter than Meson: a program that says nothing,
ends before its plan is fulfilled, crashes, or exits with an error although no test
of it failed, is a failure of its own. Exit 1 on any failure, or when nothing ran.
"""
import argparse
import json
import pathlib
import re
import sys
from dataclasses import dataclass

RESULT_LINE = re.compile(r"(?P<not>not )?ok\s+(?P<number>\d+)\s*(- )?(?P<rest>.*)")
PLAN_LINE = re.compile(r"1\.\.(?P<count>\d+)\s*(#\s*(?P<directive>.*))?")
SKIP_DIRECTIVE = re.compile(r"#\s*skip\S*\s*(?P<reason>.*)", re.IGNORECASE)
MAX_STDERR_LINES = 60


@dataclass
class Outcome:
    kind: str  # "passed", "failed" or "skipped"
    name: str
    detail: str = ""


@dataclass
class Tap:
    """What a program wrote: the plan (None: it gave none) and one outcome a line."""

    planned: int = None
    whole_skip: str = None  # the reason of "1..0 # SKIP reason"
    bail_out: str = None
    outcomes: list = None


def parse_result(program, match):
    rest = match["rest"]
    skip = SKIP_DIRECTIVE.search(rest)
    title = rest[: skip.start()].strip() if skip else rest.strip()
    name = f"{program}: {title}" if title else f"{program}: test {match['number']}"
    if match["not"]:
        return Outcome("failed", name)
    return Outcome("skipped", name, skip["reason"]) if skip else Outcome("passed", name)


def parse_plan(tap, match):
    tap.planned = int(match["count"])
    directive = match["directive"] or ""
    if tap.planned == 0 and directive.lower().startswith("skip"):
        tap.whole_skip = directive[4:].strip()


def parse_tap(program, text):
    tap = Tap(outcomes=[])
    for line in text.splitlines():
        if match := PLAN_LINE.fullmatch(line.rstrip()):
            parse_plan(tap, match)
        elif line.startswith("Bail out!"):
            tap.bail_out = line
        elif match := RESULT_LINE.match(line):
            tap.outcomes.append(parse_result(program, match))
        elif tap.outcomes and tap.outcomes[-1].kind == "failed":
            tap.outcomes[-1].detail += line + "\n"
    return tap


def broken_end(run, tap):
    """Why the program as a whole cannot be believed, or None."""
    status = run.get("returncode", 0)
    if run["result"] == "TIMEOUT":
        return "ran into its time limit"
    if tap.bail_out:
        return tap.bail_out
    if status < 0:
        return f"killed by signal {-status}"
    if tap.planned is None:
        return "ended without a plan"
    if tap.planned != len(tap.outcomes):
        return f"planned {tap.planned} tests, ran {len(tap.outcomes)}"
    if status != 0 and all(outcome.kind != "failed" for outcome in tap.outcomes):
        return f"exit status {status} although no test of it failed"
    if tap.planned == 0 and tap.whole_skip is None:
        return "has no tests"
    return None


def judge(run, build=""):
    """All outcomes of one program's run."""
    program = build + run["name"].split(" / ")[-1]  # without project and suites
    tap = parse_tap(program, run.get("stdout", ""))
    outcomes = tap.outcomes
    reason = broken_end(run, tap)
    if reason:
        outcomes = outcomes + [Outcome("failed", program, reason + "\n")]
    elif tap.whole_skip is not None:
        outcomes = [Outcome("skipped", program, tap.whole_skip)]
    failures = [outcome for outcome in outcomes if outcome.kind == "failed"]
    if failures:
        failures[-1].detail += stderr_tail(run)
    return outcomes


def stderr_tail(run):
    lines = run.get("stderr", "").strip().splitlines()
    return "".join(line + "\n" for line in lines[-MAX_STDERR_LINES:])


def read_log(path, build=""):
    """The outcomes of a log; one failure where there is none to read."""
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        runs = [json.loads(line) for line in lines if line]
    except (OSError, ValueError) as error:
        return [Outcome("failed", str(path), f"no log: the build or the run broke ({error})\n")]
    if not runs:
        return [Outcome("failed", str(path), "no test was run\n")]
    return [outcome for run in runs for outcome in judge(run, build)]


def print_outcome(label, outcome):
    print(f"{label} {outcome.name}")
    for line in outcome.detail.splitlines():
        print(f"    {line}")


def build_of(path):
    """`test-poll/` of build/test-poll/meson-logs/testlog.json."""
    return pathlib.Path(path).resolve().parents[1].name + "/"


def summarize(paths, skips_fail):
    many = len(paths) > 1
    outcomes = [
        outcome for path in paths for outcome in read_log(path, build_of(path) if many else "")
    ]
    by_kind = {
        kind: [outcome for outcome in outcomes if outcome.kind == kind]
        for kind in ("passed", "failed", "skipped")
    }
    for outcome in by_kind["skipped"]:
        print_outcome("SKIPPED", outcome)
    for outcome in by_kind["failed"]:
        print_outcome("FAILED", outcome)
    n_failed = len(by_kind["failed"]) + (len(by_kind["skipped"]) if skips_fail else 0)
    print(f"{len(by_kind['passed'])} passed, {n_failed} failed")
    return 1 if n_failed or not by_kind["passed"] else 0


def main():
    parser = argparse.ArgumentParser(description="what Meson's testlog.json files say")
    parser.add_argument("--skips-fail", action="store_true", help="a skipped test is a failed one")
    parser.add_argument("logs", nargs="+")
    arguments = parser.parse_args()
    return summarize(arguments.logs, arguments.skips_fail)


if __name__ == "__main__":
    sys.exit(main())
