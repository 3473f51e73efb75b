"""Runs the tests beside this file (test_*.py, unittest) and counts them: `python Tests/Python [--filter REGEX]`.

The last line is `N passed, N failed, N skipped`. A test is failed when it or one of its subtests is; a file that cannot
be imported is one failed test. scripts/test calls this with warnings as errors and sets STRATA_BINARY to the program.
"""

import argparse
import pathlib
import re
import sys
import unittest


class CountingResult(unittest.TextTestResult):
    """Keeps the outcome of each test; unittest itself counts subtests and set-up errors as further failures."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.begun, self.broken, self.idle = set(), set(), set()

    def startTest(self, test):
        super().startTest(test)
        self.begun.add(test.id())

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self.broken.add(test.id())

    def addError(self, test, error):
        super().addError(test, error)
        self.broken.add(test.id())

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            self.broken.add(test.id())

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.broken.add(test.id())

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.idle.add(test.id())


def flattened(suite):
    for test in suite:
        yield from flattened(test) if isinstance(test, unittest.TestSuite) else [test]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", default="", help="only tests whose full name matches this regular expression")
    options = parser.parse_args()

    found = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent))
    chosen = unittest.TestSuite(test for test in flattened(found) if re.search(options.filter, test.id()))
    result = unittest.TextTestRunner(resultclass=CountingResult, stream=sys.stdout).run(chosen)

    idle = result.idle - result.broken
    passed = len(result.begun - result.broken - idle)
    sys.stdout.flush()
    print(f"{passed} passed, {len(result.broken)} failed, {len(idle)} skipped")
    sys.exit(1 if result.broken else 0)
