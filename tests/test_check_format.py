#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""All C and C++ is laid out as .clang-format says (clang-format 14, Debian 12's)."""
import subprocess
import unittest

import check_layers
from support import tap

LANGUAGES = (".c", ".h", ".cpp")


def complaints_about(paths):
    command = ["clang-format", "--style=file", "--dry-run", "--Werror", *paths]
    checked = subprocess.run(command, capture_output=True, text=True, cwd=tap.ROOT)
    lines = [line for line in checked.stderr.splitlines() if "error:" in line]
    files = sorted({line.split(":")[0] for line in lines})
    return (checked.returncode, files)


class ThisTree(unittest.TestCase):
    def test_is_formatted(self):
        paths = [path for path in check_layers.files_of(tap.ROOT) if path.endswith(LANGUAGES)]
        status, files = complaints_about(paths)
        self.assertEqual(status, 0, "\n".join(["differs in:", *files]))


class ClangFormat(unittest.TestCase):
    def test_refuses_another_layout(self):
        bad = subprocess.run(
            ["clang-format", "--style=file", "--dry-run", "--Werror", "--assume-filename=bad.c"],
            input="int f( void ){return 1 ;}\n",
            capture_output=True,
            text=True,
            cwd=tap.ROOT,
        )
        self.assertNotEqual(bad.returncode, 0)


if __name__ == "__main__":
    tap.main()
