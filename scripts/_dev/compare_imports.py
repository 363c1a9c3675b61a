# SPDX-License-Identifier: GPL-3.0-or-later
"""
One GLB by Blender's own importer and by ours, both ways, and how the three compare.

No floor (development only). Main thread of a Blender, whose open file is lost. Imports ``bpy``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from tests.corpus.builder import png
from triverse_addon.api.errors import TriverseError
from triverse_addon.scene.host import gltf_abilities
from triverse_addon.scene.importing import variants
from triverse_addon.scene.importing.append import append_model
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.tasks.converter import Converter, ConvertJob
from triverse_addon.tasks.glb.glb_check import readable

from . import empty_file
from .model_description import describe, differences, without_wrappers

EQUAL, DESIGNED, DIFFERS, REFUSED, CRASHED, UNREADABLE = (
    "equal",
    "differs as designed",
    "differs",
    "refused",
    "crashed",
    "unreadable",
)
"""UNREADABLE: Blender's importer does not read it, and neither do we. REFUSED: it does, and we do not."""
NAME = "Model"


@dataclass
class Comparison:
    """How one file compares by one way of ours.

    Args:
        kind: EQUAL and so on.
        lines: what is otherwise, or why it is refused.
    """

    kind: str
    lines: list[str] = field(default_factory=list)


def compare(glb: Path, convert: Converter | None, out_dir: Path) -> Mapping[str, Comparison]:
    """Return how a file compares by each way: "child" (with ``convert``) and "in place"."""
    theirs, problem = _theirs(glb)
    ways = {"in place": lambda: _in_place(glb)}
    if convert is not None:
        ways["child"] = lambda: _by_child(glb, convert, out_dir)
    return {name: _judged(theirs, problem, way) for name, way in ways.items()}


def _theirs(glb: Path) -> tuple[dict[str, Any] | None, str]:
    """Return what Blender's importer made; None and its words if that is nothing."""
    _fresh()
    try:
        bpy.ops.import_scene.gltf(filepath=str(glb), import_pack_images=True, **_same_options())
    except RuntimeError as error:
        text = " ".join(str(error).split())
        if "Traceback" in str(error) or not bpy.data.objects:
            return None, text[-300:]
    if not bpy.data.objects:
        return None, "nothing was made"
    return describe(bpy.data.objects), ""


def _same_options() -> dict[str, bool]:
    known = bpy.ops.import_scene.gltf.get_rna_type().properties  # type: ignore[call-arg]
    wanted = {"disable_bone_shape": True, "import_scene_extras": False, "import_select_created_objects": False}
    return {name: value for name, value in wanted.items() if name in known}


def _in_place(glb: Path) -> dict[str, Any]:
    with readable(glb, gltf_abilities.current_reader()) as (path, _):
        collection = import_model(path, _fresh(), name=NAME)
    variants.transfer(collection)
    return describe(collection.all_objects)


def _by_child(glb: Path, convert: Converter, out_dir: Path) -> dict[str, Any]:
    out_dir.mkdir(parents=True, exist_ok=True)
    with readable(glb, gltf_abilities.current_reader()) as (path, _):
        job = ConvertJob(glb_path=path, preview_path=_preview(out_dir), out_dir=out_dir, name=NAME)
        made = convert(job, threading.Event())
    collection = append_model(made.blend_path, _fresh())
    variants.transfer(collection)
    return describe(collection.all_objects)


def _preview(folder: Path) -> Path:
    """Return a picture of the service's, so that none has to be drawn, which takes longer than all else."""
    path = folder / "preview.png"
    if not path.is_file():
        path.write_bytes(png())
    return path


def _fresh() -> bpy.types.Scene:
    empty_file.read()
    return bpy.context.scene


def _judged(theirs: dict[str, Any] | None, problem: str, way: Any) -> Comparison:
    try:
        ours = way()
    except TriverseError as error:
        return Comparison(UNREADABLE if theirs is None else REFUSED, [str(error.sentence), problem])
    except (RuntimeError, ReferenceError, TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        return Comparison(CRASHED, [f"{type(error).__name__}: {error}"])
    if theirs is None:
        return Comparison(DESIGNED, [f"Blender alone does not read it: {problem}"])
    plain = without_wrappers(theirs)
    designed = []
    if removed := len(theirs["objects"]) - len(plain["objects"]):
        designed.append(f"{removed} wrapper empties removed")
    if hidden := sum(not one["is_visible"] for one in ours["objects"]):
        designed.append(f"{hidden} objects outside the default scene are excluded")
        plain = _seen_alike(plain)
        ours = _seen_alike(ours)
    plain = _named_alike(plain, ours)
    shown = _shown_colours(plain, ours)
    if shown != plain:
        plain = shown
        designed.append("vertex colours without a material have one that shows them")
    lines = differences(plain, ours)
    if lines:
        return Comparison(DIFFERS, lines)
    return Comparison(DESIGNED, designed) if designed else Comparison(EQUAL)


def _shown_colours(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Give meshes with vertex colours the material that we give them where the importer, up to 4.4, makes none."""
    mine = {one["name"]: one for one in ours["objects"]}
    objects = []
    for one in theirs["objects"]:
        data, other = one.get("data"), mine.get(one["name"], {}).get("data")
        if one["type"] == "MESH" and data["colors"] and not data["materials"] and other is not None:
            added = [material for material in other["materials"] if material["name"] == "DefaultMaterial"]
            one = {**one, "data": {**data, "materials": added}}
        objects.append(one)
    return {**theirs, "objects": objects}


def _seen_alike(described: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is seen: versions of the importer differ, and ours shows the default scene alone."""
    return {**described, "objects": [{**one, "is_visible": True} for one in described["objects"]]}


def _named_alike(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """Give a model's only shown object the name that it has here: that of its collection."""
    names = {one["name"] for one in theirs["objects"]}
    (mine,) = [one for one in ours["objects"] if one["name"] not in names][:1] or [None]
    gone = [one for one in theirs["objects"] if one["name"] not in {other["name"] for other in ours["objects"]}]
    if mine is None or mine["name"] != NAME or len(gone) != 1:
        return theirs
    (old,) = gone
    renamed = [
        {
            **one,
            "name": NAME if one is old else one["name"],
            "parent": NAME if one["parent"] == old["name"] else one["parent"],
        }
        for one in theirs["objects"]
    ]
    return {**theirs, "objects": renamed}
