# SPDX-License-Identifier: GPL-3.0-or-later
"""
What tests of real farm engines share: a machine in Debian's root, rows, and what must hold in the end.

Plain Python. Linux only, root only, as the root is.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts._dev.cache import REPO, dev_cache
from scripts._dev.profiles import copy_profile
from scripts._dev.sandbox import Sandbox
from scripts._dev.window import Blender
from tests.service.server import StandIn

LIMIT_S = 240.0
PROMPTS = "name,prompt,polygon_limit,catalog,height"


class Machine:
    """
    One machine with an engine, a Blender with the extension, and the stand-in to talk to.

    :ivar folder: what the machine's disk holds: rows, library, homes.
    """

    def __init__(self, blender: Blender, profile: Path, folder: Path, service: StandIn) -> None:
        self.folder = folder.resolve()
        self.service = service
        self.blender = blender
        self.home = copy_profile(profile, self.folder / "home")
        self.key_file = self.folder / "api-key"
        self.key_file.write_text(service.key)
        self.key_file.chmod(0o600)
        self.env = {"HOME": str(self.home), "TRIVERSE_API_URL": service.url}
        self.sandbox = Sandbox(blender.root, self.folder, [REPO, dev_cache()])

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *error: object) -> None:
        self.sandbox.close()

    def write_rows(self, count: int, name: str = "rows.csv") -> Path:
        """Write a batch file of so many chairs, two of which have one name."""
        lines = [PROMPTS, *(f"Chair {n % (count - 1)},chair {n},1000,Props/{n % 3},0.9" for n in range(count))]
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def run(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a program to its end; return its exit code and what it said."""
        answer = self.sandbox.run(argv, self.env | dict(env or {}))
        return answer.returncode, answer.stdout.decode(errors="replace") + answer.stderr.decode(errors="replace")

    def checked(self, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
        """Run a program that must succeed; return what it said."""
        code, said = self.run(argv, env)
        assert code == 0, f"{argv} ended with {code}:\n{said}"
        return said

    def start(
        self, argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program with its output in a file."""
        with log.open("ab") as file:
            return self.sandbox.popen(argv, self.env | dict(env or {}), file)

    def blenders(self) -> list[int]:
        """Ids, inside the root, of all Blenders that run there."""
        lines = self.run(["sh", "-c", "cd /proc; grep -lsx 'blender' [0-9]*/comm; true"])[1].split()
        return [int(line.partition("/")[0]) for line in lines]


def wait_until(reached: Callable[[], object], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait until something is so."""
    ends_at_s = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < ends_at_s, f"waited in vain until {what}"
        time.sleep(0.05)


def check_whole(machine: Machine, library: Path, rows: int) -> dict[str, Any]:
    """See that every row is there once and was charged once; return the report."""
    state = machine.service.state
    assert set(state.charged_per_order().values()) == {1}
    assert len(state.charged()) == rows
    assert not state.leaks
    found: dict[str, Any] = json.loads((library / "batch-report.json").read_bytes())
    assert found["counts"] == {"done": rows}
    assert found["exit_code"] == 0
    assert found["credits"] == state.user.charged
    files = [row["files"]["blend"] for row in found["rows"]]
    assert len(set(files)) == rows
    assert {path.name for path in library.glob("*.blend")} == set(files)
    assert (library / "contact-sheet.png").stat().st_size > 5_000
    catalogs = (library / "blender_assets.cats.txt").read_text().splitlines()
    paths = [line.split(":")[1] for line in catalogs if line.count(":") == 2 and not line.startswith("#")]
    assert sorted(paths) == ["Props", "Props/0", "Props/1", "Props/2"]
    return found


def files_with_key(machine: Machine) -> list[Path]:
    """All files of the machine's disk that hold the key, but for the one that a person has put it into."""
    found = []
    for path in machine.folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # an engine at work
            if path.is_file() and not path.is_symlink() and machine.service.key.encode() in path.read_bytes():
                found.append(path)
    return [path for path in found if path != machine.key_file]


def note_tried(engine: str, version: str, rows: int, how: str, charges: int, done: int) -> None:
    """
    Write a line for the table of ``docs/batch.md``, which :mod:`scripts.docs` takes over.

    Only where ``TRIVERSE_TRIED`` names a folder, so that a usual run of the tests changes no file of the checkout.
    """
    folder = os.environ.get("TRIVERSE_TRIED", "")
    if not folder:
        return
    line = {"engine": engine, "version": version, "rows": rows, "how": how, "charges": charges, "lost": rows - done}
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{engine.lower().replace(' ', '-')}.json").write_text(json.dumps(line, indent=1) + "\n")
