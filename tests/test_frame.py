#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The frame of the test programs in C reports what must be reported: each test of
support/bad_tests.c goes wrong in its own way, and none of them may pass.

H2T_BAD_TESTS is that program, H2T_SANITIZE what it was built with."""
import os
import subprocess
import unittest

from support import tap

SANITIZERS = os.environ.get("H2T_SANITIZE", "").split(",")
has_address_sanitizer = unittest.skipUnless("address" in SANITIZERS, "no AddressSanitizer")
has_undefined_sanitizer = unittest.skipUnless("undefined" in SANITIZERS, "no UBSan")


def run(*names, fork="yes", **environment):
    """The exit status, the lines of TAP, and all that was printed."""
    done = subprocess.run(
        [os.environ["H2T_BAD_TESTS"], *names],
        env=os.environ | {"CK_FORK": fork} | environment,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=100,
    )
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    return done.returncode, lines, done.stdout + done.stderr


class Frame(unittest.TestCase):
    def assert_reported(self, name, words=""):
        """It fails, and the good test after it is still run."""
        status, lines, text = run("passes", name)
        self.assertEqual(["1..2", "ok 1 - passes", f"not ok 2 - {name}"], lines, text)
        self.assertEqual(1, status)
        self.assertIn(words, text)

    def test_good_test_passes(self):
        status, lines, _ = run("passes")
        self.assertEqual((0, ["1..1", "ok 1 - passes"]), (status, lines))

    def test_failed_assertion_is_named(self):
        self.assert_reported("fails_an_assertion", "Assertion 'int_max == 1' failed")

    def test_failed_assertion_is_named_though_memory_leaks(self):
        self.assert_reported("fails_with_a_leak", "# the first line\n# ok 1 - the second line\n")

    def test_abort_is_reported(self):
        self.assert_reported("aborts", "Aborted")

    def test_bad_pointer_is_reported(self):
        self.assert_reported("reads_through_null")

    def test_exit_with_success_is_reported(self):
        self.assert_reported("exits_with_success", "left before the test's end")

    def test_immediate_exit_with_success_is_reported(self):
        self.assert_reported("exits_at_once_with_success", "left before the test's end")

    def test_leaked_descriptor_is_reported(self):
        self.assert_reported("leaks_a_descriptor", "descriptors")

    def test_closing_a_foreign_descriptor_is_reported(self):
        self.assert_reported("closes_a_descriptor_of_the_frame", "descriptors")

    @has_address_sanitizer
    def test_leaked_memory_is_reported(self):
        self.assert_reported("leaks_memory", "memory leaked")

    @has_address_sanitizer
    def test_reading_past_a_block_is_reported(self):
        self.assert_reported("reads_past_a_block")

    @has_undefined_sanitizer
    def test_integer_overflow_is_reported(self):
        self.assert_reported("overflows_an_integer")

    def test_second_release_is_reported(self):
        self.assert_reported("releases_twice")

    def test_block_kept_from_the_counting_allocator_is_reported(self):
        self.assert_reported("keeps_a_counted_block", "1 blocks, 32 bytes not released")

    def test_wait_for_ever_in_the_virtual_world_is_reported(self):
        self.assert_reported("waits_for_nothing", "nothing will ever happen")

    def test_open_file_in_the_virtual_world_is_reported(self):
        self.assert_reported("keeps_a_file_open", "a file of the world is still open")

    def test_shared_process_reports_a_failure_and_goes_on(self):
        status, lines, _ = run("passes", "fails_an_assertion", "leaks_a_descriptor", fork="no")
        self.assertEqual(1, status)
        self.assertEqual("not ok 2 - fails_an_assertion", lines[2])
        self.assertEqual("not ok 3 - leaks_a_descriptor", lines[3])

    def test_shared_process_that_dies_is_short_of_lines(self):
        _, lines, _ = run("passes", "exits_with_success", fork="no")
        self.assertEqual(["1..2", "ok 1 - passes"], lines)

    @has_address_sanitizer
    def test_shared_process_reports_leaked_memory_at_its_exit(self):
        status, _, _ = run("leaks_memory", fork="no")
        self.assertNotEqual(0, status)

    def test_unknown_name_is_an_error(self):
        status, lines, _ = run("passes", "is_not_there")
        self.assertEqual((1, []), (status, lines))

    def test_seed_is_printed_and_can_be_chosen(self):
        self.assertIn("# H2T_SEED=12345\n", run("passes", H2T_SEED="12345")[2])
        self.assertNotEqual(run("passes")[2], run("passes")[2])


if __name__ == "__main__":
    tap.main()
