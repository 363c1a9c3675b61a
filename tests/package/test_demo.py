# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's first command, as a newcomer gives it, with a home and a folder of its own."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

from scripts._dev import venvs
from scripts._dev.cache import REPO, dev_cache

LOOK = """
import bpy, json, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
models = [item for item in bpy.data.collections if "triverse_task_uuid" in item]
image = bpy.data.images.load(sys.argv[2])
print("LOOK " + json.dumps({
    "flows": sorted(item["triverse_flow"] for item in models),
    "camera": bpy.context.scene.camera is not None,
    "shades": len({round(value, 1) for value in image.pixels[:]}),
}))
"""


def test_it_makes_two_models_without_a_key(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    # Environments and models are those of the tests: making them anew is what a machine without a cache does.
    env |= {"TRIVERSE_DEV_CACHE": str(dev_cache()), "TRIVERSE_API_KEY": "the-persons-own-key"}
    folder = tmp_path / "demo"
    command = [sys.executable, str(REPO / "scripts" / "demo.py"), "--folder", str(folder)]
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "Try next" in answer.stdout
    recipe = next(recipe for recipe in (venvs.BPY["5.0.1"], venvs.BPY["5.2.3"]) if not venvs.missing(recipe))
    look = [venvs.ensure(recipe), "-c", LOOK, folder / "demo.blend", folder / "demo.png"]
    said = subprocess.run(look, env=env, capture_output=True, text=True, check=False)
    line = next((line for line in said.stdout.splitlines() if line.startswith("LOOK ")), "")
    assert line, said.stdout + said.stderr
    seen = json.loads(line.removeprefix("LOOK "))
    assert seen["flows"] == ["image-to-model", "text-to-model"]
    assert seen["camera"]
    assert seen["shades"] > 5
    assert struct.unpack(">II", (folder / "demo.png").read_bytes()[16:24]) == (960, 540)
    holders = [path for path in folder.rglob("*") if path.is_file() and b"the-persons-own-key" in path.read_bytes()]
    assert holders == []
