# SPDX-License-Identifier: GPL-3.0-or-later
"""
The commands under the bpy module: what ends up in the .blend, and what happens when it cannot.

``scripts/triverse.py`` is started where a process is interrupted, begins from nothing or finds its own folder.
Elsewhere the command runs in this process, in the file that Blender starts with.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bpy
import pytest

from tests import authorities
from tests.cli.driver import SCRIPT, Cli, CommandsHere
from tests.service import models
from tests.service.server import StandIn
from triverse_addon.cli.blender_host import BlenderHost


@pytest.fixture
def service() -> Iterator[StandIn]:
    """The stand-in for the service, forty times as fast."""
    with StandIn(speed=40.0, usual_sample="20k") as standin:
        yield standin


def as_started() -> BlenderHost:
    """Blender as a command finds it."""
    bpy.ops.wm.read_factory_settings()
    return BlenderHost("triverse")


@pytest.fixture
def cli(
    tmp_path: Path,
    service: StandIn,
    kept_converters: None,
    kept_writers: None,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Cli:
    """Commands against the stand-in."""
    authorities.read_once(monkeypatch)
    return CommandsHere(tmp_path, service, capfd, as_started)


def opened(path: Path) -> list[bpy.types.Collection]:
    """The models in a file, after the file was opened."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return [collection for collection in bpy.data.collections if "triverse_task_uuid" in collection]


def triangles(collection: bpy.types.Collection) -> int:
    count = 0
    for obj in collection.all_objects:
        if obj.type == "MESH":
            obj.data.calc_loop_triangles()
            count += len(obj.data.loop_triangles)
    return count


def test_words_become_a_blend(cli: Cli, service: StandIn) -> None:
    argv = ("generate", "--prompt", "a red chair", "--polygon-limit", "1000", "--output", "chair.blend")
    answer = cli.finish(cli.start(*argv))
    assert answer.code == 0, answer.people
    (model,) = opened(cli.folder / "chair.blend")
    assert triangles(model) == models.facts("1k")["triangles"]
    assert len([image for image in bpy.data.images if image.packed_file]) == models.facts("1k")["images"]
    assert model["triverse_prompt"] == "a red chair"
    assert model["triverse_flow"] == "text-to-model"
    assert model["triverse_task_uuid"] == answer.of("result")[0]["task_uuid"]
    assert model["triverse_cost_credits"] == service.state.user.charged
    assert model.name in bpy.context.scene.collection.children
    # Blender's start-up file is not part of the result.
    assert set(bpy.data.objects) == set(model.all_objects)
    assert cli.files_with(service.key) == []
    assert not service.state.leaks


def test_a_picture_becomes_a_blend(cli: Cli, service: StandIn) -> None:
    picture = shutil.copyfile(models.preview_path("1k"), cli.folder / "green vase.png")
    answer = cli.run("generate", "--image", picture, "--name", "Vase", "--output", cli.folder / "vase.blend")
    assert answer.code == 0, answer.people
    (model,) = opened(cli.folder / "vase.blend")
    assert model.name == "Vase"
    assert triangles(model) == answer.of("result")[0]["triangles"] == models.facts("20k")["triangles"]
    assert model["triverse_flow"] == "image-to-model"


@pytest.mark.kind("geometry-options")
def test_vertices_are_merged_as_asked_and_later_otherwise(cli: Cli) -> None:
    def vertices(name: str) -> int:
        (model,) = opened(cli.folder / name)
        return sum(len(obj.data.vertices) for obj in model.all_objects if obj.type == "MESH")

    answer = cli.run("generate", "--prompt", "a red chair", "--merge-vertices", "--output", "merged.blend")
    assert answer.code == 0, answer.people
    uuid = answer.of("result")[0]["task_uuid"]
    answer = cli.run("track", uuid, "--output", "plain.blend")
    assert answer.code == 0, answer.people
    plain = vertices("plain.blend")
    assert vertices("merged.blend") < plain
    answer = cli.run("track", uuid, "--smooth-angle", "30", "--output", "smooth.blend")
    assert answer.code == 0, answer.people
    assert vertices("smooth.blend") == plain


