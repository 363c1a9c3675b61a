# SPDX-License-Identifier: GPL-3.0-or-later
"""
Append a converted model to a scene.

Floor: second. Thread: main. Imports ``bpy``.

Appending an uncompressed .blend from a warm page cache blocks for 81 to 93 ms at a million triangles (measured), a
twentieth and less of what the importer takes. It needs no mode, selection or active object, and changes none.
"""

import logging
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ..errors import SceneError
from ..worker import asset_collection, colours
from .placement import Spot, place

_log = logging.getLogger(__name__)

#: Appending goes through the whole file for each data-block: 0.2 s for 1,000, 8 s for 4,000, where the importer takes a
#: second (measured, 4.2 and 5.2).
MOST_BLOCKS = 2000


class UnreadableBlendError(SceneError):
    """This Blender cannot read the .blend: a newer one wrote it, or it is damaged."""


class OtherUnitsError(SceneError):
    """The model was converted for a scene with other units or another frame rate."""


class TooManyBlocksError(SceneError):
    """Importing the model is quicker than appending it."""


def append_model(
    blend_path: Path,
    scene: bpy.types.Scene,
    *,
    name: str = "",
    spot: Spot | None = None,
    most_blocks: int | None = None,
    has_frame_rate: bool = True,
) -> bpy.types.Collection:
    """
    Append a model and let it stand in ``scene``. Every call makes a copy of its own.

    :param blend_path: what :class:`child.converter.ChildConverter` wrote: its collections are one and what is inside
        that.
    :param name: new name of the collection; "" keeps its own. Blender adds ".001" to one that is taken.
    :param spot: where to; None is where the file puts it, the world's origin.
    :param has_frame_rate: False if it was made for another frame rate, which matters where something is animated.
    :param most_blocks: None appends however many data-blocks there are.
    :return: the collection, linked to the scene's own. It is still the asset, with the preview, that it was there.
    :raises TooManyBlocksError: there are more than ``most_blocks``; nothing was appended.
    :raises OtherUnitsError: something is animated, and not ``has_frame_rate``; nothing was appended.
    :raises UnreadableBlendError: the file cannot be read, or holds no collection.
    :raises SceneError: the scene cannot be changed.
    """
    if scene.library is not None:
        raise SceneError(
            Sentence.of("The scene {scene} is linked from another file and cannot be changed.", scene=scene.name)
        )
    libraries, pictures = set(bpy.data.libraries), set(bpy.data.images)
    try:
        with bpy.data.libraries.load(str(blend_path), link=False) as (inside, wanted):  # type: ignore[func-returns-value]
            number = sum(len(getattr(inside, kind)) for kind in dir(inside))
            is_right = has_frame_rate or not inside.actions
            if is_right and (most_blocks is None or number <= most_blocks):
                wanted.collections = inside.collections
    except (OSError, RuntimeError) as error:
        raise UnreadableBlendError(
            Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path))
        ) from error
    finally:
        _remove_libraries(libraries)
    if not is_right:
        raise OtherUnitsError(Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path)))
    if most_blocks is not None and number > most_blocks:
        _log.info("%s has %d data-blocks", blend_path, number)
        raise TooManyBlocksError(Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path)))
    found = [one for one in wanted.collections if one is not None and not one.get(asset_collection.OTHERS)]
    if not found:
        raise UnreadableBlendError(
            Sentence.of("The converted model is missing in its file: {path}.", path=str(blend_path))
        )
    (collection,) = found[:1]
    colours.settle([image for image in bpy.data.images if image not in pictures])
    if name:
        collection.name = name
    if spot is not None:
        place(collection, spot)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    return collection


def _remove_libraries(before: set[bpy.types.Library]) -> None:
    """Remove the entry that appending leaves for the .blend, where it does, unless something is linked from it."""
    for library in [library for library in bpy.data.libraries if library not in before]:
        if not library.users_id:
            bpy.data.libraries.remove(library)
