# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of ``docs/examples`` under the bpy module, each in a process of its own, against the stand-in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from tests.blender.clean_up import ended_well
from tests.examples import EXAMPLES, MAKE_SET, run_both
from tests.service import models
from tests.service.server import StandIn


class Scripts:
    """Runs examples as a user does, with a home of the test."""

    def __init__(self, folder: Path, service: StandIn) -> None:
        self.folder = folder
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ}
        self._env = kept | {
            "HOME": str(folder),
            "BLENDER_USER_RESOURCES": str(folder / "resources"),
            "PYTHONPATH": str(EXAMPLES.parents[1]),
            "TRIVERSE_API_KEY": service.key,
            "TRIVERSE_API_URL": service.url,
        }

    def run(self, name: str, *words: str | Path, code: str = "") -> str:
        """Run an example, or ``code`` instead; return what it printed."""
        answer = self.answer(*(["-c", code] if code else [EXAMPLES / name]), *words)
        assert ended_well(answer), answer
        return answer.stdout

    def answer(self, *argv: str | Path) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments; return how that ended."""
        return subprocess.run(
            [sys.executable, *map(str, argv)],
            env=self._env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )


@pytest.fixture
def scripts(tmp_path: Path, service: StandIn) -> Scripts:
    service.state.clock.speed = 40.0
    return Scripts(tmp_path, service)


def opened(path: Path) -> list[bpy.types.Collection]:
    """The models in a file, after it was opened."""
    bpy.ops.wm.open_mainfile(filepath=str(path))
    return [one for one in bpy.data.collections if "triverse_task_uuid" in one]


def test_one_model_into_a_scene(scripts: Scripts, service: StandIn) -> None:
    saved = scripts.folder / "chair.blend"
    for _ in range(2):
        assert "a red chair: " in scripts.run("one_model.py", "a red chair", saved)
    (model,) = opened(saved)
    assert model["triverse_prompt"] == "a red chair"
    assert len(service.state.charged()) == 1, "the second run pays nothing"


def test_pictures_into_a_library(scripts: Scripts) -> None:
    pictures = scripts.folder / "pictures"
    pictures.mkdir()
    shutil.copyfile(models.preview_path("1k"), pictures / "green vase.png")
    said = scripts.run("pictures_into_library.py", pictures, scripts.folder / "library")
    assert "green vase: done" in said
    assert (scripts.folder / "library" / "green-vase.blend").is_file()
    report = next(line for line in said.splitlines() if line.startswith("Report: ")).removeprefix("Report: ")
    assert json.loads(Path(report).read_text())["counts"]["done"] == 1


def test_placeholders_are_filled(scripts: Scripts) -> None:
    dressed = scripts.folder / "dressed.blend"
    said = scripts.run("", dressed, code=run_both(MAKE_SET, EXAMPLES / "fit_to_placeholders.py"))
    assert "make: a chair is a chair now" in said
    assert "make: a sofa that will fail stays as it is: " in said
    (model,) = opened(dressed)
    assert model.name in bpy.data.collections["Props"].children
    assert bpy.data.objects["make: a chair"].hide_viewport or bpy.data.objects["make: a chair"].hide_get()


def test_a_handler_renames_and_sets_a_material(scripts: Scripts) -> None:
    saved = scripts.folder / "chair.blend"
    both = run_both(EXAMPLES / "on_import.py", EXAMPLES / "one_model.py")
    assert "prp_a_red_chair: " in scripts.run("", "a red chair", saved, code=both)
    (model,) = opened(saved)
    used = {slot.material.name for obj in model.all_objects for slot in obj.material_slots}
    assert (model.name, model.color_tag, used) == ("prp_a_red_chair", "COLOR_04", {"clay"})


def test_a_progress_bar_of_ones_own(scripts: Scripts) -> None:
    lines = scripts.run("progress_bar.py", "a red chair").splitlines()
    assert any(line.startswith("[") and "waiting" in line for line in lines), lines
    assert lines[-1] == "a red chair"


def test_many_at_once_with_asyncio(scripts: Scripts, service: StandIn) -> None:
    said = scripts.run("with_asyncio.py", "a red chair", "a blue lamp", "a sofa that will fail").splitlines()
    assert said[-3:-1] == ["a red chair: a red chair", "a blue lamp: a blue lamp"]
    assert said[-1].startswith("a sofa that will fail: ")
    assert list(service.state.charged_per_order().values()) == [1, 1, 1]


WORDS = {
    "one_model.py": ("a red chair", "chair.blend"),
    "pictures_into_library.py": ("pictures", "library"),
    "fit_to_placeholders.py": ("dressed.blend",),
    "progress_bar.py": ("a red chair",),
    "with_asyncio.py": ("a red chair",),
}


ASK = """
import contextlib, io, json, runpy, sys
said = []
script, lists = sys.argv[1], json.loads(sys.argv[2])
for words in lists:
    sys.argv, code = [script, *words], None
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    said.append([code, stderr.getvalue()])
print(json.dumps(said))
"""
"""Runs a script with several words in turn, and prints how each run ended and what it wrote to stderr."""


@pytest.mark.parametrize("name", WORDS)
def test_without_its_words_an_example_orders_nothing(scripts: Scripts, service: StandIn, name: str) -> None:
    """Neither its own name nor what Blender was started with, and no .blend is written over the script."""
    script = scripts.folder / name
    shutil.copyfile(EXAMPLES / name, script)
    wrong = [WORDS[name][:-1], ("--python", name), ("--background", "--", *WORDS[name][:-1])]
    if name != "with_asyncio.py":
        wrong.append((*WORDS[name], "too much"))
    told = json.loads(scripts.run("", script, json.dumps(wrong), code=ASK).splitlines()[-1])
    assert len(told) == len(wrong)
    for code, stderr in told:
        assert "Traceback" not in stderr
        assert f"usage: {name} " in stderr, told
        assert code == 2
    assert script.read_bytes() == (EXAMPLES / name).read_bytes()
    assert service.state.requests == []
    assert list(scripts.folder.rglob("*.blend")) == []
