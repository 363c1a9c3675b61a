# SPDX-License-Identifier: GPL-3.0-or-later
"""
Create a new scene, and write it to a .blend that contains only that scene and the data that it uses.

Floor: second. Thread: main, of the child or of a Blender without a window. Imports ``bpy``, and nothing of this
package: the child loads it as a plain module.

The startup file contains brushes, a palette, line styles, eleven workspaces, and in these the path of the user's home
folder. Saving keeps all of it (measured, 4.2 to 5.3). So a new scene is used, and only the data it needs is written.
"""

import functools
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING or __package__:
    from . import disk_room
    from .path_fields import clear_path_ends
else:
    import disk_room
    from path_fields import clear_path_ends

_log = logging.getLogger(__name__)


def begin() -> bpy.types.Scene:
    """
    Replace all scenes by a new one and return that: without world, in metres, with 24 frames per second.

    Existing objects and collections are not removed; the caller has to do that.
    """
    scene = bpy.data.scenes.new("Scene")
    for window in bpy.context.window_manager.windows:
        window.scene = scene
    for other in [other for other in bpy.data.scenes if other != scene]:
        bpy.data.scenes.remove(other)
    scene.name = "Scene"
    units, render = scene.unit_settings, scene.render
    units.system, units.scale_length = "METRIC", 1.0
    units.length_unit = "METERS"  # type: ignore[assignment]
    render.fps, render.fps_base = 24, 1.0
    # The default comes from the user's preferences in 4.2.
    render.filepath = "//"
    return scene


def write(path: Path, scene: bpy.types.Scene) -> None:
    """
    Write ``scene`` and the data-blocks that it uses to ``path``, atomically.

    The file is not compressed, so that appending from it is fast. It contains no path of this machine: images are
    packed, and the folders are removed from their paths. Data-blocks that ``scene`` does not use may be removed from
    the file that is open.

    :param path: the .blend to write.
    :param scene: the scene to write.
    :raises OSError: the file cannot be written.
    """
    for image in bpy.data.images:
        _forget_folders(image)
    part = path.with_name(f".{path.stem}.{os.getpid()}.blend")
    try:
        try:
            if _writes_previews():
                bpy.data.libraries.write(str(part), {scene}, path_remap="NONE", compress=False)
            else:
                _save(part, scene)
        except (OSError, RuntimeError) as error:
            # The text is Blender's report, such as "Error: Cannot open file …: Permission denied".
            raise disk_room.cause(path.parent, " ".join(str(error).removeprefix("Error: ").split())) from error
        _clear_path_ends(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _clear_path_ends(path: Path) -> None:
    try:
        clear_path_ends(path)
    except ValueError as error:
        # A later Blender may write another layout. That is no reason to lose the model.
        _log.warning("%s: what stands behind its paths was not cleared: %s", path.name, error)


def warm_up() -> None:
    """Find out how this Blender writes files, before one is written."""
    _writes_previews()


@functools.cache
def _writes_previews() -> bool:
    """
    Return True if ``bpy.data.libraries.write`` keeps the previews of collections.

    4.3 and 5.0 write copies of the data-blocks, and do not copy previews; 4.2, 4.5.15, 5.2 and 5.3 keep them
    (measured).
    """
    path = Path(bpy.app.tempdir) / "preview.blend"
    collection = bpy.data.collections.new("Preview")
    made: list[bpy.types.ID] = [collection]
    try:
        collection.asset_mark()
        collection.preview_ensure().image_size = (1, 1)  # type: ignore[assignment]
        bpy.data.libraries.write(str(path), {collection})
        clear_path_ends(path)  # reads the types of this Blender's files, which it remembers
        with bpy.data.libraries.load(str(path), link=False) as (inside, wanted):  # type: ignore[func-returns-value]
            wanted.collections = inside.collections
        made += wanted.collections
        return wanted.collections[0].preview is not None
    finally:
        bpy.data.batch_remove(made)
        path.unlink(missing_ok=True)


def _save(path: Path, scene: bpy.types.Scene) -> None:
    """
    Remove all data-blocks that ``scene`` does not use, and save the open file.

    Workspaces cannot be removed, so the paths in them are cleared.
    """
    bpy.data.batch_remove([other for other in bpy.data.scenes if other != scene])
    for _ in range(2):  # brushes and similar data have a fake user, or a user that is removed in the first round
        needed = _needed(scene)
        bpy.data.batch_remove([block for block in bpy.data.user_map() if block not in needed])
    for screen in bpy.data.screens:
        for space in (space for area in screen.areas for space in area.spaces):
            if isinstance(space, bpy.types.SpaceFileBrowser) and space.params is not None:
                space.params.directory = b""
    files = bpy.context.preferences.filepaths
    files.save_version = 0
    files.file_preview_type = "NONE"
    bpy.ops.wm.save_as_mainfile(
        filepath=str(path), check_existing=False, compress=False, relative_remap=False, copy=True
    )


def _needed(scene: bpy.types.Scene) -> set[bpy.types.ID]:
    """Return ``scene``, all data-blocks that it uses, directly or not, and those that belong to the windows."""
    users = bpy.data.user_map()
    needed = {scene, *bpy.data.screens, *bpy.data.workspaces, *bpy.data.window_managers}
    uses: dict[bpy.types.ID, list[bpy.types.ID]] = {}
    for block, used_by in users.items():
        for user in used_by:
            uses.setdefault(user, []).append(block)
    waiting: list[bpy.types.ID] = [scene]
    while waiting:
        for block in uses.get(waiting.pop(), ()):
            if block not in needed:
                needed.add(block)
                waiting.append(block)
    return needed


def _forget_folders(image: bpy.types.Image) -> None:
    if not image.packed_files:
        return
    for owner, attribute in ((image, "filepath_raw"), *((packed, "filepath") for packed in image.packed_files)):
        name = getattr(owner, attribute).replace("\\", "/").rpartition("/")[2]
        setattr(owner, attribute, f"//{name}" if name else "")
