# SPDX-License-Identifier: GPL-3.0-or-later
"""How a process ends that has imported the bpy module."""

from __future__ import annotations

import subprocess

import bpy


def ended_well(answer: subprocess.CompletedProcess[str]) -> bool:
    """Tell whether a script ran to its end. 4.2's module crashes in its clean-up, after that: see ``conftest.py``."""
    return answer.returncode == 0 or (bpy.app.version < (5, 0, 0) and "Traceback" not in answer.stderr)
