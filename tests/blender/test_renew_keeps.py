# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user has made of a model, and what refers to it, after another one has taken its place."""

from __future__ import annotations

from pathlib import Path

import bmesh
import bpy
import pytest
from mathutils import Matrix

from tests.blender import glbs
from tests.blender.test_renew import bring, converted, in_window, part, single, told
from triverse_addon.scene.importing import replaced_data
from triverse_addon.tasks.converter import Converted
from triverse_addon.tasks.record.record import Placement

__all__ = ["converted", "in_window", "single"]


def ball(name: str, parent: bpy.types.Object | None = None, height: float = 0.0) -> bpy.types.Object:
    """A sphere of other triangles than those of `glbs`, and flatter."""
    obj = glbs.sphere(name, (0, 0, height), parent=parent, material=glbs.textured())
    shape = bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=4, radius=3.0, matrix=Matrix.Diagonal((1, 1, 0.8, 1)))
    shape.to_mesh(obj.data)
    shape.free()
    return obj


def finer_pair(*, is_shared: bool = False) -> None:
    """Like `glbs.pair`."""
    body = ball("body")
    lid = ball("lid", body, 6.0)
    if is_shared:
        lid.data = body.data


@pytest.fixture(scope="session")
def finer(tmp_path_factory: pytest.TempPathFactory) -> Converted:
    """What a refinement of `single` or `converted` is: another mesh, of another shape."""

    folder = tmp_path_factory.mktemp("finer")
    return glbs.convert_kept(glbs.export(folder / "model.glb", lambda: ball("geometry_0", height=1.0)), folder)


# -----------------------------------------------------------------------------
# What a user has made of the old one


def put_away() -> list[bpy.types.Object]:
    return [obj for obj in bpy.data.objects if replaced_data.REPLACED_AT in obj]


def corners(obj: bpy.types.Object) -> list[float]:
    """The lowest and the highest corner of a mesh in the world, without its modifiers."""
    points = [obj.matrix_world @ vertex.co for vertex in obj.data.vertices]
    return [pick(point[axis] for point in points) for pick in (min, max) for axis in range(3)]


def as_high(obj: bpy.types.Object) -> tuple[float, float, float]:
    """Where a mesh stands: the middle of its box, but of its lowest height."""
    low_x, low_y, low_z, high_x, high_y, _ = corners(obj)
    return (low_x + high_x) / 2, (low_y + high_y) / 2, low_z


def test_what_referred_to_a_draft_refers_to_its_refinement(single: Converted, finer: Converted) -> None:
    old = bring(single, placement=Placement(location=(5, 0, 0)))
    (draft,) = old.objects
    draft.rotation_euler.z = 0.5
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.constraints.new("TRACK_TO").target = draft
    cube = glbs.sphere("cube")
    cube.modifiers.new("Boolean", "BOOLEAN").object = draft
    child, of_vertex = glbs.empty("child", (1, 0, 2)), glbs.empty("of vertex", (0, 1, 0))
    for obj in (child, of_vertex):
        obj.parent = draft
    of_vertex.parent_type = "VERTEX"
    shelf = bpy.data.collections.new("Shelf")
    bpy.context.scene.collection.children.link(shelf)
    shelf.objects.link(draft)
    bpy.context.view_layer.update()
    stood = [obj.matrix_world.copy() for obj in (child, of_vertex)]
    new = bring(finer, instead_of=old.name)
    (refined,) = new.objects
    assert camera.constraints[0].target == cube.modifiers[0].object == refined
    assert child.parent == of_vertex.parent == refined
    for obj, world in zip((child, of_vertex), stood, strict=True):
        assert [x for row in obj.matrix_world for x in row] == pytest.approx(
            [x for row in world for x in row], abs=1e-4
        )
    assert list(shelf.objects) == [refined]
    assert set(refined.users_collection) == {new, shelf}
    assert refined.parent is None
    assert not put_away()


