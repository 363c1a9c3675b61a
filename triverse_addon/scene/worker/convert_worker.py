# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the child Blender runs: a GLB in, a self-contained uncompressed .blend with one collection out.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.converter`` starts it
as a script, ``blender … --python convert_worker.py -- job.json`` or ``python convert_worker.py -- job.json`` under the
bpy module. It imports its neighbours as plain modules, because the child has no add-on.

It is told everything by the job file, and answers by the result file that the job names, which appears as a whole or
not at all. It is written again when a picture was drawn too.
"""

import dataclasses
import hashlib
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import asset_collection
import blend_file
import bpy
import colours
import geometry
import gltf_import
import job_loop
import preview_render
import thumbnail

_log = logging.getLogger("convert_worker")


def convert(job: dict) -> None:
    """
    Convert one model and answer.

    :param job: what :class:`child.converter.ChildConverter` wrote.
    :raises gltf_import.RefusedError: the model cannot be used.
    :raises OSError: the .blend cannot be written.
    """
    scene = job_loop.empty_file()
    made = gltf_import.read(job["glb_path"], gltf_import.Units(job["unit_m"], job["frames_per_s"]))
    geometry.rework([*made.shown, *made.others], merge=job["merge"], smooth_deg=job["smooth_deg"])
    collection = asset_collection.collect(made.shown, made.others, job["name"])
    asset_collection.note_variants(collection, made.variants)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    for problem in asset_collection.pack_images():
        _log.warning("%s", problem)
    asset_collection.mark_asset(
        collection,
        properties=job["properties"],
        tags=job["tags"],
        description=job["properties"].get("triverse_prompt", ""),
        catalog_id=job["catalog_id"],
    )
    bpy.data.orphans_purge(do_recursive=True)
    colours.note_data(bpy.data.images)
    number, triangles = asset_collection.count(collection)
    answer = {"collection_name": collection.name, "objects": number, "triangles": triangles}
    answer["missing"] = dataclasses.asdict(made.missing)
    picture = Path(job["preview_path"]) if job["preview_path"] else None
    has_thumbnail = picture is not None and _thumbnail(job, picture, collection)
    digest = _write(job, scene)
    job_loop.answer(job, **answer, blend_sha256=digest, thumbnail=has_thumbnail)
    if not has_thumbnail:
        try:
            if _portrait(job, collection):
                digest = _write(job, scene)
                job_loop.answer(job, **answer, blend_sha256=digest, thumbnail=True)
        except (OSError, MemoryError) as error:
            # The .blend and the answer of before stand.
            _log.warning("No portrait: %s", error)


def _write(job: dict, scene: bpy.types.Scene) -> str:
    """Write the .blend; returns its hash, by which it is known again before it is appended."""
    path = Path(job["blend_path"])
    blend_file.write(path, scene)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _thumbnail(job: dict, picture: Path, collection: bpy.types.Collection) -> bool:
    """Make preview and thumbnail from a picture. One that is missing or broken costs only them."""
    try:
        thumbnail.make(picture, Path(job["thumbnail_path"]), collection)
    except thumbnail.PictureError as error:
        _log.warning("No thumbnail: %s", error)
        return False
    return True


def _portrait(job: dict, collection: bpy.types.Collection) -> bool:
    """
    Draw the picture that the service did not give.

    Done when the .blend is saved and the answer written: should the renderer crash, only the picture is missing.
    """
    drawn = Path(job["result_path"]).with_name("portrait.png")
    try:
        preview_render.draw(collection, drawn)
    except preview_render.CannotDrawError as error:
        _log.warning("No portrait: %s", error)
        return False
    return _thumbnail(job, drawn, collection)


if __name__ == "__main__":
    job_loop.serve(convert)
