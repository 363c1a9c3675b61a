# SPDX-License-Identifier: GPL-3.0-or-later
"""
Convert a GLB to a self-contained, uncompressed .blend with one collection: the script of a child Blender.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.converter`` starts it
as a script, in a Blender or, with the bpy module, in Python, by the command of ``child.command``, which also puts this
folder on the child's search path: the modules of it are imported as plain modules, because the add-on is not loaded in
the child.

The job file contains all input. The result is written atomically to the result file that the job names, and written
again if a preview was rendered afterwards.
"""

import hashlib
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from . import (
        asset_collection,
        blend_file,
        colours,
        gltf_import,
        job_loop,
        part_follower,
        picture_proof,
        preview_reading,
        preview_render,
        thumbnail,
    )
    from .job_format import ConvertInput, ConvertOutput, ExpectedInput, Job, Processing
else:
    import asset_collection
    import blend_file
    import colours
    import gltf_import
    import job_loop
    import part_follower
    import picture_proof
    import preview_reading
    import preview_render
    import thumbnail
    from job_format import ConvertInput, ConvertOutput, ExpectedInput, Job, Processing

_log = logging.getLogger("convert_worker")

#: Memory that a child which waits has touched ahead, in blocks: what a model of 100,000 triangles with three 2k maps
#: needs. This saves a quarter of the processor time of its conversion (measured, 4.2.23 and 5.0.1).
_TOUCHED_BLOCK_BYTES, _TOUCHED_BLOCKS = 16 * 1024**2, 6

#: What reads the model that is being downloaded.
_followers: "list[part_follower.PartFollower]" = []


def convert(job: Job[ConvertInput]) -> None:
    """
    Convert one model and write the result.

    :param job: the job that :class:`child.converter.ChildConverter` wrote.
    :raises gltf_import.RefusedError: the model cannot be used.
    :raises OSError: the .blend cannot be written.
    """
    given = job.input
    for follower in _followers:
        follower.complete()
    scene = job_loop.empty_file()
    small: thumbnail.Small | None = None
    if given.preview_path is not None:
        preview_reading.begin(Path(given.preview_path))

    def read_preview() -> None:
        nonlocal small
        if given.preview_path is not None:
            small = preview_reading.try_read(Path(given.preview_path), Path(given.thumbnail_path))

    collection, missing = asset_collection.import_glb(
        given.glb_path,
        scene,
        given.name,
        gltf_import.Units(given.unit_m, given.frames_per_s),
        merge=given.post.merge,
        smooth_deg=given.post.smooth_deg,
        meanwhile=read_preview,
    )
    number, triangles = _process(collection, given.post)
    asset_collection.pack_images()
    asset_collection.mark_asset(
        collection,
        properties=given.properties,
        tags=given.tags,
        description=str(given.properties.get("triverse_prompt", "")),
        catalog_id=given.catalog_id,
    )
    bpy.data.orphans_purge(do_recursive=True)
    colours.mark_data_images(bpy.data.images)
    if small is not None:
        small.show(collection)
    output = ConvertOutput(
        collection_name=collection.name,
        objects=number,
        triangles=triangles,
        missing=missing,
        blend_sha256=_write(job, scene),
        thumbnail=small is not None,
    )
    job_loop.write_result(job, output)
    if small is not None:
        return
    # The model is rendered after the .blend and the result are written: if the renderer crashes, only the preview is
    # missing.
    drawn = Path(job.result_path).with_name("render.png")
    try:
        is_drawn = preview_render.try_draw(collection, drawn)
        if is_drawn and thumbnail.try_make(drawn, Path(given.thumbnail_path), collection):
            job_loop.write_result(job, replace(output, blend_sha256=_write(job, scene), thumbnail=True))
    except (OSError, MemoryError) as error:
        _log.warning("No rendered preview: %s", error)


def _process(collection: bpy.types.Collection, post: Processing) -> tuple[int, int]:
    """
    Process the model, with its levels of detail as child collections.

    :return: number of its objects, and of their triangles, without levels of detail and hull.
    """
    if not _is_work(post):
        return asset_collection.count(collection)
    gltf_import.need_numpy()
    # It imports numpy, which is not needed otherwise.
    if TYPE_CHECKING:
        from . import post_process
    else:
        import post_process
    levels = post_process.work(collection, post)
    counted = asset_collection.count(collection)
    if post.hull:
        post_process.add_hull(collection)
    asset_collection.add_levels(collection, levels)
    return counted


def _is_work(post: Processing) -> bool:
    return replace(post, merge=False, smooth_deg=0) != Processing()


def _write(job: Job[ConvertInput], scene: bpy.types.Scene) -> str:
    """Write the .blend and return its SHA-256, by which it is verified before it is appended."""
    path = Path(job.input.blend_path)
    blend_file.write(path, scene)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def warm_up() -> None:
    """Do what each conversion has to do first, and what does not depend on the model."""
    job_loop.empty_file()
    gltf_import.warm_up()
    blend_file.warm_up()
    thumbnail.warm_up()
    preview_reading.warm_up()
    if sys.platform == "linux":
        # The pages of freed memory stay with the child, see ``child.environment``. In one piece, they would not.
        touched = [b"\1" * _TOUCHED_BLOCK_BYTES for _ in range(_TOUCHED_BLOCKS)]
        del touched


def work_ahead(expected: ExpectedInput) -> None:
    """Do what can be done with the files that are there before the model is complete."""
    if expected.part_path is not None:
        follower = part_follower.PartFollower(Path(expected.part_path))
        _followers.append(follower)
        picture_proof.expect(follower.finish)
    if expected.preview_path is not None:
        preview_reading.read_ahead(Path(expected.preview_path))


if __name__ == "__main__":
    job_loop.serve(convert, ConvertInput, warm_up=warm_up, work_ahead=work_ahead)
