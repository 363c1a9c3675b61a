# SPDX-License-Identifier: GPL-3.0-or-later
"""The installed extension at work: ``blender --command triverse`` in a throw-away profile, against the stand-in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts._dev.window import Blender, run_background
from tests.service.server import StandIn

LOOK = """
import bpy, json
collection = next(item for item in bpy.data.collections if "triverse_task_uuid" in item)
meshes = [item.data for item in collection.all_objects if item.type == "MESH"]
for mesh in meshes:
    mesh.calc_loop_triangles()
print("LOOK " + json.dumps({
    "properties": {name: collection[name] for name in collection.keys() if name.startswith("triverse_")},
    "triangles": sum(len(mesh.loop_triangles) for mesh in meshes),
    "images": sum(image.packed_file is not None for image in bpy.data.images),
}))
"""


@pytest.fixture
def service() -> StandIn:
    """The stand-in, quick."""
    return StandIn(speed=40)


def _in_its_folder(profile: Path) -> dict[str, int]:
    """The files of the installed extension with their times; Python's own cache is none of them."""
    [folder] = profile.glob(".config/blender/*/extensions/user_default/triverse")
    files = [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in files}


def test_a_model_is_generated_by_the_installed_command(blender: Blender, profile: Path, service: StandIn) -> None:
    saved = profile.parent / "chair.blend"
    as_installed = _in_its_folder(profile)
    assert "blender_manifest.toml" in as_installed
    with service:
        env = {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        command = ["--background", "--command", "triverse", "generate", "--flow", "text-to-model"]
        command += ["--prompt", "a red chair", "--polygon-limit", "1000", "--json", "--output", str(saved)]
        answer = run_background(blender, profile, command, env=env)
        said = answer.stdout.decode() + answer.stderr.decode()
        assert answer.returncode == 0, said
        assert len(service.state.charged()) == 1
        assert not service.state.leaks
    lines = [json.loads(line) for line in answer.stdout.decode().splitlines() if line.startswith("{")]
    assert lines, said
    assert service.key not in said
    seen = run_background(blender, profile, ["--background", saved, "--python-expr", LOOK]).stdout.decode()
    report = json.loads(next(line for line in seen.splitlines() if line.startswith("LOOK ")).removeprefix("LOOK "))
    assert report["properties"]["triverse_prompt"] == "a red chair"
    assert report["properties"]["triverse_flow"] == "text-to-model"
    assert report["triangles"] == 1000
    assert report["images"] >= 1
    _assert_nowhere(service.key, profile.parent)
    assert _in_its_folder(profile) == as_installed, "nothing is written where Blender keeps the add-on"


def _assert_nowhere(key: str, folder: Path) -> None:
    """The key came by the environment: no file that Blender or the extension wrote holds it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    holders = [path for path in files if key.encode() in path.read_bytes()]
    assert holders == []


def test_bad_input_is_refused_with_a_sentence(blender: Blender, profile: Path, service: StandIn) -> None:
    with service:
        env = {"TRIVERSE_API_URL": service.url, "TRIVERSE_API_KEY": service.key}
        command = ["--background", "--command", "triverse", "generate", "--flow", "text-to-model", "--prompt", "ab"]
        answer = run_background(blender, profile, command, env=env)
        assert answer.returncode == 2
        assert "Traceback" not in answer.stderr.decode()
        assert service.state.charged() == []
