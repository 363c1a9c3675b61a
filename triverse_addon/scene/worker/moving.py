# SPDX-License-Identifier: GPL-3.0-or-later
"""
Move a model as a whole, by transforming those of its objects that have no parent.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import bpy
from mathutils import Matrix

if TYPE_CHECKING or __package__:
    from . import animation
else:
    import animation

#: Beginnings of the data paths of the curves that move an object. Those of its bones begin otherwise.
_TRANSFORM = ("location", "rotation_", "scale", "delta_")


def move(objects: Iterable[bpy.types.Object], matrix: Matrix) -> None:
    """
    Transform ``objects``, all of one model, by ``matrix``, by changing only those without a parent.

    No object is added, unless one of these is moved by an animation.
    """
    if matrix == Matrix():
        return
    roots = [obj for obj in objects if obj.parent is None]
    animated = [obj for obj in roots if _is_moved_by_animation(obj)]
    for obj in roots:
        if obj not in animated:
            obj.matrix_basis = matrix @ obj.matrix_basis
    if animated:
        _carry(animated, matrix)


def _carry(animated: list[bpy.types.Object], matrix: Matrix) -> None:
    """
    Move objects without a parent whose own transform is animated, by parenting them to a new empty.

    Changing their own transform would have no effect, because the animation overwrites it.

    :param animated: the objects, at least one.
    :param matrix: transform of the empty.
    """
    collection = animated[0].users_collection[0]
    carrier = bpy.data.objects.new(collection.name, None)
    carrier.matrix_basis = matrix
    collection.objects.link(carrier)
    for obj in animated:
        obj.parent = carrier


def _is_moved_by_animation(obj: bpy.types.Object) -> bool:
    data = obj.animation_data
    if data is None:
        return False
    return any(curve.data_path.startswith(_TRANSFORM) for curve in (*data.drivers, *animation.curves_of(data)))
