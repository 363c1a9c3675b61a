# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension uninstalled and installed again: list and models are found, those of the first version too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts._dev.profiles import copy_profile
from scripts._dev.window import Blender, run_background
from tests.service.server import StandIn

pytestmark = pytest.mark.kind("uninstall")

UNINSTALL = """
import bpy
bpy.ops.extensions.package_uninstall(repo_index=[r.module for r in bpy.context.preferences.extensions.repos].index(
    "user_default"), pkg_id="triverse")
"""


@pytest.fixture
def home(installed_profile: Path, tmp_path: Path) -> Path:
    """A home with the extension."""
    return copy_profile(installed_profile, tmp_path / "profile" / "home")


def listed(blender: Blender, home: Path) -> list[dict[str, Any]]:
    """What ``list`` tells of the tasks of this user."""
    answer = run_background(blender, home, ["--background", "--command", "triverse", "list", "--json"])
    assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()
    return [json.loads(line) for line in answer.stdout.decode().splitlines() if line.startswith("{")]


def generate(blender: Blender, home: Path, prompt: str) -> None:
    """Order a model with the installed command."""
    with StandIn(speed=40) as service:
        env = {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        command = ["--background", "--command", "triverse", "generate", "--prompt", prompt, "--polygon-limit", "1000"]
        answer = run_background(blender, home, command, env=env)
        assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()


def reinstall(blender: Blender, home: Path, extension_zip: Path) -> None:
    """Uninstall it as the preferences do, and install it again."""
    own = extension_folder(home)
    own.mkdir(parents=True, exist_ok=True)
    (own / "marker").touch()
    run_background(blender, home, ["--background", "--python-expr", UNINSTALL])
    assert not list(home.glob(".config/blender/*/extensions/user_default/triverse"))
    assert not own.exists(), "Blender keeps the folder now: this test holds nothing any more"
    again = ["--command", "extension", "install-file", "--repo=user_default", "--enable", extension_zip]
    answer = run_background(blender, home, again, shares=[extension_zip.parent])
    assert answer.returncode == 0, answer.stdout.decode() + answer.stderr.decode()


def extension_folder(home: Path) -> Path:
    """Where earlier versions kept list and models."""
    [extensions] = home.glob(".config/blender/*/extensions")
    return extensions / ".user" / "user_default" / "triverse"


def test_list_and_models_outlast_the_extension(blender: Blender, home: Path, extension_zip: Path) -> None:
    generate(blender, home, "a red chair")
    before = listed(blender, home)
    assert [task["name"] for task in before] == ["a red chair"]
    reinstall(blender, home, extension_zip)
    assert listed(blender, home) == before
    usual = home / ".local" / "share" / "triverse-blender"
    assert len(list((usual / "models").glob("*/model.glb"))) == 1


def test_those_of_the_first_version_are_brought_out_of_its_folder(
    blender: Blender, home: Path, extension_zip: Path
) -> None:
    """What lies where Blender removes it is moved at the next start, before any uninstall."""
    generate(blender, home, "a red chair")
    usual, own = home / ".local" / "share" / "triverse-blender", extension_folder(home)
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(own, ignore_errors=True)
    usual.rename(own)
    script = f"""
import sqlite3
with sqlite3.connect({str(own / "tasks.sqlite3")!r}) as connection:
    connection.execute("UPDATE tasks SET data = replace(data, ?, ?)", ({str(usual)!r}, {str(own)!r}))
"""
    run_background(blender, home, ["--background", "--python-expr", script])
    assert [task["name"] for task in listed(blender, home)] == ["a red chair"]
    reinstall(blender, home, extension_zip)
    assert [task["name"] for task in listed(blender, home)] == ["a red chair"]
    assert len(list((usual / "models").glob("*/model.blend"))) == 1
