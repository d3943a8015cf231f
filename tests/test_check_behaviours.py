#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every claimed behaviour has tests that exist, and the script that says so can say no."""
import pathlib
import tempfile
import unittest

import check_behaviours
from support import tap

C_SOURCE = "TEST(first) { }\nTEST(unlisted) { }\n" 'TEST_MAIN("x", {T(first)})\n'
PYTHON_SOURCE = "class A:\n    def test_it(self):\n"


def problems_of(text):
    """What the script says of this map, beside two small test programs."""
    with tempfile.TemporaryDirectory() as folder:
        tests = pathlib.Path(folder, "tests")
        tests.mkdir()
        (tests / "behaviours").write_text(text)
        (tests / "test_x.c").write_text(C_SOURCE)
        (tests / "test_y.py").write_text(PYTHON_SOURCE)
        return check_behaviours.check_tree(folder)


class ThisTree(unittest.TestCase):
    def test_holds_every_claim(self):
        problems = check_behaviours.check_tree(tap.ROOT)
        self.assertFalse(problems, "\n".join(problems))


class Script(unittest.TestCase):
    def refuses(self, words, text):
        problems = problems_of(text)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(words, problems[0])

    def test_takes_claims_with_tests_and_entries_not_claimed(self):
        text = "# why\nclaimed: 1 3-4\n1 a\n  x:first\n3 b\n  y:test_it\n4 c\n  x:first\n7 later\n"
        self.assertEqual(problems_of(text), [])

    def test_refuses_a_claim_without_an_entry(self):
        self.refuses("2: claimed", "claimed: 1-2\n1 a\n  x:first\n")

    def test_refuses_a_claim_without_a_test(self):
        self.refuses("1: claimed", "claimed: 1\n1 a\n")

    def test_refuses_an_entry_without_a_description(self):
        self.refuses("no description", "claimed: 1\n1\n  x:first\n")

    def test_refuses_two_entries_of_one_number(self):
        self.refuses("two entries", "claimed: 1\n1 a\n  x:first\n1 b\n")

    def test_refuses_a_program_that_does_not_exist(self):
        self.refuses("no such test program", "claimed: 1\n1 a\n  z:first\n")

    def test_refuses_a_test_that_does_not_exist(self):
        self.refuses("no such test", "claimed: 1\n1 a\n  x:second\n")

    def test_refuses_a_test_that_is_never_run(self):
        self.refuses("not in its program's list", "claimed: 1\n1 a\n  x:unlisted\n")

    def test_refuses_a_line_it_cannot_read(self):
        self.refuses("cannot read", "claimed: 1\n1 a\n  x:first\n  x\n")

    def test_refuses_a_file_that_claims_nothing(self):
        self.refuses("no number", "1 a\n  x:first\n")


if __name__ == "__main__":
    tap.main()
