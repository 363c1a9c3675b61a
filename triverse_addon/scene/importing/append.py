# SPDX-License-Identifier: GPL-3.0-or-later
"""
Append a converted model to a scene.

Floor: second. Thread: main. Imports ``bpy``.

Appending an uncompressed .blend of a million triangles from a warm page cache blocks for 81 to 93 ms (measured), at
most a twentieth of the time of the glTF importer. It works in any mode, and does not change mode, selection or active
object.
"""

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import bpy

from ...api.sentence import Sentence
from ..host.errors import SceneError
from ..worker import asset_collection, colours
from .origin import check_local
from .placement import TargetTransform, place

_log = logging.getLogger(__name__)

#: Number of data-blocks up to which a .blend is appended. Blender searches the whole file for each data-block: 0.2 s
#: for 1,000, 8 s for 4,000, where the importer takes a second (measured, 4.2 and 5.2).
MAX_BLOCKS = 2000


class UnreadableBlendError(SceneError):
    """The .blend cannot be read: it was written by a newer Blender, or it is damaged."""


class OtherUnitsError(SceneError):
    """The model was converted for a scene with other units or another frame rate, so it must be converted again."""


class TooManyBlocksError(SceneError):
    """The .blend has too many data-blocks: importing the GLB is faster than appending it."""


def append_model(
    blend_path: Path,
    scene: bpy.types.Scene,
    *,
    name: str = "",
    target: TargetTransform | None = None,
    max_blocks: int | None = None,
    has_frame_rate: bool = True,
) -> bpy.types.Collection:
    """
    Append the model of a .blend and link it to ``scene``. Every call appends another copy.

    :param blend_path: a file that :class:`child.converter.ChildConverter` wrote, with one collection, which may contain
        others.
    :param scene: the scene to link the collection to.
    :param name: new name of the collection; "" keeps its own. Blender adds ".001" to a name that is in use.
    :param target: position and size of the model; None keeps those of the file, at the world's origin.
    :param max_blocks: greatest number of data-blocks; None for no limit.
    :param has_frame_rate: False if the file was made for another frame rate, which matters only for animations.
    :return: the collection, a child of the scene's own collection. It is still marked as an asset and has its preview.
    :raises TooManyBlocksError: the file has more than ``max_blocks`` data-blocks; nothing was appended.
    :raises OtherUnitsError: the file has animations, and ``has_frame_rate`` is False; nothing was appended.
    :raises UnreadableBlendError: the file cannot be read, or contains no collection.
    :raises SceneError: the scene is linked from another file and cannot be changed.
    """
    check_local(scene)
    libraries, pictures = set(bpy.data.libraries), set(bpy.data.images)
    try:
        with (
            _not_open(blend_path) as path,
            bpy.data.libraries.load(str(path), link=False) as (inside, wanted),  # type: ignore[func-returns-value]
        ):
            number = sum(len(getattr(inside, kind)) for kind in dir(inside))
            is_right = has_frame_rate or not inside.actions
            if is_right and (max_blocks is None or number <= max_blocks):
                wanted.collections = inside.collections
    except (OSError, RuntimeError, ValueError) as error:
        raise UnreadableBlendError(
            Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path))
        ) from error
    finally:
        _remove_libraries(libraries)
    if not is_right:
        raise OtherUnitsError(Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path)))
    if max_blocks is not None and number > max_blocks:
        _log.info("%s has %d data-blocks", blend_path, number)
        raise TooManyBlocksError(Sentence.of("The converted model cannot be read: {path}.", path=str(blend_path)))
    found = [one for one in wanted.collections if one is not None and not asset_collection.is_beside(one)]
    if not found:
        raise UnreadableBlendError(
            Sentence.of("The converted model is missing in its file: {path}.", path=str(blend_path))
        )
    (collection,) = found[:1]
    colours.resolve_colour_spaces([image for image in bpy.data.images if image not in pictures])
    if name:
        collection.name = name
    if target is not None:
        place(collection, target)
    scene.collection.children.link(collection)
    asset_collection.exclude_others(collection)
    return collection


@contextlib.contextmanager
def _not_open(blend_path: Path) -> Iterator[Path]:
    """Yield the path of a .blend, or of a copy if it is the open file, from which Blender cannot append."""
    try:
        is_open = bool(bpy.data.filepath) and os.path.samefile(bpy.data.filepath, blend_path)
    except OSError:
        is_open = False
    if not is_open:
        yield blend_path
        return
    with tempfile.TemporaryDirectory(dir=bpy.app.tempdir) as folder:
        yield Path(shutil.copy(blend_path, folder))


def _remove_libraries(before: set[bpy.types.Library]) -> None:
    """
    Remove the Library data-block that some Blenders leave after appending, unless it has users.

    :param before: the libraries that existed before.
    """
    for library in [library for library in bpy.data.libraries if library not in before]:
        if not library.users_id:
            bpy.data.libraries.remove(library)
