# SPDX-License-Identifier: GPL-3.0-or-later
"""
What belongs to chosen objects and is not sent with them: only their own faces are.

Floor: second. Thread: main. Imports ``bpy``. Evaluates nothing, so it may be called while a panel is drawn.
"""

import itertools
from collections.abc import Iterable

import bpy

#: Nodes that make instances, and the one that makes faces of them.
_INSTANCES = frozenset({"GeometryNodeCollectionInfo", "GeometryNodeGeometryToInstance", "GeometryNodeInstanceOnPoints"})
_REAL = "GeometryNodeRealizeInstances"
#: Number of objects that are looked at: a thousand take 5 to 9 ms, at each redraw.
_MOST = 200


def has_instances(objects: Iterable[bpy.types.Object]) -> bool:
    """
    Return whether any of ``objects`` shows particles, or instances on its faces, vertices or by Geometry Nodes.

    The first 200 of them are looked at. What becomes of the instances of nodes is not known before they are evaluated.
    Where any are made real, all count as real.
    """
    known: dict[bpy.types.NodeTree, frozenset[str]] = {}
    for obj in itertools.islice(objects, _MOST):
        if obj.instance_type != "NONE":
            return True
        for modifier in obj.modifiers:
            if not modifier.show_viewport:
                continue
            if modifier.type == "PARTICLE_SYSTEM":
                return True
            tree = getattr(modifier, "node_group", None)
            if tree is not None and _makes_instances(tree, known):
                return True
    return False


def _makes_instances(tree: bpy.types.NodeTree, known: dict[bpy.types.NodeTree, frozenset[str]]) -> bool:
    kinds = _kinds(tree, known)
    return _REAL not in kinds and not kinds.isdisjoint(_INSTANCES)


def _kinds(tree: bpy.types.NodeTree, known: dict[bpy.types.NodeTree, frozenset[str]]) -> frozenset[str]:
    """Return the types of the nodes of ``tree`` and of the groups in it that are not muted."""
    if tree not in known:
        known[tree] = frozenset()
        nodes = [node for node in tree.nodes if not node.mute]
        inner = [tree_of for node in nodes if (tree_of := getattr(node, "node_tree", None)) is not None]
        known[tree] = frozenset(node.bl_idname for node in nodes).union(*(_kinds(one, known) for one in inner))
    return known[tree]
