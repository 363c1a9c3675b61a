# SPDX-License-Identifier: GPL-3.0-or-later
"""
The Blenders that the built extension is installed into: bpy modules and, where there can be one, Debian's.

Plain Python. Which of them are missing on a machine, ``scripts/test.py`` says at its end.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts._dev import blender_root, venvs
from scripts._dev.window import find_blender, run_background

PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Target:
    """One Blender. ``bpy-5.0.1`` and so on: the module; ``trixie``: the program in Debian's root."""

    name: str

    @property
    def is_program(self) -> bool:
        """Whether it is a real Blender, with command line and preferences, and not the module."""
        return not self.name.startswith("bpy-")

    def run_script(
        self, home: Path, script: Path, arguments: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a Python file in it, with ``home`` as the user's home."""
        if self.is_program:
            options = ["--background", "--python-exit-code", "7", "--python", script, "--", *arguments]
            shares = [Path(part).parent for part in arguments if isinstance(part, Path)]
            return run_background(find_blender(self.name), home, options, env=env, shares=shares)
        python = venvs.ensure(venvs.BPY[self.name.removeprefix("bpy-")])
        clean = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
        return subprocess.run(
            [python, script, *arguments], env=clean | dict(env or {}), capture_output=True, check=False
        )

    def probe(self, home: Path, zip_path: Path) -> Probed:
        """Install the zip, from a second repository too, and return what the probes saw."""
        answer = self.run_script(home, PROBE, [zip_path])
        said = answer.stdout.decode(errors="replace") + answer.stderr.decode(errors="replace")
        return Probed(f"{self.name} ended with {answer.returncode}:\n{said}")


@dataclass(frozen=True)
class Probed:
    """What the probes in a Blender said."""

    said: str

    def report(self, name: str) -> dict[str, Any]:
        """The report of a probe: ``PROBE`` or ``COPIES``."""
        lines = [line for line in self.said.splitlines() if line.startswith(f"{name} ")]
        assert lines, self.said
        report = json.loads(lines[-1].removeprefix(f"{name} "))
        assert isinstance(report, dict)
        return report


def available() -> list[Target]:
    """The targets that this machine can have."""
    modules = [f"bpy-{version}" for version, recipe in venvs.BPY.items() if not venvs.missing(recipe)]
    programs = [] if blender_root.missing("trixie") else ["trixie"]
    return [Target(name) for name in modules + programs]
