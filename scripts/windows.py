# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run tests with Python and Blender for Windows, under Wine: ``python scripts/windows.py [TEST ...]``.

Not a part of ``scripts/test.py``: Wine is no Windows, and some tests need a POSIX system, to make a named pipe, send a
signal, or look at modes. Whoever changes how files, locks, or child Blenders are handled looks here at what fails now
and did not before. Each file of tests is a process of its own, because a test that hangs ends it.

Linux with Wine 8 or newer, on x86-64. Blender 4.2.23 as a module: no windows.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev import consent, windows_python
from _dev.cache import REPO, SetupError

#: What is run unless something is named: tests of the engine, the store, batches, commands and children.
_USUAL = ("tests/api", "tests/tasks", "tests/batch", "tests/scene", "tests/cli", "tests/scripting", "tests/blender")
_TEST_S = 120
_FILE_S = 900.0
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", f"--timeout={_TEST_S}", "--tb=short", "-rfE")


def files_of(names: list[str]) -> list[str]:
    """Return the files of tests that are meant by names of files and folders."""
    found: list[str] = []
    for name in names:
        below = sorted((REPO / name).rglob("test_*.py"))
        found += [str(file.relative_to(REPO)) for file in below] or [name]
    return found


def main() -> int:
    """Run the tests, and print for each file how many passed; return 1 if some did not."""
    parser = argparse.ArgumentParser(description="Run tests with Python and Blender for Windows, under Wine.")
    parser.add_argument("tests", nargs="*", default=list(_USUAL), help="files, folders, or tests as pytest names them")
    parser.add_argument("--verbose", action="store_true", help="print all that pytest says of what failed")
    parser.add_argument("--yes", action="store_true", help="install what is missing on this machine without asking")
    options = parser.parse_args()
    if options.yes:
        consent.give()
    bad = 0
    try:
        python = windows_python.ensure()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    with windows_python.wine() as environment:
        for name in files_of(options.tests):
            try:
                code, output = windows_python.run(python, [*_PYTEST, name], environment, _FILE_S)
            except subprocess.TimeoutExpired:
                code, output = 1, f"not over after {_FILE_S:.0f} s"
            counts = re.findall(r"^=* ?(\d+ (?:passed|failed|skipped|error|deselected).*?) in [\d.]+s.*$", output, re.M)
            print(f"{name}: {counts[-1] if counts else 'hung, or ended early'}", flush=True)
            if code == 0:
                continue
            bad += 1
            is_whole = options.verbose or not counts
            lines = output.splitlines()[-200:] if is_whole else re.findall("^(?:FAILED|ERROR).*", output, re.M)
            print("\n".join(f"  {line}" for line in lines), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
