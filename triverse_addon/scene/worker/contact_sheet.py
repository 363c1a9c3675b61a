# SPDX-License-Identifier: GPL-3.0-or-later
"""
Render contact sheets: PNGs with the thumbnails of many models and their names.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

All thumbnails of a page are drawn into one image, which is a plane behind the captions. The captions are text objects,
because Blender's font has the characters of nearly all scripts. Cycles renders both without a graphics card.
"""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy

if TYPE_CHECKING:
    from . import colours, thumbnail
    from .job_format import SheetTile
else:
    import colours
    import thumbnail
    from job_format import SheetTile

_log = logging.getLogger(__name__)

_COLUMNS = 8
_ROWS = 8
_PICTURE_PX = 160
_GAP_PX = 16
_LINE_PX = 16
_LINES = 2
_CELL_W = _PICTURE_PX + _GAP_PX
_CELL_H = _PICTURE_PX + _LINES * _LINE_PX + _GAP_PX
_LETTERS = 24
_PAPER = (0.93, 0.93, 0.93, 1.0)
_EMPTY = (0.82, 0.82, 0.82, 1.0)
_INK = (0.01, 0.01, 0.01, 1.0)


def draw(tiles: Sequence[SheetTile], target_stem: Path) -> list[Path]:
    """
    Render all pages and return the paths of the files.

    :param tiles: the models.
    :param target_stem: path of the files without number and suffix.
    """
    pages = [tiles[start : start + _COLUMNS * _ROWS] for start in range(0, len(tiles), _COLUMNS * _ROWS)]
    paths = []
    for number, page in enumerate(pages, 1):
        path = target_stem.with_name(f"{target_stem.name}{f'-{number}' if len(pages) > 1 else ''}.png")
        _draw_page(page, path)
        paths.append(path)
    return paths


def _draw_page(tiles: Sequence[SheetTile], path: Path) -> None:
    columns = min(_COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / _COLUMNS)
    width, height = columns * _CELL_W + _GAP_PX, rows * _CELL_H + _GAP_PX
    paper = numpy.empty((height, width, 4), dtype=numpy.float32)
    paper[:] = _PAPER
    scene = bpy.context.scene
    made = [_camera(scene, width, height)]
    ink = _flat("Ink", _INK)
    for index, tile in enumerate(tiles):
        left = _GAP_PX + index % _COLUMNS * _CELL_W
        top = height - _GAP_PX - index // _COLUMNS * _CELL_H
        paper[top - _PICTURE_PX : top, left : left + _PICTURE_PX] = _EMPTY
        if tile.picture:
            _paste(Path(tile.picture), paper, left, top)
        for line, text in enumerate(tile.caption[:_LINES]):
            at = (left, top - _PICTURE_PX - (line + 1) * _LINE_PX, 0.1)
            made.append(_text(scene, text, at, ink, small=line > 0))
    made.append(_paper(scene, paper, width, height))
    _render(scene, width, height, path)
    for obj in made:
        bpy.data.objects.remove(obj)
    bpy.data.orphans_purge(do_recursive=True)


def _paste(picture: Path, paper: numpy.ndarray, left: int, top: int) -> None:
    """
    Blend the image at ``picture`` into its cell of the page. If it cannot be read, the cell is left empty.

    :param paper: pixels of the page (height, width, 4), changed in place.
    :param left: left edge of the cell, in pixels.
    :param top: upper edge of the cell, in pixels from below.
    """
    try:
        thumbnail.pixel_size(picture)
        image = bpy.data.images.load(str(picture), check_existing=False)
    except (thumbnail.PictureError, RuntimeError) as error:
        _log.warning("%s: %s", picture, error)
        return
    try:
        factor = _PICTURE_PX / max(*image.size, 1)
        wide, high = (max(1, min(_PICTURE_PX, round(edge * factor))) for edge in image.size)
        image.scale(wide, high)
        pixels = numpy.empty(wide * high * 4, dtype=numpy.float32)
        image.pixels.foreach_get(pixels)
    except (RuntimeError, TypeError) as error:
        _log.warning("%s: %s", picture, error)
        return
    finally:
        bpy.data.images.remove(image)
    pixels = pixels.reshape(high, wide, 4)
    x, y = left + (_PICTURE_PX - wide) // 2, top - _PICTURE_PX + (_PICTURE_PX - high) // 2
    below = paper[y : y + high, x : x + wide]
    share = pixels[..., 3:]
    paper[y : y + high, x : x + wide] = pixels * share + below * (1 - share)


