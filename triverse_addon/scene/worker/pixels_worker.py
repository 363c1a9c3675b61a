# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write the pixels of a picture, or of views around a model, for the large preview: the script of a child Blender.

Floor: second. Thread: main, of the child. Imports ``bpy``. Never imported by the add-on: ``child.preview_pixels``
starts it as a script, as ``child.converter`` does with ``convert_worker``. It imports the modules of its folder as
plain modules, because the add-on is not loaded in the child.

To show a picture, the user's Blender would have to load it as a data-block of the open file, and to decode it on the
main thread. From these files it makes a texture in some milliseconds.
"""

import operator
import os
import struct
import zlib
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from . import asset_collection, gltf_import, job_loop, orientation, picture_tags, preview_render
    from .job_format import Job, PixelsInput, PixelsOutput
else:
    import asset_collection
    import gltf_import
    import job_loop
    import orientation
    import picture_tags
    import preview_render
    from job_format import Job, PixelsInput, PixelsOutput

#: Suffix of the files: width and height (:data:`HEADER`), then compressed pixels from the lower left corner, four
#: 32-bit floats each, in sRGB and multiplied by their alpha.
SUFFIX = ".pixels"
HEADER = struct.Struct("<II")


def write_pixels(job: Job[PixelsInput]) -> None:
    """
    Write the files and the result.

    :raises gltf_import.RefusedError: the picture cannot be read, or the model cannot be rendered.
    :raises OSError: a file cannot be written.
    """
    given = job.input
    job_loop.empty_file()
    if given.picture_path is not None:
        pictures = [Path(given.picture_path)]
    else:
        pictures = _views(given, Path(job.result_path).parent)
    files = []
    for number, picture in enumerate(pictures):
        target = Path(f"{given.target_stem}-{number}{SUFFIX}")
        _write(picture, target, given.max_edge_px)
        files.append(target.name)
    job_loop.write_result(job, PixelsOutput(tuple(files)))


def _views(given: PixelsInput, folder: Path) -> list[Path]:
    try:
        with bpy.data.libraries.load(given.blend_path, link=False) as (inside, wanted):  # type: ignore[func-returns-value]
            wanted.collections = inside.collections
    except (OSError, RuntimeError) as error:
        raise gltf_import.RefusedError("unreadable", gltf_import.last_line(str(error))) from None
    found = [one for one in wanted.collections if one is not None and not asset_collection.is_beside(one)]
    if not found:
        raise gltf_import.RefusedError("empty")
    bpy.context.scene.collection.children.link(found[0])
    asset_collection.exclude_others(found[0])
    targets = [folder / f"view-{number}.png" for number in range(given.views)]
    try:
        preview_render.draw_around(found[0], targets, given.max_edge_px)
    except preview_render.CannotDrawError as error:
        raise gltf_import.RefusedError("unreadable", str(error)) from None
    return targets


def _write(picture: Path, target: Path, max_edge_px: int) -> None:
    try:
        image = bpy.data.images.load(str(picture), check_existing=False)
    except RuntimeError as error:
        raise gltf_import.RefusedError("picture", gltf_import.last_line(str(error))) from None
    if not all(image.size) or not len(image.pixels):
        raise gltf_import.RefusedError("picture")
    factor = max_edge_px / max(image.size)
    if factor < 1.0:
        image.scale(*(max(1, round(edge_px * factor)) for edge_px in image.size))
    size: tuple[int, int] = tuple(image.size)  # type: ignore[assignment]
    width, height = size
    pixels = _rgba(image)
    bpy.data.images.remove(image)
    turned = picture_tags.orientation_of(picture)
    if turned != 1:
        pixels, width, height = orientation.upright(pixels, width, height, turned)
    part = target.with_name(f".{target.stem}.{os.getpid()}{SUFFIX}")
    try:
        part.write_bytes(HEADER.pack(width, height) + zlib.compress(pixels.tobytes(), 1))
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _rgba(image: bpy.types.Image) -> "array[float]":
    """Return the pixels of an image with four channels, multiplied by their alpha."""
    found = array("f", [0.0]) * len(image.pixels)
    image.pixels.foreach_get(found)  # type: ignore[attr-defined]
    # One channel is grey, two are grey and alpha.
    of = {1: (0, 0, 0), 2: (0, 0, 0, 1), 3: (0, 1, 2), 4: (0, 1, 2, 3)}[image.channels]
    pixels = array("f", [1.0]) * (len(found) // image.channels * 4)
    for channel, source in enumerate(of):
        pixels[channel::4] = found[source :: image.channels]
    if len(of) == 4 and min(alpha := pixels[3::4]) < 1.0:
        for channel in range(3):
            pixels[channel::4] = array("f", map(operator.mul, pixels[channel::4], alpha))
    return pixels


if __name__ == "__main__":
    job_loop.serve(write_pixels, PixelsInput)
