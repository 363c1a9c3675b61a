# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are replaced as a whole. One: ``python scripts/test.py tests/tasks/files/test_atomic_write.py``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from triverse_addon.tasks.files.atomic_write import replacing, write_whole


@pytest.mark.parametrize(
    "name", ["a" * 251 + ".glb", "\N{CJK UNIFIED IDEOGRAPH-6905}" * 80 + ".glb", "x\N{SNOWMAN}" * 60, "chair.glb"]
)
def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    target.write_bytes(b"old")
    write_whole(target, b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == [name]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "chair.glb"
    target.write_bytes(b"old")
    with pytest.raises(TypeError), replacing(target) as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["chair.glb"]
