# SPDX-License-Identifier: GPL-3.0-or-later
"""``blender --background --python scripts/triverse.py -- …`` from the checkout, in a real Blender without add-ons."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts._dev import blender_root
from scripts._dev.cache import REPO, dev_cache
from scripts._dev.package import ensure_runtime_wheels
from scripts._dev.window import Blender, find_blender, run_background
from tests.service import models
from tests.service.server import StandIn

LOOK = """
import bpy, json, sys
for path in sys.argv[sys.argv.index("--") + 1:]:
    bpy.ops.wm.open_mainfile(filepath=path)
    collections = [item for item in bpy.data.collections if "triverse_task_uuid" in item]
    for mesh in bpy.data.meshes:
        mesh.calc_loop_triangles()
    print("LOOK " + json.dumps({
        "models": len(collections),
        "objects": sorted(obj.name for obj in bpy.data.objects if obj.name not in collections[0].all_objects),
        "triangles": sum(len(obj.data.loop_triangles) for obj in collections[0].all_objects if obj.type == "MESH"),
    }))
"""


class Script:
    """Commands in one throw-away home."""

    def __init__(self, blender: Blender, folder: Path, service: StandIn) -> None:
        self.blender = blender
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        # Debian's Blender brings no requests: the wheels of the cache are what the script falls back to.
        self.env = {"TRIVERSE_DEV_CACHE": str(dev_cache())}
        self.env |= {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}

    def run(self, *argv: str | Path, options: tuple[str | Path, ...] = ()) -> subprocess.CompletedProcess[bytes]:
        """Run one command; ``options`` are Blender's own."""
        command = ["--background", *options, "--python", REPO / "scripts" / "triverse.py", "--", *argv]
        answer = run_background(self.blender, self.home, command, env=self.env)
        assert b"Traceback" not in answer.stderr, answer.stderr.decode()
        return answer

    def look(self, *paths: Path) -> list[dict[str, object]]:
        """What is in each .blend."""
        command = ["--background", "--python-expr", LOOK, "--", *paths]
        said = run_background(self.blender, self.home, command).stdout.decode()
        lines = [line.removeprefix("LOOK ") for line in said.splitlines() if line.startswith("LOOK ")]
        return [json.loads(line) for line in lines]


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in, quick."""
    with StandIn(speed=40) as standin:
        yield standin


@pytest.fixture
def script(tmp_path: Path, service: StandIn) -> Script:
    """Debian's Blender, which a bpy module cannot stand for here."""
    reason = blender_root.missing("trixie")
    assert not reason, f"Exit codes of a real Blender need a real Blender. {reason}"
    ensure_runtime_wheels()
    return Script(find_blender("trixie"), tmp_path, service)


def test_a_model_from_words_and_one_from_a_picture(script: Script, service: StandIn) -> None:
    picture = script.folder / "vase.png"
    picture.write_bytes(models.preview_path("1k").read_bytes())
    made = []
    for name, argv in (("a", ["--prompt", "a red chair"]), ("b", ["--image", picture])):
        saved = script.folder / f"{name}.blend"
        answer = script.run("generate", *argv, "--polygon-limit", "1000", "--json", "--output", saved)
        assert answer.returncode == 0, answer.stderr.decode()
        made.append(saved)
        lines = [json.loads(line) for line in answer.stdout.decode().splitlines() if line.startswith("{")]
        assert lines[-1]["type"] == "result"
    assert script.look(*made) == [{"models": 1, "objects": [], "triangles": 1000}] * 2
    assert len(service.state.charged()) == 2
    assert not service.state.leaks


def test_an_opened_file_is_added_to(script: Script) -> None:
    scene = script.folder / "scene.blend"
    make = f"import bpy; bpy.ops.wm.save_as_mainfile(filepath={str(scene)!r})"
    run_background(script.blender, script.home, ["--background", "--factory-startup", "--python-expr", make])
    saved = script.folder / "more.blend"
    answer = script.run("generate", "--prompt", "a chair", "--output", saved, options=(scene,))
    assert answer.returncode == 0, answer.stderr.decode()
    assert script.look(saved)[0]["objects"] == ["Camera", "Cube", "Light"]


@pytest.mark.parametrize("options", [(), ("--python-exit-code", "77")], ids=["plain", "with --python-exit-code"])
def test_blender_returns_our_exit_codes(script: Script, service: StandIn, options: tuple[str, ...]) -> None:
    assert script.run("generate", "--prompt", "ab", options=options).returncode == 2
    assert script.run("generate", "--prompt", "a chair that will fail", options=options).returncode == 1
    service.state.user.balance = 0
    assert script.run("generate", "--prompt", "a chair", options=options).returncode == 3


@pytest.mark.parametrize("option", [(), ("--offline-mode",)], ids=["by preference", "by option"])
def test_online_access_is_honoured(script: Script, service: StandIn, option: tuple[str, ...]) -> None:
    script.env["TRIVERSE_API_URL"] = "https://triverse.invalid/api/v1"
    answer = script.run("balance", options=option)
    assert answer.returncode == 4
    said = answer.stderr.decode()
    assert "--online-mode" in said
    assert "Allow Online Access" in said
    # A service on this machine is not the internet.
    script.env["TRIVERSE_API_URL"] = service.url
    assert script.run("balance", options=option).returncode == 0


def test_without_its_libraries_it_says_what_to_do(script: Script, tmp_path: Path) -> None:
    script.env["TRIVERSE_DEV_CACHE"] = str(tmp_path / "tmp")
    answer = script.run("balance")
    assert answer.returncode == 1
    assert "scripts/build.py" in answer.stderr.decode()
