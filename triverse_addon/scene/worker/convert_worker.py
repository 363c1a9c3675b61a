# SPDX-License-Identifier: GPL-3.0-or-later
"""
Convert a GLB to a self-contained, uncompressed .blend with one collection: the script of a child Blender.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.converter`` starts it
as a script, ``blender … --python convert_worker.py -- job.json`` or ``python convert_worker.py -- job.json`` with the
bpy module. It imports the modules of its folder as plain modules, because the add-on is not loaded in the child.

The job file contains all input. The result is written atomically to the result file that the job names, and written
again if a preview was rendered afterwards.
"""

import hashlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bpy

if TYPE_CHECKING:
    from . import asset_collection, blend_file, colours, geometry, gltf_import, job_loop, preview_render, thumbnail
    from .job_format import ConvertInput, ConvertOutput, Job
else:
    import asset_collection
    import blend_file
    import colours
    import geometry
    import gltf_import
    import job_loop
    import preview_render
    import thumbnail
    from job_format import ConvertInput, ConvertOutput, Job

_log = logging.getLogger("convert_worker")


def convert(job: Job[ConvertInput]) -> None:
    """
    Convert one model and write the result.

    :param job: the job that :class:`child.converter.ChildConverter` wrote.
    :raises gltf_import.RefusedError: the model cannot be used.
    :raises OSError: the .blend cannot be written.
    """
    given = job.input
    scene = job_loop.empty_file()
    made = gltf_import.read(given.glb_path, gltf_import.Units(given.unit_m, given.frames_per_s))
    geometry.rework([*made.shown, *made.others], merge=given.merge, smooth_deg=given.smooth_deg)
    collection = asset_collection.collect(made.shown, made.others, given.name)
    asset_collection.store_variants(collection, made.variants)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    for problem in asset_collection.pack_images():
        _log.warning("%s", problem)
    asset_collection.mark_asset(
        collection,
        properties=given.properties,
        tags=given.tags,
        description=str(given.properties.get("triverse_prompt", "")),
        catalog_id=given.catalog_id,
    )
    bpy.data.orphans_purge(do_recursive=True)
    colours.mark_data_images(bpy.data.images)
    number, triangles = asset_collection.count(collection)
    has_thumbnail = given.preview_path is not None and _thumbnail(job, Path(given.preview_path), collection)
    output = ConvertOutput(
        collection_name=collection.name,
        objects=number,
        triangles=triangles,
        missing=made.missing,
        blend_sha256=_write(job, scene),
        thumbnail=has_thumbnail,
    )
    job_loop.write_result(job, output)
    if not has_thumbnail:
        try:
            if _render_preview(job, collection):
                job_loop.write_result(job, replace(output, blend_sha256=_write(job, scene), thumbnail=True))
        except (OSError, MemoryError) as error:
            # The .blend and the result that were written before remain valid.
            _log.warning("No rendered preview: %s", error)


def _write(job: Job[ConvertInput], scene: bpy.types.Scene) -> str:
    """Write the .blend and return its SHA-256, by which it is verified before it is appended."""
    path = Path(job.input.blend_path)
    blend_file.write(path, scene)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _thumbnail(job: Job[ConvertInput], picture: Path, collection: bpy.types.Collection) -> bool:
    """Make preview and thumbnail from the image ``picture``. Return False if that cannot be read."""
    try:
        thumbnail.make(picture, Path(job.input.thumbnail_path), collection)
    except thumbnail.PictureError as error:
        _log.warning("No thumbnail: %s", error)
        return False
    return True


def _render_preview(job: Job[ConvertInput], collection: bpy.types.Collection) -> bool:
    """
    Render a preview for a model that came without one. Return True if there is one now.

    Call it after the .blend and the result are written: if the renderer crashes, only the preview is missing.
    """
    drawn = Path(job.result_path).with_name("render.png")
    try:
        preview_render.draw(collection, drawn)
    except preview_render.CannotDrawError as error:
        _log.warning("No rendered preview: %s", error)
        return False
    return _thumbnail(job, drawn, collection)


if __name__ == "__main__":
    job_loop.serve(convert, ConvertInput)