def _paper(scene: bpy.types.Scene, pixels: numpy.ndarray, width: int, height: int) -> bpy.types.Object:
    image = bpy.data.images.new("Paper", width, height)
    image.pixels.foreach_set(pixels.ravel())
    image.pack()
    material, emission = _emitting("Paper")
    node = material.node_tree.nodes.new("ShaderNodeTexImage")
    node.image = image
    node.interpolation = "Closest"
    material.node_tree.links.new(node.outputs["Color"], emission.inputs["Color"])
    mesh = bpy.data.meshes.new("Paper")
    # The plane is larger than the visible area, because the renderer's filter blends the surroundings into its edge.
    node.extension = "EXTEND"
    corners = [(-_GAP_PX, -_GAP_PX), (width + _GAP_PX, -_GAP_PX)]
    corners += [(x, height + _GAP_PX) for x, _ in reversed(corners)]
    mesh.from_pydata([(x, y, 0) for x, y in corners], [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new()
    for corner, (x, y) in zip(layer.data, corners, strict=True):
        corner.uv = (x / width, y / height)
    mesh.materials.append(material)
    return _linked(scene, bpy.data.objects.new("Paper", mesh))


def _text(
    scene: bpy.types.Scene, text: str, at: tuple[float, float, float], ink: bpy.types.Material, *, small: bool
) -> bpy.types.Object:
    curve = bpy.data.curves.new("Caption", "FONT")
    curve.body = text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"
    curve.size = _LINE_PX * (0.8 if small else 0.95)
    curve.materials.append(ink)
    obj = bpy.data.objects.new("Caption", curve)
    obj.location = (at[0], at[1] + _LINE_PX * 0.2, at[2])
    return _linked(scene, obj)


def _flat(name: str, color: tuple[float, float, float, float]) -> bpy.types.Material:
    material, emission = _emitting(name)
    emission.inputs["Color"].default_value = color
    return material


def _emitting(name: str) -> tuple[bpy.types.Material, bpy.types.Node]:
    material = bpy.data.materials.new(name)
    if bpy.app.version < (5, 0):
        # Always True since 5.0, where setting it causes a warning.
        material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()
    emission = tree.nodes.new("ShaderNodeEmission")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(emission.outputs["Emission"], output.inputs["Surface"])
    return material, emission


def _camera(scene: bpy.types.Scene, width: int, height: int) -> bpy.types.Object:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = max(width, height)
    camera.data.clip_end = 100.0
    camera.location = (width / 2, height / 2, 10.0)
    scene.camera = camera
    return _linked(scene, camera)


def _linked(scene: bpy.types.Scene, obj: bpy.types.Object) -> bpy.types.Object:
    scene.collection.objects.link(obj)
    return obj


def _render(scene: bpy.types.Scene, width: int, height: int, path: Path) -> None:
    render = scene.render
    try:
        render.engine = "CYCLES"  # type: ignore[assignment]
    except TypeError:
        raise OSError(0, "this Blender has no Cycles") from None
    scene.cycles.device = "CPU"
    scene.cycles.samples = 6
    scene.cycles.max_bounces = 0
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = False
    colours.show_plainly(scene)
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.dither_intensity = 0.0
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    render.filepath = str(path)
    try:
        bpy.ops.render.render(write_still=True)
    except RuntimeError as error:
        raise OSError(0, " ".join(str(error).split())) from error
