# SPDX-License-Identifier: GPL-3.0-or-later
"""
A bench that measures in a process of its own, under a Python that has ``bpy``.

No floor (development only). Main thread. Never imports ``bpy``: the bench that uses it does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn


def pythons(versions: Sequence[str]) -> list[Path]:
    """Return the Pythons of the development cache that have these versions of ``bpy``; they are made if need be."""
    from _dev import venvs

    return [venvs.ensure(venvs.BPY[version]) for version in versions]


def measured(python: Path, script: str, *words: str) -> dict:
    """Run a bench in a process of its own, so that none finds memory that another left, and return its answer."""
    command = [str(python), script, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def answer(found: dict) -> NoReturn:
    """Give the answer that :func:`measured` waits for, and end this process."""
    print("\n" + json.dumps(found), flush=True)
    # 4.2's module crashes in its clean-up, see tests/blender/conftest.py.
    os._exit(0)