def test_what_has_no_counterpart_is_kept_while_something_refers_to_it(
    converted: Converted, finer: Converted, tmp_path: Path
) -> None:
    old = bring(converted, placement=Placement(location=(5, 0, 0)))
    body, lid = part(old, "body"), part(old, "lid")
    follower, about = glbs.empty("follower"), glbs.empty("about")
    follower.constraints.new("COPY_LOCATION").target = lid
    about.constraints.new("COPY_LOCATION").target = body
    lid.constraints.new("COPY_SCALE").target = body
    lid.modifiers.new("Shrinkwrap", "SHRINKWRAP").target = body
    bpy.context.view_layer.update()
    stood = follower.matrix_world.copy()
    new, history = told(finer, instead_of=old.name)
    assert follower.constraints[0].target == lid
    assert follower.matrix_world == stood
    assert about.constraints[0].target == new.objects[0]
    assert (lid.parent, list(lid.users_collection), put_away()) == (None, [], [lid])
    assert "Shrinkwrap" in history[0]
    replaced_data.free()
    file = str(tmp_path / "saved.blend")
    bpy.ops.wm.save_as_mainfile(filepath=file, copy=True)
    with bpy.data.libraries.load(file) as (inside, _):
        assert lid.name in inside.objects
    follower.constraints.clear()
    replaced_data.free()
    assert not put_away()


def test_old_ones_that_only_refer_to_each_other_are_freed(converted: Converted, finer: Converted) -> None:
    old = bring(converted)
    lid = part(old, "lid")
    spare = lid.copy()
    old.objects.link(spare)
    spare.constraints.new("COPY_SCALE").target = lid
    lid.constraints.new("COPY_SCALE").target = spare
    before = len(bpy.data.objects)
    bring(finer, instead_of=old.name)
    assert len(bpy.data.objects) == before - 2
    assert not put_away()


def test_a_part_that_was_moved_into_a_collection_inside_is_only_there(converted: Converted, finer: Converted) -> None:
    old = bring(converted)
    inner = bpy.data.collections.new("Parts")
    old.children.link(inner)
    for name in ("body", "lid"):
        inner.objects.link(part(old, name))
        old.objects.unlink(part(old, name))
    for made in (converted, finer):
        old = bring(made, instead_of=old.name)
        assert inner in old.children.values()
        assert len(inner.objects) == (2 if made is converted else 1)
        assert not old.objects


