# SPDX-License-Identifier: GPL-3.0-or-later
"""
Show an imported model in a 3D viewport: in whatever scene it is, visible, selected and framed.

Floor: second. Thread: main. Imports ``bpy``.
"""

import bpy
from mathutils import Vector

from ..worker import asset_collection
from .layer_state import objects_in
from .placement import bounds, box_of, kit_of

#: Width of the viewport's sensor in mm, which its focal length refers to. A viewport shows twice a camera's angle.
_SENSOR_MM = 36.0
#: How much more is shown than the sphere around the model.
_MARGIN = 1.5
#: Smallest radius that is framed, in Blender units.
_MIN_RADIUS = 0.01


def scene_of(collection: bpy.types.Collection, preferred: bpy.types.Scene) -> bpy.types.Scene | None:
    """Return the scene that contains ``collection``: ``preferred`` if it does; None if no scene does."""
    for scene in (preferred, *bpy.data.scenes):
        if collection in scene.collection.children_recursive:
            return scene
    return None


def instance_of(
    collection: bpy.types.Collection, preferred: bpy.types.Scene
) -> tuple[bpy.types.Scene, bpy.types.Object] | None:
    """Return an object that shows ``collection`` as an instance, and its scene: ``preferred`` if it has one."""
    for scene in (preferred, *bpy.data.scenes):
        for obj in scene.objects:
            if kit_of(obj) == collection:
                return scene, obj
    return None


def show(collection: bpy.types.Collection, window: bpy.types.Window, area: bpy.types.Area | None) -> bool:
    """
    Switch ``window`` to the model's scene, make the model visible, select it in Object Mode, and frame it.

    Nothing is selected in other modes, because that would change what the user works on. If no scene contains the
    collection, it is an instance of it, as dragging an asset makes it.

    :param area: the 3D viewport to frame it in; None for the largest of the window.
    :return: False if no scene shows the collection.
    """
    scene, instance = scene_of(collection, window.scene), None
    if scene is None:
        found = instance_of(collection, window.scene)
        if found is None:
            return False
        scene, instance = found
    if window.scene != scene:
        window.scene = scene
    layer = window.view_layer
    for home in (collection,) if instance is None else instance.users_collection:
        if _reveal(layer.layer_collection, home):
            break
    there = objects_in(layer)
    shown = asset_collection.shown_objects(collection) if instance is None else [instance]
    objects = [obj for obj in shown if obj in there]
    for obj in objects:
        if obj.hide_get(view_layer=layer):
            obj.hide_set(False, view_layer=layer)
    if not any(obj.visible_get(view_layer=layer) for obj in objects):
        for obj in objects:
            if obj.library is None:
                obj.hide_viewport = False
    active = layer.objects.active
    if active is None or active.mode == "OBJECT":
        chosen = set(objects)
        for obj in there:
            obj.select_set(obj in chosen, view_layer=layer)
        if objects:
            layer.objects.active = next((obj for obj in objects if obj.parent is None), objects[0])
    if area is None or area.type != "VIEW_3D":
        areas = [one for one in window.screen.areas if one.type == "VIEW_3D"]
        area = max(areas, key=lambda one: one.width * one.height, default=None)
    extent = bounds(objects) if instance is None else _extent_of(instance)
    space = area.spaces.active if area is not None else None
    if area is not None and isinstance(space, bpy.types.SpaceView3D) and extent is not None:
        region = next(one for one in area.regions if one.type == "WINDOW")
        _frame(space, region, objects, *extent)
    return True


def _reveal(parent: bpy.types.LayerCollection, collection: bpy.types.Collection) -> bool:
    """Make ``collection`` and the collections that contain it visible in a view layer. Return whether it was found."""
    for child in parent.children:
        if child.collection == collection or _reveal(child, collection):
            # Not if it is included already: that would include all that is inside too, also what a user has excluded.
            if child.exclude:
                child.exclude = False
            child.hide_viewport = child.collection.hide_viewport = False
            return True
    return False


def extent_of(collection: bpy.types.Collection, scene: bpy.types.Scene) -> tuple[Vector, Vector] | None:
    """Return two opposite corners of a model in ``scene``, or of an instance of it; None if it has no extent."""
    found = None if scene_of(collection, scene) == scene else instance_of(collection, scene)
    return bounds(asset_collection.shown_objects(collection)) if found is None else _extent_of(found[1])


def _extent_of(instance: bpy.types.Object) -> tuple[Vector, Vector]:
    """Return two opposite corners of what an instance shows, which may be turned: they are framed as a sphere."""
    box = box_of(instance)
    centre, half = Vector(box.centre), Vector(box.size) / 2
    return centre - half, centre + half


def _frame(
    space: bpy.types.SpaceView3D, region: bpy.types.Region, objects: list[bpy.types.Object], low: Vector, high: Vector
) -> None:
    if space.local_view is not None:
        for obj in objects:
            obj.local_view_set(space, True)
    view = space.region_3d
    radius = max(_MIN_RADIUS, (high - low).length / 2)
    if view.view_perspective == "CAMERA":
        view.view_perspective = "PERSP"
    view.view_location = (low + high) / 2
    # As Blender's own View Selected computes it: the angle of view is that of the region's longer side.
    longer, shorter = max(region.width, region.height), max(1, min(region.width, region.height))
    view.view_distance = _MARGIN * radius * space.lens / _SENSOR_MM * longer / shorter
