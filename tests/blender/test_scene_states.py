# SPDX-License-Identifier: GPL-3.0-or-later
"""
Models that come into scenes as they may be: linked namesakes, what is not evaluated, the model's own file.

One: ``python scripts/test.py tests/blender/test_scene_states.py``.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import pytest
from mathutils import Matrix, Vector

from tests.blender import fresh
from tests.blender.test_scene_importer import (  # noqa: F401 -- fixtures
    SceneProperties,
    _properties,
    asked_here,
    converted,
    record,
)
from triverse_addon.scene.importing import append, replace_objects
from triverse_addon.scene.importing import origin as origins
from triverse_addon.scene.importing.importer import import_task
from triverse_addon.scene.importing.placement import box_of, world_of
from triverse_addon.tasks.converter import Converted
from triverse_addon.tasks.engine.import_queue import Imported
from triverse_addon.tasks.record.record import Placement, Replaced

ONE = tuple(number for row in Matrix() for number in row)
#: Why Blender evaluates an object or does not.
STATES = ("shown", "hidden", "disabled", "excluded", "other scene")


def cube(name: str) -> bpy.types.Object:
    """A cube of 2 units that is in no collection."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], [], [(0, 1, 3, 2)])
    return bpy.data.objects.new(name, mesh)


def linked_collection(path: Path, name: str, obj: str = "") -> bpy.types.Collection:
    """A collection of this name from another file, with an object; the open file is a new one."""
    made = bpy.data.collections.new(name)
    if obj:
        made.objects.link(cube(obj))
    bpy.data.libraries.write(str(path), {made})
    fresh.empty_file()
    origins.renew_token()
    with bpy.data.libraries.load(str(path), link=True) as (inside, wanted):
        wanted.collections = inside.collections
    linked: bpy.types.Collection = wanted.collections[0]
    return linked


def test_a_model_is_in_the_scene_beside_a_linked_collection_of_its_name(converted: Converted, tmp_path: Path) -> None:  # noqa: F811
    linked = linked_collection(tmp_path / "library.blend", "Green vase")
    scene = bpy.context.scene
    home = bpy.data.collections.new("Home")
    scene.collection.children.link(home)
    home.children.link(linked)
    home.objects.link(cube("Sent"))
    bpy.context.view_layer.update()
    replaces = Replaced(names=("Sent",), matrix=ONE, low=(-1, -1, -1), high=(1, 1, 1))
    done = import_task(record(converted, origin=asked_here(scene), placement=Placement(replaces=replaces)))
    assert isinstance(done, Imported)
    (model,) = [one for one in bpy.data.collections if one.name == done.collection_name and one.library is None]
    assert model in home.children.values()


def test_what_is_replaced_is_hidden_where_it_is_and_a_namesake_stays(tmp_path: Path, fresh_file: None) -> None:
    linked = linked_collection(tmp_path / "library.blend", "Props", "Vase")
    scene = bpy.context.scene
    home = bpy.data.collections.new("Home")
    scene.collection.children.link(home)
    scene.collection.children.link(linked)
    mine = cube("Vase")
    home.objects.link(mine)
    assert mine.name == linked.objects[0].name
    scene.view_layers[0].layer_collection.children["Home"].exclude = True
    replace_objects.hide([mine], scene)
    assert mine.hide_render
    assert not linked.objects[0].hide_get()


@pytest.mark.parametrize("state", STATES)
def test_a_marker_is_where_it_was_saved(tmp_path: Path, fresh_file: None, state: str) -> None:
    """Blender does not store where an object is in the world: only what is evaluated says so."""
    scene = bpy.context.scene if state != "other scene" else bpy.data.scenes.new("Set")
    parent, marker = cube("Parent"), cube("Marker")
    home = bpy.data.collections.new("Home")
    scene.collection.children.link(home)
    for obj in (parent, marker):
        home.objects.link(obj)
    parent.location, marker.location, marker.scale, marker.parent = (10, 0, 0), (0, 2, 0), (3, 3, 3), parent
    scene.view_layers[0].update()
    if state == "hidden":
        marker.hide_set(True, view_layer=scene.view_layers[0])
    marker.hide_viewport = state == "disabled"
    scene.view_layers[0].layer_collection.children["Home"].exclude = state == "excluded"
    path = str(tmp_path / "a set.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    bpy.context.view_layer.update()
    box = box_of(bpy.data.objects["Marker"])
    assert Vector(box.centre) == Vector((10, 2, 0))
    assert Vector(box.size) == Vector((6, 6, 6))


def test_what_a_constraint_moves_is_where_that_puts_it(fresh_file: None) -> None:
    scene = bpy.context.scene
    target, obj = cube("Target"), cube("Follower")
    for one in (target, obj):
        scene.collection.objects.link(one)
    target.location = (4, 0, 0)
    constraint = obj.constraints.new("COPY_LOCATION")
    constraint.target = target
    bpy.context.view_layer.update()
    assert world_of(obj).translation == Vector((4, 0, 0))


def test_from_the_open_file_a_copy_is_read(tmp_path: Path, fresh_file: None) -> None:
    path = tmp_path / "model.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    other = tmp_path / "other.blend"
    other.write_bytes(path.read_bytes())
    with append._not_open(other) as read:
        assert read == other
    with append._not_open(path) as read:
        assert read != path
        assert read.read_bytes() == path.read_bytes()
    assert not read.exists()
