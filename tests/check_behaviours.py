#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_behaviours.py [TREE]: is every promise of tests/behaviours held by a test?"""
import pathlib
import re
import sys

CLAIMED_LINE = re.compile(r"claimed:(?P<ranges>[\d\s-]*)")
ENTRY_LINE = re.compile(r"(?P<number>\d+)\b\s*(?P<description>.*)")
TEST_LINE = re.compile(r"\s+(?P<program>\w+):(?P<test>\w+)")


def expand(ranges):
    """{1, 2, 4, 5, 6} of "1 2 4-6"."""
    numbers = set()
    for item in ranges.split():
        first, _, last = item.partition("-")
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers


class Map:
    """What the file says; what of it makes no sense is in `problems`."""

    def __init__(self, text):
        self.claimed = set()
        self.entries = {}  # number: list of (program, test)
        self.problems = []
        self.current = None
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                self._take(line)

    def _take(self, line):
        if match := CLAIMED_LINE.fullmatch(line):
            self.claimed |= expand(match["ranges"])
        elif match := ENTRY_LINE.fullmatch(line):
            self._begin(int(match["number"]), match["description"])
        elif (match := TEST_LINE.fullmatch(line.rstrip())) and self.current is not None:
            self.current.append((match["program"], match["test"]))
        else:
            self.problems.append(f"cannot read: {line}")

    def _begin(self, number, description):
        if number in self.entries:
            self.problems.append(f"{number}: has two entries")
        if not description.strip():
            self.problems.append(f"{number}: has no description")
        self.current = self.entries.setdefault(number, [])


def source_of(tree, program):
    """The text of a test program, "" when there is none of that name."""
    paths = [pathlib.Path(tree, "tests", f"test_{program}.{kind}") for kind in ("c", "py")]
    return "".join(path.read_text() for path in paths if path.is_file())


def missing_test(tree, program, test):
    """Why this is no test that runs, or None."""
    source = source_of(tree, program)
    if not source:
        return f"{program}: no such test program"
    if re.search(rf"^\s*def {test}\(", source, re.MULTILINE):
        return None
    if not re.search(rf"\bTEST\({test}\)", source):
        return f"{program}:{test}: no such test"
    if not re.search(rf"\bT\({test}\)", source):
        return f"{program}:{test}: is not in its program's list"
    return None


def check_tree(tree):
    """All that is wrong, a line each."""
    listed = Map(pathlib.Path(tree, "tests/behaviours").read_text())
    problems = list(listed.problems)
    if not listed.claimed:
        problems.append("no number is claimed")
    for number in sorted(listed.claimed):
        if not listed.entries.get(number):
            problems.append(f"{number}: claimed, and no test holds it")
    for number, tests in sorted(listed.entries.items()):
        missing = [missing_test(tree, program, test) for program, test in tests]
        problems += [f"{number}: {why}" for why in missing if why]
    return problems


def main():
    tree = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[1]
    problems = check_tree(tree)
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
