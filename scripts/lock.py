# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the lock files anew from ``requirements/*.in``: ``python scripts/lock.py [--upgrade]``.

No floor (development only). Run by hand when a dependency changes; the manifest's list of wheels is then edited to the
names it prints. Uses uv from its own small environment (``requirements/lock.txt``).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from _dev.package import WHEELS_LOCK, download_wheels
from _dev.venvs import BPY, DEV, OPENJD, REQUIREMENTS, WINDOWS, WORKFLOWS, Recipe, ensure

LOCKER = Recipe("lock", REQUIREMENTS / "lock.txt", ((3, 11), (3, 12), (3, 13)))


def compile_lock(python: Path, name: str, python_version: str, upgrade: bool) -> None:
    """Resolve ``name``.in to ``name``.txt with the hashes of every file, for all platforms."""
    command = [str(python), "-m", "uv", "--no-config", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--generate-hashes", "--universal", "--python-version", python_version]
    command += ["--upgrade"] if upgrade else []
    command += [f"{name}.in", "--output-file", f"{name}.txt"]
    # An index or a folder of this machine's pip settings must not reach the files.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    subprocess.run(command, check=True, cwd=REQUIREMENTS, env=clean)


def keep_pure_wheels() -> list[str]:
    """Leave in ``wheels.txt`` only the hash of each ``py3-none-any`` wheel, so that nothing else can be fetched."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "wheels"
        download_wheels(folder)
        hashes = {
            path.name.split("-")[0].replace("_", "-").lower(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.iterdir()
        }
        names = sorted(path.name for path in folder.iterdir())
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", WHEELS_LOCK.read_text(), re.MULTILINE)
    WHEELS_LOCK.write_text(
        "".join(f"{name}=={version} \\\n    --hash=sha256:{hashes[name]}\n" for name, version in pins)
    )
    return names


def main() -> int:
    """Write all lock files and print the names that the manifest must list."""
    parser = argparse.ArgumentParser(description="Write requirements/*.txt anew from requirements/*.in.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions instead of keeping the locked")
    options = parser.parse_args()
    python = ensure(LOCKER)
    compile_lock(python, "lock", "3.11", options.upgrade)
    compile_lock(python, "wheels", "3.11", options.upgrade)
    names = keep_pure_wheels()
    for recipe in (DEV, WORKFLOWS, *BPY.values()):
        major, minor = recipe.pythons[0]
        compile_lock(python, recipe.name, f"{major}.{minor}", options.upgrade)
    for lock in (OPENJD, WINDOWS):
        compile_lock(python, lock.stem, "3.11", options.upgrade)
    for older in sorted((REQUIREMENTS / "older").glob("*.in")):
        compile_lock(python, f"older/{older.stem}", "3.11", upgrade=False)
    print("blender_manifest.toml must list these wheels:")
    for name in names:
        print(f'  "./wheels/{name}",')
    return 0


if __name__ == "__main__":
    sys.exit(main())
