# SPDX-License-Identifier: GPL-3.0-or-later
"""
Windows' rule for open files, held elsewhere: what this process has open can be neither renamed, replaced nor removed.

Python opens files there without FILE_SHARE_DELETE. Elsewhere nobody would notice that a file is still open.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class AsOnWindows:
    """The module ``os`` with another name, for one module that asks it."""

    def __init__(self, real: ModuleType) -> None:
        self._real = real

    name = "nt"

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._real, attribute)


def open_files() -> set[str]:
    """The paths of all files that this process has open."""
    found = set()
    for descriptor in os.listdir("/dev/fd"):
        try:
            found.add(_path_of(int(descriptor)))
        except OSError:  # it was that of the listing itself
            continue
    return found


if sys.platform == "darwin":
    import fcntl

    def _path_of(descriptor: int) -> str:
        get_path, longest = 50, 1024  # F_GETPATH, which Python 3.11 does not name; MAXPATHLEN
        return os.fsdecode(fcntl.fcntl(descriptor, get_path, bytes(longest)).partition(b"\0")[0])
else:

    def _path_of(descriptor: int) -> str:
        return os.readlink(f"/proc/self/fd/{descriptor}")


def hold(monkeypatch: pytest.MonkeyPatch, *modules: ModuleType) -> list[str]:
    """Hold the rule from now on, and let ``modules`` take this system for Windows.

    Returns:
        What broke the rule, filled while the test runs: code may swallow the error and leave a file behind.
    """
    broken: list[str] = []
    if os.name == "nt":  # it holds by itself
        return broken
    for module in modules:
        monkeypatch.setattr(module, "os", AsOnWindows(os))

    def held(name: str) -> None:
        real: Callable[..., None] = getattr(os, name)

        def checked(*paths: Any, **options: Any) -> None:
            # Relative to an open folder, as shutil.rmtree removes; on Windows it does not.
            if options.get("dir_fd") is None:
                for path in paths[:2]:
                    whole = os.path.abspath(os.fsdecode(path))
                    taken = [one for one in open_files() if one == whole or one.startswith(f"{whole}{os.sep}")]
                    if taken and os.path.lexists(whole):
                        broken.append(f"{name} {Path(whole).name} while {Path(taken[0]).name} is open")
                        raise PermissionError(13, "The process cannot access the file", whole)
            real(*paths, **options)

        monkeypatch.setattr(os, name, checked)

    for name in ("replace", "rename", "unlink", "remove"):
        held(name)
    return broken
