# SPDX-License-Identifier: GPL-3.0-or-later
"""
Capture what a 3D viewport shows: all of it, a rectangle of it, or the selected objects framed as a square.

Floor: second. Thread: main. Imports ``bpy``.

The picture is drawn off screen, with the shading of the viewport but without grid, outlines, gizmos and other overlays.
What is hidden or changed for it is as it was before afterwards; no undo step is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ...api.sentence import Sentence
from ..host.errors import SceneError
from . import tga
from .framing import View, part, square
from .source_files import VIEWPORT, numbered_path, write

#: Least and greatest length, in pixels, of the longer side of a picture. Small viewports are drawn enlarged.
_MIN_PX, _MAX_PX = 1024, 2048
#: Edge of a square picture, in pixels.
_SQUARE_PX = 1024
#: The plain background, scene linear: 90 % grey on the screen, which contrasts with dark things and with white ones.
_PLAIN = (0.8, 0.8, 0.8)
#: Types of objects that stay when the others are hidden: they light the selected ones, and cannot be seen.
_KEPT_TYPES = frozenset({"LIGHT", "LIGHT_PROBE", "CAMERA", "SPEAKER"})


def capture_viewport(area: bpy.types.Area, scene: bpy.types.Scene, layer: bpy.types.ViewLayer, folder: Path) -> Path:
    """
    Write the view of a 3D viewport to a file.

    :param area: area of the viewport.
    :param scene: the scene to draw.
    :param layer: the view layer to draw.
    :param folder: folder for the file.
    :return: path of the file.
    :raises SceneError: the area has no 3D viewport, Blender cannot draw here, or the file cannot be written.
    """
    return capture_rectangle(area, scene, layer, folder, (0.0, 0.0), (1.0, 1.0))


def capture_rectangle(
    area: bpy.types.Area,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    folder: Path,
    low: tuple[float, float],
    high: tuple[float, float],
    region: bpy.types.Region | None = None,
) -> Path:
    """
    Write a rectangle of the view of a 3D viewport to a file, drawn as large as a whole view would be.

    :param low: its lower left corner, from 0.0 to 1.0 of the viewport's width and height.
    :param high: its upper right corner.
    :param region: the part of a quad view that it is a rectangle of; None for the main one.
    :return: path of the file; see :func:`capture_viewport` for the rest.
    """
    space, region = _viewport(area, region)
    sides = (region.width * (high[0] - low[0]), region.height * (high[1] - low[1]))
    factor = min(max(*sides, _MIN_PX), _MAX_PX) / max(*sides, 1)
    width, height = (max(1, round(side * factor)) for side in sides)
    pixels = _draw(space, region, scene, layer, part(_view(space, region), low, high), width, height)
    return _save(folder, pixels, width, height)


def capture_objects(
    area: bpy.types.Area,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    folder: Path,
    objects: list[bpy.types.Object],
    *,
    alone: bool = False,
) -> Path:
    """
    Write a square picture of ``objects`` to a file, seen from where the viewport looks.

    :param objects: objects of the view layer.
    :param alone: hide all other objects while it is drawn, and make the background plain.
    :return: path of the file; see :func:`capture_viewport` for the rest.
    :raises SceneError: also if none of the objects can be seen.
    """
    space, region = _viewport(area)
    points = _corners(objects, layer)
    if not points:
        raise SceneError(Sentence.of("Nothing that can be seen is selected."))
    view = square(points, _view(space, region))
    if not alone:
        return _save(folder, _draw(space, region, scene, layer, view, _SQUARE_PX, _SQUARE_PX), _SQUARE_PX, _SQUARE_PX)
    with _hidden_rest(layer, objects), _plain_background(space, scene):
        pixels = _draw(space, region, scene, layer, view, _SQUARE_PX, _SQUARE_PX)
    return _save(folder, pixels, _SQUARE_PX, _SQUARE_PX)


def _viewport(
    area: bpy.types.Area, region: bpy.types.Region | None = None
) -> tuple[bpy.types.SpaceView3D, bpy.types.Region]:
    space = area.spaces.active
    if not isinstance(space, bpy.types.SpaceView3D):
        raise SceneError(Sentence.of("There is no 3D viewport to capture."))
    return space, region or main_region(area)


def main_region(area: bpy.types.Area) -> bpy.types.Region:
    """Return the region of a 3D viewport; of a quad view, the part that a user turns."""
    regions = [region for region in area.regions if region.type == "WINDOW"]
    return regions[-1]


def _view(space: bpy.types.SpaceView3D, region: bpy.types.Region) -> View:
    # A region has no view before it is drawn.
    seen = region.data or space.region_3d
    return View(seen.view_matrix.copy(), seen.window_matrix.copy())


def _corners(objects: list[bpy.types.Object], layer: bpy.types.ViewLayer) -> list[Vector]:
    """Return the corners of the bounding boxes of what is visible of ``objects``, their instances included."""
    wanted = {obj.name_full for obj in objects if obj.visible_get(view_layer=layer)}
    points = []
    for instance in layer.depsgraph.object_instances:
        owner = instance.parent if instance.is_instance else instance.object
        if owner is None or owner.original.name_full not in wanted or not instance.show_self:
            continue
        if instance.object.type not in _KEPT_TYPES and instance.object.type != "EMPTY":
            matrix = instance.matrix_world
            points += [matrix @ Vector(corner) for corner in instance.object.bound_box]
    return points


@contextmanager
def _hidden_rest(layer: bpy.types.ViewLayer, objects: list[bpy.types.Object]) -> Iterator[None]:
    """Hide the objects of ``layer`` that are not among ``objects`` and can be seen; show them again afterwards."""
    before = {obj for obj in layer.objects if obj.hide_get(view_layer=layer)}
    selected = [obj for obj in layer.objects if obj.select_get(view_layer=layer)]
    shown = {*objects, *(obj for obj in layer.objects if obj.type in _KEPT_TYPES)} - before
    rest = {obj for obj in layer.objects if obj not in shown and obj.visible_get(view_layer=layer)}
    try:
        if _has_operators():
            _select(layer, shown)
            bpy.ops.object.hide_view_set(unselected=True)
        _hide_exactly(layer, before | rest)
        layer.update()
        yield
    finally:
        if _has_operators():
            bpy.ops.object.hide_view_clear(select=False)
            if before:
                _select(layer, before)
                bpy.ops.object.hide_view_set(unselected=False)
        _hide_exactly(layer, before)
        _select(layer, set(selected))
        layer.update()


def _has_operators() -> bool:
    """
    Return whether Blender's operators can hide and show, which take all objects at once.

    To hide 10,000 one by one takes 20 s: for each, Blender looks at all (4.2 to 5.3).
    """
    return bool(bpy.ops.object.hide_view_set.poll())  # type: ignore[call-arg]


def _select(layer: bpy.types.ViewLayer, objects: set[bpy.types.Object]) -> None:
    for obj in layer.objects:
        obj.select_set(obj in objects, view_layer=layer)


def _hide_exactly(layer: bpy.types.ViewLayer, hidden: set[bpy.types.Object]) -> None:
    """Hide ``hidden`` and show all others: those that the operators leave out, such as unselectable ones."""
    for obj in layer.objects:
        if obj.hide_get(view_layer=layer) != (obj in hidden):
            obj.hide_set(obj in hidden, view_layer=layer)


@contextmanager
def _plain_background(space: bpy.types.SpaceView3D, scene: bpy.types.Scene) -> Iterator[None]:
    """
    Give the viewport a background of one colour, as far as its shading lets it.

    In the solid modes that is a colour of ours; in the others the world is not drawn, and the theme's colour is seen.
    """
    shading = space.shading
    before: Any = (shading.background_type, shading.background_color.copy(), shading.studiolight_background_alpha)
    transparent = scene.render.film_transparent
    can_edit = scene.is_editable and shading.type == "RENDERED"
    try:
        shading.background_type, shading.background_color = "VIEWPORT", _PLAIN
        shading.studiolight_background_alpha = 0.0
        if can_edit:
            scene.render.film_transparent = True
        yield
    finally:
        shading.background_type, shading.background_color, shading.studiolight_background_alpha = before
        if can_edit:
            scene.render.film_transparent = transparent


def _draw(
    space: bpy.types.SpaceView3D,
    region: bpy.types.Region,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    view: View,
    width: int,
    height: int,
) -> bytes:
    """
    Draw a view of a 3D viewport once, off screen and without overlays.

    :param space: the viewport, whose overlays are off during the call.
    :param region: the region of the viewport.
    :param view: the view to draw.
    :param width: width in pixels.
    :param height: height in pixels.
    :return: the pixels, 8-bit RGBA, row by row from the lower left.
    :raises SceneError: Blender cannot draw, because it has no window.
    """
    shown = space.overlay.show_overlays
    try:
        import gpu  # absent in the bpy module

        offscreen = gpu.types.GPUOffScreen(width, height)
    except (ImportError, SystemError, RuntimeError) as error:
        raise SceneError(Sentence.of("Blender cannot draw the viewport without a window.")) from error
    try:
        space.overlay.show_overlays = False
        offscreen.draw_view3d(scene, layer, space, region, view.matrix, view.window, do_color_management=True)
        with offscreen.bind():
            buffer = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "UBYTE")
        buffer.dimensions = width * height * 4  # type: ignore[assignment]
        return bytes(buffer)
    finally:
        space.overlay.show_overlays = shown
        offscreen.free()


def _save(folder: Path, pixels: bytes, width: int, height: int) -> Path:
    return write(numbered_path(folder, VIEWPORT), tga.encode(width, height, tga.without_alpha(pixels)))
