# SPDX-License-Identifier: GPL-3.0-or-later
"""*Show in Asset Browser* adds an entry of our own, and never writes to one that is somebody else's."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

pytestmark = pytest.mark.kind("identities")

HAS_PROJECTS = bpy.app.version >= (5, 3, 0)


def entries() -> list[tuple[str, str]]:
    return [(one.name, one.path) for one in bpy.context.preferences.filepaths.asset_libraries]


@pytest.fixture
def others(ui: ModuleType) -> list[tuple[str, str]]:
    """Libraries that the user has already."""
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="props", directory="/somewhere/else/props")
    libraries.new(name="Kitbash", directory="/somewhere/kitbash")
    return entries()


def test_it_is_added_once_beside_those_that_are_there(others: list[tuple[str, str]], tmp_path: Path) -> None:
    from triverse_addon.ui.batch import asset_libraries

    folder = tmp_path / "library"
    assert asset_libraries.shown_as(folder) is None
    assert asset_libraries.show(folder) == "library"
    assert asset_libraries.show(folder) == "library"
    assert asset_libraries.shown_as(folder) == "library"
    assert entries() == [*others, ("library", str(folder))]


def test_a_name_that_is_taken_stays_with_its_library(others: list[tuple[str, str]], tmp_path: Path) -> None:
    """The user is told the name that ours got."""
    from triverse_addon.ui.batch import asset_libraries

    folder = tmp_path / "props"
    name = asset_libraries.show(folder)
    assert name == "props.001"
    assert entries() == [*others, (name, str(folder))]


def test_a_folder_that_the_user_has_added_under_another_name_is_found(ui: ModuleType, tmp_path: Path) -> None:
    from triverse_addon.ui.batch import asset_libraries

    folder = tmp_path / "library"
    libraries = bpy.context.preferences.filepaths.asset_libraries
    libraries.new(name="Mine", directory=f"{folder}/sub/..//")
    before = entries()
    assert asset_libraries.show(folder) == "Mine"
    assert entries() == before


if HAS_PROJECTS:

    @pytest.fixture
    def team(others: list[tuple[str, str]], tmp_path: Path) -> Any:
        """A project that is open, with libraries of its own, saved."""
        root = tmp_path / "project"
        root.mkdir()
        bpy.ops.project.new(directory=str(root))
        project = bpy.data.project
        project.asset_libraries.new(name="Team", directory="{project_root}/assets")
        project.asset_libraries.new(name="Team Two", directory="/team/two")
        bpy.ops.project.config_save()
        yield root
        bpy.ops.project.close()

    def test_the_libraries_of_a_project_stay_as_they_are(team: Path, tmp_path: Path) -> None:
        from triverse_addon.ui.batch import asset_libraries

        (file,) = team.rglob("project.toml")
        before, text = entries(), file.read_bytes()
        assert [name for name, _ in before[-2:]] == ["Team", "Team Two"]
        folder = tmp_path / "library"
        assert asset_libraries.show(folder) == "library"
        assert [one for one in entries() if one not in before] == [("library", str(folder))]
        assert [one for one in entries() if one in before] == before
        bpy.ops.project.config_save()
        assert file.read_bytes() == text
        assert not bpy.data.project.is_dirty

    def test_a_project_s_own_library_is_found_by_its_folder(team: Path) -> None:
        from triverse_addon.ui.batch import asset_libraries

        before = entries()
        assert asset_libraries.show(team / "assets") == "Team"
        assert asset_libraries.shown_as(team / "elsewhere") is None
        assert entries() == before
