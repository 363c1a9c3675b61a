# SPDX-License-Identifier: GPL-3.0-or-later
"""The zip in a throw-away profile of each Blender: it is there, it is light, and it goes without a trace."""

from __future__ import annotations

from scripts._dev.package import manifest
from tests.package.conftest import Installed


def test_it_installs_and_registers(installed: Installed) -> None:
    report = installed.report
    assert report["installed"] == ["FINISHED"]
    assert report["before"]["types"] == []
    assert report["enabled"]["types"]
    assert report["enabled"]["operators"]
    assert report["enabled"]["properties"] == ["Scene", "WindowManager"]
    assert report["panels"]
    assert report["enabled"]["additions"], "the Add menu has its entries"


def test_nothing_is_left_when_it_is_switched_off(installed: Installed) -> None:
    assert installed.report["disabled"] == installed.report["before"]


def test_switched_on_again_it_is_as_before(installed: Installed) -> None:
    assert installed.report["again"] == installed.report["enabled"]


def test_registering_starts_no_thread_and_imports_no_network_library(installed: Installed) -> None:
    assert installed.report["enabled"]["threads"] == installed.report["before"]["threads"]
    assert installed.report["heavy"] == []


def test_its_wheels_can_be_imported(installed: Installed) -> None:
    local = [path for path in installed.report["paths"] if path.startswith(f"{installed.home}/")]
    assert any(path.endswith("site-packages") for path in local)
    if installed.target.is_program:
        # Debian's Blender has neither: what is imported is what we ship. (A bpy environment has its own.)
        assert all(path.startswith(f"{installed.home}/") for path in installed.report["wheels"].values())


def test_it_knows_the_version_in_its_manifest(installed: Installed) -> None:
    assert installed.report["version"] == manifest()["version"]


def test_nothing_is_written_into_its_own_folder(installed: Installed) -> None:
    """What a user installs stays as it was shipped; only Python's own cache and Blender's repository may appear."""
    folders = list(installed.home.glob(".config/blender/*/extensions/user_default/triverse"))
    assert len(folders) == 1
    found = {path.relative_to(folders[0]).parts[0] for path in folders[0].rglob("*") if path.is_file()}
    assert found - {"__pycache__"} <= {
        "blender_manifest.toml",
        "LICENSE",
        "__init__.py",
        "api",
        "tasks",
        "batch",
        "scene",
        "scripting",
        "ui",
        "cli",
        "wheels",
    }
