#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/packages: asks for what is missing, once, and only root may install it."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from support import tap

# Stand-ins for the commands it uses; apt-get notes how it was called.
DPKG_QUERY = '[[ " $INSTALLED " == *" ${@: -1} "* ]] && echo -n installed || exit 1\n'
APT_GET = 'echo "$*" >>"$CALLS"\n'
APT_GET_THAT_FAILS_ONCE = f"""{APT_GET}
[[ $1 == update ]] || (($(grep -c install "$CALLS") > 1)) || exit 100
"""
BUILD = re.search(r"\[build\]='([^']*)'", (tap.ROOT / "tools/packages").read_text())[1].split()
BUILD_BUT_MESON = " ".join(name for name in BUILD if name != "meson")
INSTALL_MESON = "install -y --no-install-recommends meson"


def packages(*groups, installed=BUILD_BUT_MESON, user=0, apt_get=APT_GET):
    """The finished process, and the calls of apt-get other than `update`."""
    with tempfile.TemporaryDirectory() as folder:
        stubs = {"dpkg-query": DPKG_QUERY, "apt-get": apt_get, "id": f"echo {user}\n"}
        for name, script in stubs.items():
            path = pathlib.Path(folder, name)
            path.write_text("#!/bin/bash\n" + script)
            path.chmod(0o755)
        calls = pathlib.Path(folder, "calls")
        calls.touch()
        done = subprocess.run(
            [tap.ROOT / "tools/packages", *groups],
            capture_output=True,
            text=True,
            env={
                "PATH": f"{folder}:{os.environ['PATH']}",
                "INSTALLED": installed,
                "CALLS": str(calls),
            },
        )
        return done, [call for call in calls.read_text().splitlines() if call != "update"]


class Packages(unittest.TestCase):
    def test_does_nothing_when_all_is_there(self):
        done, calls = packages("build", installed=f"meson {BUILD_BUT_MESON}", user=1000)
        self.assertEqual((done.returncode, done.stdout + done.stderr, calls), (0, "", []))

    def test_installs_what_is_missing_as_root(self):
        done, calls = packages("build")
        self.assertEqual((done.returncode, done.stdout, calls), (0, "", [INSTALL_MESON]))

    def test_tells_others_the_line_to_type(self):
        done, calls = packages("build", user=1000)
        self.assertEqual((done.returncode, done.stdout, calls), (2, "", []))
        self.assertIn(f"apt-get update && apt-get {INSTALL_MESON}\n", done.stderr)

    def test_tries_again_with_new_lists(self):
        done, calls = packages("build", apt_get=APT_GET_THAT_FAILS_ONCE)
        self.assertEqual((done.returncode, calls), (0, [INSTALL_MESON] * 2))

    def test_asks_once_for_what_two_groups_need(self):
        _, calls = packages("quick", "test", installed="")
        self.assertEqual(calls[0].split().count("check"), 1)

    def test_refuses_a_group_it_does_not_know(self):
        done, calls = packages("nonsense")
        self.assertEqual((done.returncode, calls), (2, []))


if __name__ == "__main__":
    tap.main()
