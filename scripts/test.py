# SPDX-License-Identifier: GPL-3.0-or-later
"""
Run the tests: ``python scripts/test.py``. On a fresh machine it first sets itself up; nothing else is needed.

    python scripts/test.py                          everything this machine can run
    python scripts/test.py --quick                  while editing, below a minute: lint, types, the rules of the house
                                                    and those plain tests that the changed files touch
    python scripts/test.py --fast                   lint, types, plain tests, the bpy suite on 5.0.1
    python scripts/test.py --lf                     only what failed when its layer was run last
    python scripts/test.py -k resume                only tests whose name fits
    python scripts/test.py tests/tasks/store/test_store.py::test_lease
    python scripts/test.py --layer window-trixie    one layer (may be given again)

``--quick``: changed is what differs from git's HEAD or is new. A test file is touched if it, or what it imports through
however many files, has changed; nearest first, as far as a minute goes, and it says which it leaves out.

No floor (development only); standard library only, Python 3.11 or newer. The layers are in ``_dev/layers.py``, the
choice of ``--quick`` is in ``_dev/touched.py``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev import consent, timings, touched
from _dev.layers import FAST, LAYERS, layers_for, plain_tests, run_layers


def main() -> int:
    """Run what was asked for. Exit code 1 if a test failed, a needed layer could not run, or no test ran."""
    parser = argparse.ArgumentParser(description="Run the tests of Triverse for Blender.")
    parser.add_argument("paths", nargs="*", help="files, folders or file::test to run (default: all)")
    parser.add_argument("-k", dest="keyword", default="", metavar="EXPR", help="only tests that fit, as pytest's -k")
    parser.add_argument("--fast", action="store_true", help=f"only the layers {', '.join(FAST)}")
    parser.add_argument("--quick", action="store_true", help="lint, types and the plain tests that your changes touch")
    parser.add_argument("--lf", action="store_true", help="only what failed when its layer was run last")
    parser.add_argument("--layer", action="append", choices=list(LAYERS), help="only this layer; may be given again")
    parser.add_argument("--yes", action="store_true", help="install what is missing without asking, as with CI=true")
    options = parser.parse_args()
    if options.yes:
        consent.give()
    if options.quick:
        if options.paths or options.keyword or options.layer or options.lf or options.fast:
            parser.error("--quick chooses by itself: give no path, -k, --lf, --fast or --layer with it.")
        paths = touched.choose(plain_tests(), timings.file_seconds(), print)
        return run_layers(["lint", *layers_for(paths)], paths, "", with_lint=True)
    if options.layer:
        names = options.layer
    elif options.paths:
        names = layers_for(options.paths)
    else:
        names = list(FAST if options.fast else LAYERS)
    return run_layers(names, options.paths, options.keyword, last_failed=options.lf)


if __name__ == "__main__":
    sys.exit(main())
