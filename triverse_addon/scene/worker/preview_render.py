# SPDX-License-Identifier: GPL-3.0-or-later
"""
Render a preview of a model for which the service delivered none.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

Cycles on the CPU is the only engine that renders without a graphics card. At 256 px it takes 0.2 s for 20,000 triangles
and 2 to 2.5 s for a million (measured, two cores), nearly all of it before the first ray is traced.
"""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from mathutils import Euler, Matrix, Vector

if TYPE_CHECKING:
    from . import asset_collection, colours
else:
    import asset_collection
    import colours

_log = logging.getLogger(__name__)

_EDGE_PX = 256
_SAMPLES = 8
#: Direction from the model to the camera: from the front, a little from the right and from above.
_VIEW = Vector((0.45, -1.0, 0.5)).normalized()
_SUN = Euler((math.radians(40), 0.0, math.radians(-25)))


class CannotDrawError(Exception):
    """The model cannot be rendered: Blender has no Cycles, nothing is visible, or rendering failed."""


def draw(collection: bpy.types.Collection, target: Path) -> None:
    """
    Render a model from one side, see :func:`draw_around`.

    :param target: path of the PNG.
    """
    draw_around(collection, [target])


def draw_around(collection: bpy.types.Collection, targets: Sequence[Path], edge_px: int = _EDGE_PX) -> None:
    """
    Render a model with a transparent background to PNGs, from directions that are evenly spaced around it.

    It is rendered in a temporary scene, so the model's scene is not changed.

    :param collection: the model, linked to the current scene.
    :param targets: paths of the PNGs. The camera goes to the right.
    :param edge_px: width and height.
    :raises CannotDrawError: the model cannot be rendered.
    """
    bpy.context.view_layer.update()
    corners = [
        obj.matrix_world @ Vector(corner)
        for obj in collection.objects
        if obj.type == "MESH" and obj.data.polygons
        for corner in obj.bound_box
    ]
    if not corners:
        raise CannotDrawError("nothing to see")
    middle = (Vector(map(min, *corners)) + Vector(map(max, *corners))) / 2
    radius = max((corner - middle).length for corner in corners)
    if not 0.0 < radius < 1e6:
        raise CannotDrawError(f"radius {radius}")
    scene = bpy.data.scenes.new("Preview")
    made: list[bpy.types.ID] = [scene]
    try:
        _set_up(scene, edge_px)
        made.append(scene.world)
        scene.collection.children.link(collection)
        asset_collection.exclude_others(collection)
        camera = _camera(scene, radius)
        for obj in (camera, _sun(scene)):
            made += [obj, obj.data]
        # Without it, the geometry is sent to the renderer again for each view.
        scene.render.use_persistent_data = len(targets) > 1
        for number, target in enumerate(targets):
            _aim(camera, middle, radius, 2 * math.pi * number / len(targets))
            scene.render.filepath = str(target)
            bpy.ops.render.render(write_still=True, scene=scene.name)
    except RuntimeError as error:
        raise CannotDrawError(str(error)) from error
    finally:
        bpy.data.batch_remove(made)
    if not all(target.is_file() for target in targets):
        raise CannotDrawError("no file was written")


def try_draw(collection: bpy.types.Collection, target: Path) -> bool:
    """Call :func:`draw`. Return False, with a line in the log, if the model cannot be rendered."""
    try:
        draw(collection, target)
    except CannotDrawError as error:
        _log.warning("No rendered preview: %s", error)
        return False
    return True


def _set_up(scene: bpy.types.Scene, edge_px: int) -> None:
    render = scene.render
    try:
        render.engine = "CYCLES"  # type: ignore[assignment]
    except TypeError:
        raise CannotDrawError("no Cycles") from None
    scene.cycles.device = "CPU"
    scene.cycles.samples = _SAMPLES
    scene.cycles.max_bounces = 2
    scene.cycles.use_adaptive_sampling = False
    scene.cycles.use_denoising = False
    colours.show_plainly(scene)
    render.resolution_x = render.resolution_y = edge_px
    render.resolution_percentage = 100
    render.film_transparent = True
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGBA"
    scene.world = bpy.data.worlds.new("Preview")
    if bpy.app.version < (5, 0):
        # Always True since 5.0, where setting it causes a warning.
        scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.7, 0.72, 0.75, 1.0)


def _camera(scene: bpy.types.Scene, radius: float) -> bpy.types.Object:
    camera = bpy.data.objects.new("Preview", bpy.data.cameras.new("Preview"))
    distance = _distance(camera, radius)
    camera.data.clip_start = distance / 1000
    camera.data.clip_end = distance * 10
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _distance(camera: bpy.types.Object, radius: float) -> float:
    return radius / math.sin(camera.data.angle / 2)


def _aim(camera: bpy.types.Object, middle: Vector, radius: float, angle: float) -> None:
    """Point the camera at ``middle``, from a place that is turned by ``angle`` to the right, in radians."""
    direction = Matrix.Rotation(angle, 3, "Z") @ _VIEW
    camera.location = middle + direction * _distance(camera, radius)
    camera.rotation_euler = (-direction).to_track_quat("-Z", "Y").to_euler()


def _sun(scene: bpy.types.Scene) -> bpy.types.Object:
    light = bpy.data.lights.new("Preview", "SUN")
    light.energy = 2.5
    sun = bpy.data.objects.new("Preview", light)
    sun.rotation_euler = _SUN
    scene.collection.objects.link(sun)
    return sun
