# SPDX-License-Identifier: MIT
"""unittest with TAP on stdout: the frame of the test programs written in Python.

    class Layers(unittest.TestCase): ...
    if __name__ == "__main__":
        tap.main()
"""
import pathlib
import shutil
import sys
import traceback
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def needs(command):
    """Skips a test where the command is missing; the full run takes no skips."""
    return unittest.skipUnless(shutil.which(command), f"no {command}")


class TapResult(unittest.TestResult):
    """A line a test, and one more for a class or module that could not be set up."""

    n_lines = 0

    def _line(self, word, test, directive="", detail=""):
        self.n_lines += 1
        name = test.id().removeprefix("__main__.")
        print(f"{word} {self.n_lines} - {name}{directive}", flush=True)
        for line in detail.splitlines():
            print(f"# {line}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test, detail=self.failures[-1][1])

    def addSubTest(self, test, subtest, err):
        """A failed one has a line; the test itself has none then."""
        super().addSubTest(test, subtest, err)
        if err is not None:
            detail = "".join(traceback.format_exception(*err))
            self._line("not ok", subtest, detail=detail)

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test, detail=self.errors[-1][1])


def main():
    """Runs the tests of the main module, or those named on the command line."""
    loader = unittest.defaultTestLoader
    names = sys.argv[1:]
    module = sys.modules["__main__"]
    suite = (
        loader.loadTestsFromNames(names, module) if names else loader.loadTestsFromModule(module)
    )
    result = TapResult()
    suite.run(result)
    # Last, so that a run that dies on its way is seen to have no plan.
    print(f"1..{result.n_lines}", flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)
