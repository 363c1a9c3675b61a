# SPDX-License-Identifier: GPL-3.0-or-later
"""Empties that only wrap a model go, whatever they and what they wrap are called."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path

import bpy
import pytest
from mathutils import Matrix, Quaternion, Vector

from tests.blender import fresh, glbs
from triverse_addon.scene.importing.in_process import import_model
from triverse_addon.scene.worker import asset_collection

pytestmark = [pytest.mark.usefixtures("fresh_file"), pytest.mark.kind("wrapper-chains")]


@dataclass
class Node:
    """One object to be: ``number`` tells it apart whatever it is called."""

    number: int
    parent: Node | None
    kind: str
    matrix: Matrix
    is_animated: bool = False
    children: list[Node] = field(default_factory=list)

    def world(self) -> Matrix:
        return self.parent.world() @ self.matrix if self.parent else self.matrix.copy()


def some_matrix(rng: random.Random, kind: str) -> Matrix:
    """Mostly what exporters write: nothing, or turned and scaled in place. Scales are even: nothing is sheared."""
    how = rng.random()
    if kind == "MESH" or how < 0.2:
        where = Vector((rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(-3, 3)))
    else:
        where = Vector()
    if how < 0.5:
        return Matrix.Translation(where)
    turn = Quaternion((rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1), rng.gauss(0, 1))).normalized()
    return Matrix.LocRotScale(where, turn, Vector.Fill(3, rng.choice((0.01, 1.0, 2.5, 100.0))))


def some_forest(rng: random.Random) -> list[Node]:
    """Chains above all; now and then a fork, a mesh in the middle, a second root, something animated."""
    nodes: list[Node] = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        above: Node | None = None
        for _ in range(rng.randint(1, 6)):
            kind = "EMPTY" if rng.random() < 0.75 else "MESH"
            node = Node(len(nodes), above, kind, some_matrix(rng, kind), is_animated=rng.random() < 0.1)
            nodes.append(node)
            if above is not None:
                above.children.append(node)
            if above is None or rng.random() < 0.8:
                above = node
    return nodes


def build(nodes: list[Node], names: list[str]) -> list[bpy.types.Object]:
    """Make the objects, as the importer does, under these names, whose order they come in."""
    made: dict[int, bpy.types.Object] = {}
    for node in nodes:
        mesh = bpy.data.meshes.new("m") if node.kind == "MESH" else None
        obj = bpy.data.objects.new(names[node.number], mesh)
        obj.rotation_mode = "QUATERNION"
        obj.matrix_basis = node.matrix
        # Not a custom property, which would give an empty a meaning.
        obj.pass_index = node.number
        if node.parent is not None:
            obj.parent = made[node.parent.number]
        if node.is_animated:
            obj.keyframe_insert("location", frame=1)
        made[node.number] = obj
    return sorted(made.values(), key=lambda obj: obj.name)


def expected(nodes: list[Node]) -> set[int]:
    """The wrappers, told from the tree alone."""
    gone = set()
    for root in (node for node in nodes if node.parent is None):
        top = root
        while (
            top.kind == "EMPTY"
            and not top.is_animated
            and top.world().translation.length < 1e-6
            and len(top.children) == 1
            and not top.children[0].is_animated
        ):
            gone.add(top.number)
            (top,) = top.children
    return gone


def account(objects: list[bpy.types.Object]) -> dict[int, tuple[int | None, list[float]]]:
    """number -> (number of the parent, world matrix as the depsgraph makes it)."""
    collection = asset_collection.gather(objects, [], "Model")
    bpy.context.scene.collection.children.link(collection)
    bpy.context.view_layer.update()
    found = {
        obj.pass_index: (
            obj.parent.pass_index if obj.parent else None,
            [number for row in obj.matrix_world for number in row],
        )
        for obj in collection.objects
    }
    bpy.data.collections.remove(collection)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_any_tree_comes_out_the_same_under_any_names(seed: int) -> None:
    rng = random.Random(seed)
    nodes = some_forest(rng)
    gone = expected(nodes)
    orders = [sorted(range(len(nodes)), reverse=back) for back in (False, True)]
    orders += [rng.sample(range(len(nodes)), len(nodes)) for _ in range(2)]
    for order in orders:
        fresh.empty_file()
        names = [f"n{order[node.number]:02}" for node in nodes]
        found = account(asset_collection.remove_wrappers(build(nodes, names)))
        assert len(bpy.data.objects) == len(found)
        assert set(found) == {node.number for node in nodes} - gone
        for node in nodes:
            if node.number in gone:
                continue
            parent, world = found[node.number]
            above = node.parent.number if node.parent and node.parent.number not in gone else None
            assert parent == above
            size = max(1.0, max(abs(number) for row in node.world() for number in row))
            wanted = [number for row in node.world() for number in row]
            assert world == pytest.approx(wanted, abs=2e-4 * size), (node, names)


def chain_glb(path: Path, names: tuple[str, ...]) -> Path:
    """A triangle below empties, as the model sites write it; the first name is the root's, the last the triangle's."""
    last = len(names) - 1
    nodes = [{"name": name} | ({"children": [at + 1]} if at < last else {"mesh": 0}) for at, name in enumerate(names)]
    return glbs.triangles_glb(path, nodes=nodes)


@pytest.mark.parametrize("names", list(itertools.permutations(("a", "b", "c"))))
def test_a_chain_in_any_order_of_names_comes_in_place_and_by_child(names: tuple[str, ...], tmp_path: Path) -> None:
    glb = chain_glb(tmp_path / "m.glb", names)
    collection = import_model(glb, bpy.context.scene, name="Chained")
    assert [obj.name for obj in collection.objects] == ["Chained"]
    assert [obj.type for obj in bpy.data.objects] == ["MESH"]
    if names[0] == "a":
        converted = glbs.convert_kept(glb, tmp_path / "out")
        assert (converted.objects, converted.triangles) == (1, 1)


def test_a_chain_that_cannot_be_told_without_its_wrapper_keeps_it() -> None:
    """Turned inside an uneven scale, the mesh would be sheared, which location, rotation and scale cannot tell."""
    for names in (["a", "b", "c"], ["c", "b", "a"]):
        fresh.empty_file()
        top = Node(0, None, "EMPTY", Matrix())
        uneven = Node(1, top, "EMPTY", Matrix.Diagonal((1, 1, 9, 1)))
        mesh = Node(2, uneven, "MESH", Matrix.Rotation(0.6, 4, "X"))
        top.children.append(uneven)
        uneven.children.append(mesh)
        objects = build([top, uneven, mesh], names)
        before = account(objects)
        after = account(asset_collection.remove_wrappers(objects))
        assert set(after) == {1, 2}
        assert after[2][0] == 1
        assert after[2][1] == pytest.approx(before[2][1], abs=1e-5)


def test_a_wrapper_that_something_else_holds_goes_without_leaving_a_hole() -> None:
    """An empty in a collection has a user: it must be unlinked from there."""
    wrapper = bpy.data.objects.new("a", None)
    mesh = bpy.data.objects.new("b", bpy.data.meshes.new("m"))
    mesh.parent = wrapper
    kept = bpy.data.collections.new("kept")
    kept.objects.link(wrapper)
    assert asset_collection.remove_wrappers([wrapper, mesh]) == [mesh]
    assert not kept.objects
    assert list(bpy.data.objects) == [mesh]


def parts(pairs: int, wrapped: int) -> list[bpy.types.Object]:
    """So many meshes, some of them below an empty of their own."""
    objects = []
    for number in range(pairs):
        mesh = bpy.data.objects.new(f"m{number}", bpy.data.meshes.new("m"))
        objects.append(mesh)
        if number < wrapped:
            mesh.parent = bpy.data.objects.new(f"w{number}", None)
            objects.append(mesh.parent)
    return objects


@pytest.mark.kind("many-objects")
def test_four_times_as_many_objects_take_four_times_as_long() -> None:
    """Taking them from the importer's collections one by one took 16 times as long: 9 s for 4,000 objects."""
    import time

    took_s = []
    for pairs in (4000, 16000):
        fresh.empty_file()
        objects = parts(pairs, wrapped=100)
        started_s = time.process_time()
        collection = asset_collection.collect(objects, [], "Model")
        took_s.append(time.process_time() - started_s)
        assert len(collection.objects) == pairs
    assert took_s[1] < 9 * took_s[0] + 0.1


@pytest.mark.kind("many-objects")
def test_hundreds_of_wrappers_are_removed_and_thousands_are_parts_of_the_model() -> None:
    assert len(asset_collection.remove_wrappers(parts(300, wrapped=200))) == 300
    fresh.empty_file()
    objects = parts(300, wrapped=201)
    assert asset_collection.remove_wrappers(objects) == objects
    assert all(obj.parent for obj in objects[:402:2])