def nodes() -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new("Nodes", "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Size", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.interface.new_socket("Other", in_out="INPUT", socket_type="NodeSocketObject")
    tree.links.new(tree.nodes.new("NodeGroupInput").outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
    return tree


def node_input(modifier: bpy.types.NodesModifier, name: str, *value: object) -> object:
    """Get or set an input of a node group."""
    key = modifier.node_group.interface.items_tree[name].identifier
    if hasattr(modifier, "properties"):
        if value:
            getattr(modifier.properties.inputs, key).value = value[0]
        return getattr(modifier.properties.inputs, key).value
    if value:
        modifier[key] = value[0]
    return modifier[key]


@pytest.mark.parametrize("again", ["single", "finer"])
def test_what_a_user_gave_an_object_is_carried_over(again: str, request: pytest.FixtureRequest) -> None:
    old = bring(request.getfixturevalue("single"), placement=Placement(location=(5, 0, 0)))
    (obj,) = old.objects
    before = as_high(obj)
    goal = glbs.empty("goal", (0, 0, 9))
    array = obj.modifiers.new("Row", "ARRAY")
    array.count, array.relative_offset_displace, array.use_merge_vertices = 3, (0, 1.5, 0), True
    made = obj.modifiers.new("Nodes", "NODES")
    made.node_group = nodes()
    node_input(made, "Size", 2.5)
    node_input(made, "Other", goal)
    warp = obj.modifiers.new("Warp", "WARP")
    warp.object_from = warp.object_to = goal
    warp.falloff_type = "CURVE"
    warp.falloff_curve.curves[0].points.new(0.4, 0.9)
    warp.show_render = False
    limit = obj.constraints.new("LIMIT_DISTANCE")
    limit.name, limit.target, limit.distance, limit.influence = "Near", goal, 50.0, 0.5
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    obj.constraints.new("ARMATURE").targets.new().target = rig
    obj.constraints[-1].mute = True
    obj["note"], obj["triverse_ours"], obj["sizes"] = "keep", 1, [1.0, 2.0]
    obj.id_properties_ui("note").update(description="mine")
    bpy.context.view_layer.update()
    new, history = told(request.getfixturevalue(again), instead_of=old.name)
    (now,) = new.objects
    assert not history
    assert [(one.name, one.type) for one in now.modifiers] == [("Row", "ARRAY"), ("Nodes", "NODES"), ("Warp", "WARP")]
    array, made, warp = now.modifiers
    assert (array.count, tuple(array.relative_offset_displace), array.use_merge_vertices) == (3, (0, 1.5, 0), True)
    assert (node_input(made, "Size"), node_input(made, "Other")) == (2.5, goal)
    assert (warp.object_from, warp.falloff_type, warp.show_render) == (goal, "CURVE", False)
    points = [tuple(point.location) for point in warp.falloff_curve.curves[0].points]
    assert (0.4, 0.9) in [(round(x, 3), round(y, 3)) for x, y in points]
    assert len(points) == 3
    near, armature = now.constraints
    assert (near.name, near.target, near.distance, near.influence) == ("Near", goal, 50.0, 0.5)
    assert [one.target for one in armature.targets] == [rig]
    assert now["note"] == "keep"
    assert now.id_properties_ui("note").as_dict()["description"] == "mine"
    assert list(now["sizes"]) == [1.0, 2.0]
    assert "triverse_ours" not in now
    now.constraints.clear()
    bpy.context.view_layer.update()
    assert as_high(now) == pytest.approx(before, abs=1e-3)
    assert not put_away()


def test_a_modifier_that_was_carried_over_does_not_count_for_the_size(single: Converted, finer: Converted) -> None:
    old = bring(single)
    (obj,) = old.objects
    before = corners(obj)
    obj.modifiers.new("Row", "ARRAY").count = 5
    bpy.context.view_layer.update()
    new = bring(finer, instead_of=old.name)
    width = before[3] - before[0]
    now = corners(new.objects[0])
    assert now[3] - now[0] == pytest.approx(width, rel=0.02)


@pytest.mark.parametrize("again", ["single", "finer"])
@pytest.mark.parametrize("below", [False, True])
def test_an_animated_object_stands_and_moves_as_it_did(again: str, below: bool, request: pytest.FixtureRequest) -> None:
    old = bring(request.getfixturevalue("single"), placement=Placement(location=(5, 0, 0)))
    (obj,) = old.objects
    scene = bpy.context.scene
    if below:
        obj.parent = glbs.empty("carrier", (0, 0, 4))
    obj.scale = (2, 2, 2)
    for frame, place in ((1, (5, 0, 0)), (50, (8, 1, 0))):
        obj.location, obj.rotation_euler = place, (0, 0, frame / 50)
        for path in ("location", "rotation_euler", "scale"):
            obj.keyframe_insert(path, frame=frame)
    obj.driver_add("delta_location", 2).driver.expression = "1.5"
    child = glbs.empty("child", (0, 0, 2))
    child.parent = obj
    frames = (1, 25, 50)

    def seen(shown: bpy.types.Object) -> list[tuple[float, ...]]:
        places = []
        for frame in frames:
            scene.frame_set(frame)
            places.append((*as_high(shown), *child.matrix_world.translation))
        scene.frame_set(25)
        return places

    before, action = seen(obj), obj.animation_data.action
    slot = getattr(obj.animation_data, "action_slot", None)
    new, history = told(request.getfixturevalue(again), instead_of=old.name)
    (now,) = new.objects
    assert not history
    assert now.animation_data.action == action
    assert getattr(now.animation_data, "action_slot", None) == slot
    assert [driver.data_path for driver in now.animation_data.drivers] == ["delta_location"]
    assert child.parent == now
    for place, wanted in zip(seen(now), before, strict=True):
        assert place == pytest.approx(wanted, abs=0.05)
    assert not put_away()


@pytest.mark.parametrize("is_shared", [False, True])
def test_parts_that_are_animated_do_not_move_the_model_elsewhere(
    converted: Converted, tmp_path: Path, is_shared: bool
) -> None:
    made = glbs.convert_kept(glbs.export(tmp_path / "model.glb", lambda: finer_pair(is_shared=is_shared)), tmp_path)
    plain = bring(converted, placement=Placement(location=(5, 0, 0)))
    wanted = {name: corners(part(bring(made, instead_of=plain.name), name)) for name in ("body",)}
    bpy.data.batch_remove([*bpy.data.objects, *bpy.data.collections])
    old = bring(converted, placement=Placement(location=(5, 0, 0)))
    goal = glbs.empty("goal", (0, 0, 0))
    body, lid = part(old, "body"), part(old, "lid")
    body.constraints.new("LIMIT_DISTANCE").target = goal
    body.constraints[0].distance = 500.0
    body.constraints[0].limit_mode = "LIMITDIST_INSIDE"
    stood = lid.location.z
    for frame, z in ((1, stood), (11, stood + 1.0)):
        lid.location.z = z
        lid.keyframe_insert("location", frame=frame)
    bpy.context.scene.frame_set(1)
    body.hide_render = True
    action = lid.animation_data.action.name
    new, history = told(made, instead_of=old.name)
    bpy.context.scene.frame_set(1)
    now_body, now_lid = part(new, "body"), part(new, "lid")
    assert corners(now_body) == pytest.approx(wanted["body"], abs=1e-3)
    assert now_body.hide_render
    if is_shared:
        assert history == [f"Not carried over from the replaced model: Limit Distance, {action}."]
        return
    assert not history
    assert now_body.constraints[0].target == goal
    before = corners(now_lid)
    bpy.context.scene.frame_set(11)
    assert corners(now_lid)[2] == pytest.approx(before[2] + 1.0, abs=1e-3)


def test_what_cannot_be_carried_over_is_named_in_the_history(single: Converted, finer: Converted) -> None:
    old = bring(single)
    (obj,) = old.objects
    obj.modifiers.new("My cloth", "CLOTH")
    obj.vertex_groups.new(name="rim")
    obj.modifiers.new("My mask", "MASK").vertex_group = "rim"
    obj.modifiers.new("Row", "ARRAY")
    obj.keyframe_insert("location", frame=1)
    obj.animation_data.nla_tracks.new().name = "My track"
    new, history = told(finer, instead_of=old.name)
    assert history == ["Not carried over from the replaced model: My cloth, My mask, My track."]
    assert "Row" in new.objects[0].modifiers


# -----------------------------------------------------------------------------
# Where and how its collection is shown


@pytest.mark.parametrize("again", ["converted", "finer"])
def test_a_hidden_collection_stays_hidden_where_it_was(again: str, request: pytest.FixtureRequest) -> None:
    scene = bpy.context.scene
    shown_in = scene.view_layers[0]
    second = scene.view_layers.new("second")
    other = bpy.data.scenes.new("other")
    old = bring(request.getfixturevalue("converted"))
    shelf, later, own = (bpy.data.collections.new(name) for name in ("Shelf", "Later", "Own"))
    for home in (shelf, later):
        scene.collection.children.link(home)
    for home in (shelf, other.collection):
        home.children.link(old)
    old.children.link(own)
    own.objects.link(bpy.data.objects.new("lamp", None))
    name = old.name

    def layers() -> dict[str, tuple[object, ...]]:
        found = {}
        for layer in (shown_in, second):
            for path, top in ((layer.name, layer.layer_collection), (f"{layer.name}/Shelf", inner(layer, shelf))):
                found[path] = tuple(
                    (one.name, one.exclude, one.hide_viewport, one.holdout, one.indirect_only)
                    for one in (*top.children, *inner(layer, bpy.data.collections[name], top).children)
                )
        return found

    def inner(
        layer: bpy.types.ViewLayer, collection: bpy.types.Collection, top: bpy.types.LayerCollection | None = None
    ) -> bpy.types.LayerCollection:
        children = (top or layer.layer_collection).children
        return next(child for child in children if child.collection == collection)

    inner(shown_in, old).exclude = True
    inner(second, own, inner(second, old)).exclude = True
    inner(second, old).hide_viewport = True
    inner(second, old).holdout = True
    inner(second, old, inner(second, shelf)).indirect_only = True
    old.hide_render = old.hide_select = True
    wanted = layers()
    new = bring(request.getfixturevalue(again), instead_of=name)
    assert layers() == wanted
    assert new.name == name
    assert (new.hide_render, new.hide_viewport, new.hide_select) == (True, False, True)
    assert list(scene.collection.children) == [new, shelf, later]
    assert list(other.collection.children) == [new]
    assert own in new.children.values()
