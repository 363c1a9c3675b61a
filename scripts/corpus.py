# SPDX-License-Identifier: GPL-3.0-or-later
"""
Compare our import with Blender's own for every GLB of a folder.

    python scripts/corpus.py FOLDER                     in place and by child, on every tested bpy module
    python scripts/corpus.py FOLDER --bpy 5.3.0         on one of them (may be given again)
    python scripts/corpus.py FOLDER --in-place          without the child, which takes a second a file
    python scripts/corpus.py --generated                the files that tests/corpus makes
    python scripts/corpus.py FOLDER --report FILE.json  every file's class and what is otherwise

Prints how many files are equal, differ as designed (docs/models.md), differ, are refused although Blender reads them,
cannot be read by either, or crashed. Exit code 1 if any differs, is refused or crashed. No floor (development only);
standard library only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev.cache import REPO
from _dev.venvs import BPY, ensure

WORKER = REPO / "scripts" / "_dev" / "corpus_worker.py"
KINDS = ("equal", "differs as designed", "differs", "refused", "unreadable", "crashed")
BAD = {"differs", "refused", "crashed"}


class Worker:
    """A Blender that compares one file after another, and is replaced when one took it down."""

    def __init__(self, python: Path, *, with_child: bool) -> None:
        self._command = [str(python), str(WORKER), *(["--child"] if with_child else [])]
        self._process: subprocess.Popen[str] | None = None

    def compare(self, glb: Path) -> dict[str, dict[str, Any]]:
        """Return how a file compares, by way."""
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{glb.resolve()}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            code = process.wait()
            return {"Blender": {"kind": "crashed", "lines": [f"the process ended with {code}"]}}
        found: dict[str, dict[str, Any]] = json.loads(answer)
        return found

    def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


def run(folder: Path, versions: list[str], *, with_child: bool) -> dict[str, dict[str, Any]]:
    """Compare every GLB on every version; returns the classes by version, file and way."""
    files = sorted(folder.rglob("*.glb"))
    results: dict[str, dict[str, Any]] = {}
    for version in versions:
        worker = Worker(ensure(BPY[version]), with_child=with_child)
        results[version] = {file.relative_to(folder).as_posix(): worker.compare(file) for file in files}
        worker.close()
        ways = [way for found in results[version].values() for way in found.items()]
        for name in dict.fromkeys(name for name, _ in ways):
            counts = Counter(one["kind"] for way, one in ways if way == name)
            print(f"bpy {version} {name}: " + ", ".join(f"{counts[kind]} {kind}" for kind in KINDS), flush=True)
        for file, found in results[version].items():
            for way, one in found.items():
                if one["kind"] in BAD:
                    print(f"  {file} {way}: {one['kind']}: {'; '.join(one['lines'])[:300]}", flush=True)
    return results


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Compare our import with Blender's own.")
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--generated", action="store_true", help="the files that tests/corpus makes")
    parser.add_argument("--bpy", action="append", choices=tuple(BPY), help="only this version; may be given again")
    parser.add_argument("--in-place", action="store_true", help="without the child Blender")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write every file's class here, as JSON")
    options = parser.parse_args()
    if (options.folder is None) == (not options.generated):
        parser.error("name a folder, or --generated")
    versions = options.bpy or list(BPY)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder
        if options.generated:
            from tests.corpus.cases import corpus

            folder = Path(scratch)
            for case in corpus():
                (folder / f"{case.name}.glb").write_bytes(case.data)
        results = run(folder, versions, with_child=not options.in_place)
    if options.report is not None:
        options.report.write_text(json.dumps(results, indent=1), encoding="utf-8")
    kinds = {one["kind"] for files in results.values() for found in files.values() for one in found.values()}
    return 1 if kinds & BAD or not kinds else 0


if __name__ == "__main__":
    sys.exit(main())