def test_several_models_stand_side_by_side(cli: Cli) -> None:
    made = [cli.run("generate", "--prompt", words) for words in ("multi-coloured vases", "a vase")]
    uuids = [answer.of("result")[0]["task_uuid"] for answer in made]
    answer = cli.run("track", *uuids, "--output", "both.blend")
    assert answer.code == 0, answer.people
    found = {model["triverse_task_uuid"]: model for model in opened(cli.folder / "both.blend")}
    assert set(found) == set(uuids)
    bpy.context.view_layer.update()
    # On a busy machine the second may arrive first.
    left, right = sorted(spans(found[uuid]) for uuid in uuids)
    assert left[0][1] < right[0][0]
    assert left[2][0] == pytest.approx(right[2][0], abs=1e-3)


def test_variants_stand_side_by_side_in_one_file(cli: Cli, service: StandIn) -> None:
    argv = ("generate", "--prompt", "a vase", "--polygon-limit", "1000", "--count", "3", "--output", "vases.blend")
    for _ in range(2):
        answer = cli.run(*argv)
        assert answer.code == 0, answer.people
        found = {model["triverse_task_uuid"]: model for model in opened(cli.folder / "vases.blend")}
        assert set(found) == {line["task_uuid"] for line in answer.of("result")}
        bpy.context.view_layer.update()
        one, two, three = sorted(spans(model) for model in found.values())
        assert one[0][1] < two[0][0]
        assert two[0][1] < three[0][0]
    assert len(service.state.charged()) == 3


def spans(model: bpy.types.Collection) -> list[tuple[float, float]]:
    """From where to where a model reaches, along x, y and z, by its vertices."""
    points = [
        obj.matrix_world @ vertex.co for obj in model.all_objects if obj.type == "MESH" for vertex in obj.data.vertices
    ]
    return [(min(point[axis] for point in points), max(point[axis] for point in points)) for axis in range(3)]


def test_a_model_that_blender_cannot_read_is_a_failure(cli: Cli) -> None:
    answer = cli.run("generate", "--prompt", "a chair unsupported", "--output", "chair.blend")
    assert answer.code == 1, answer.people
    assert not (cli.folder / "chair.blend").exists()
    assert list(cli.data.rglob("model.glb"))


def test_a_timed_out_task_is_resumed_into_its_file(cli: Cli, service: StandIn) -> None:
    service.state.clock.speed = 0.01
    answer = cli.run("generate", "--prompt", "a chair", "--output", "chair.blend", "--timeout", "2")
    assert answer.code == 5, answer.people
    service.state.clock.speed = 40.0
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert len(opened(cli.folder / "chair.blend")) == 1
    assert len(service.state.charged()) == 1


def test_a_file_that_cannot_be_saved_is_saved_by_resume(cli: Cli, service: StandIn) -> None:
    place = cli.folder / "place"
    place.mkdir()
    service.state.clock.speed = 0.01
    process = cli.start("generate", "--prompt", "a chair", "--output", place / "chair.blend")
    assert process.stdout is not None
    seen: list[str] = []
    while '"waiting"' not in "".join(seen):
        seen.append(process.stdout.readline())
        assert seen[-1], seen
    place.rmdir()
    service.state.clock.speed = 40.0
    answer = cli.finish(process, [line.strip() for line in seen])
    assert answer.code == 1, answer.people
    assert "cannot be written" in answer.people
    assert cli.run("resume").code == 2  # the folder is still not there
    place.mkdir()
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    assert len(opened(place / "chair.blend")) == 1
    assert len(service.state.charged()) == 1


def test_ctrl_c_in_a_conversion(cli: Cli, service: StandIn) -> None:
    answer = cli.interrupt_at("converting", "generate", "--prompt", "tris:500k", "--output", "chair.blend")
    assert answer.code == 130, answer.people
    answer = cli.run("resume")
    assert answer.code == 0, answer.people
    (model,) = opened(cli.folder / "chair.blend")
    assert triangles(model) == models.facts("500k")["triangles"]


def test_the_usual_folder_is_blenders_own(cli: Cli) -> None:
    home = cli.folder / "resources"
    cli.env["BLENDER_USER_RESOURCES"] = str(home)
    command = [sys.executable, str(SCRIPT), "generate", "--prompt", "a chair", "--polygon-limit", "1000"]
    answer = subprocess.run(command, env=cli.env, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout == ""
    assert list(home.rglob("datafiles/triverse/tasks.sqlite3"))
