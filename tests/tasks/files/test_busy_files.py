# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files that get their names while another program has them open, which Windows forbids.

One: ``python scripts/test.py tests/tasks/files/test_busy_files.py``.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from triverse_addon.tasks.files import busy_files
from triverse_addon.tasks.files.atomic_write import write_whole
from triverse_addon.tasks.files.busy_files import replace_file

Open = Callable[[int], list[str]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Another program has a file open for so many tries; returns the tries."""
    replace, tries = os.replace, []
    monkeypatch.setattr(busy_files, "WAIT_S", 30.0)  # as in Windows, where it is shorter

    def until(times: int) -> list[str]:
        def refuse(source: Path, target: Path) -> None:
            tries.append(Path(target).name)
            if len(tries) <= times:
                raise PermissionError(errno.EACCES, "The process cannot access the file")
            replace(source, target)

        monkeypatch.setattr(os, "replace", refuse)
        return tries

    return until


def test_it_is_waited_until_the_other_program_has_closed_it(tmp_path: Path, opened: Open) -> None:
    target = tmp_path / "row.json"
    target.write_bytes(b"old")
    tries = opened(3)
    write_whole(target, b"new")
    assert target.read_bytes() == b"new"
    assert tries == ["row.json"] * 4
    assert os.listdir(tmp_path) == ["row.json"]


def test_a_window_does_not_wait(tmp_path: Path, opened: Open) -> None:
    target = tmp_path / "last_used.json"
    target.write_bytes(b"old")
    tries = opened(3)
    with pytest.raises(PermissionError):
        write_whole(target, b"new", wait_s=0.0)
    assert target.read_bytes() == b"old"
    assert tries == ["last_used.json"]
    assert os.listdir(tmp_path) == ["last_used.json"]


def test_it_is_not_waited_for_ever(tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_files, "WAIT_S", 0.05)
    source = tmp_path / "new"
    source.write_bytes(b"new")
    tries = opened(10_000)
    with pytest.raises(PermissionError):
        replace_file(source, tmp_path / "old")
    assert len(tries) > 1
    assert source.read_bytes() == b"new"


def test_other_errors_are_told_at_once(tmp_path: Path, opened: Open) -> None:
    tries = opened(0)
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "gone", tmp_path / "old")
    assert len(tries) == 1
