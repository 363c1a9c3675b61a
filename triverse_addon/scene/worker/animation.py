# SPDX-License-Identifier: GPL-3.0-or-later
"""
Read the animation curves of a model, and let animated shape keys reach their values.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING or __package__:
    from . import geometry
else:
    import geometry


def curves_of(data: Any) -> Iterator[Any]:
    """
    Yield the curves that animate a data-block: those of its action and of its strips, not its drivers.

    :param data: the ``animation_data`` of the data-block, which may be None.
    """
    if data is None:
        return
    for user in (data, *(strip for track in data.nla_tracks for strip in track.strips)):
        yield from _curves(user)


def widen_shape_keys(objects: Iterable[bpy.types.Object]) -> None:
    """
    Widen the ranges of the shape keys of ``objects`` until they hold all values that their animations have.

    What an animation says beyond the range is cut off, and the glTF importer looks at the first key of each animation
    only (``findings/gltf-morph-range.sh``). Blender allows -10 to 10.
    """
    for keys in [mesh.shape_keys for mesh in geometry.meshes_of(objects) if mesh.shape_keys is not None]:
        values = {f'key_blocks["{bpy.utils.escape_identifier(block.name)}"].value': block for block in keys.key_blocks}
        for curve in curves_of(keys.animation_data):
            block = values.get(curve.data_path)
            if block is None:
                continue
            # A curve stays between the ends of its handles.
            heights = [at[1] for key in curve.keyframe_points for at in (key.co, key.handle_left, key.handle_right)]
            block.slider_min = min(block.slider_min, *heights)
            block.slider_max = max(block.slider_max, *heights)


def _curves(user: Any) -> Iterator[Any]:
    """Yield the curves of the action that ``user``, animation data or a strip of it, plays."""
    if user.action is None:
        return
    if bpy.app.version < (4, 4):
        yield from user.action.fcurves
        return
    # One action has the curves of several data-blocks since 4.4, each in a slot of its own.
    for strip in (strip for layer in user.action.layers for strip in layer.strips):
        for bag in strip.channelbags:
            if bag.slot_handle == user.action_slot_handle:
                yield from bag.fcurves
