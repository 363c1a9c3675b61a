# SPDX-License-Identifier: GPL-3.0-or-later
"""
Begin a .blend that is ours, and write it so that it holds what was put into it and nothing else.

Floor: second. Thread: main, of the child or of a Blender without a window. Imports ``bpy``, and nothing of this
package: the child loads it as a plain module.

A start-up file brings brushes, a palette, line styles, eleven workspaces, and in them the user's home folder; saving
it keeps them all (measured, 4.2 to 5.3). So the scene is a new one, and only what it needs is written.
"""

import functools
import os
from pathlib import Path

import bpy

#: Room for a path in a data-block, less its end.
_PATH_BYTES = 1023


def begin() -> bpy.types.Scene:
    """
    Put a new scene in the place of all others and return it: no world, metres, 24 frames a second.

    Objects and collections of before are left to the caller.
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
    # 4.2 takes it from the preferences of whoever runs it.
    render.filepath = "//"
    return scene


def write(path: Path, scene: bpy.types.Scene) -> None:
    """
    Write ``scene`` and what it needs to ``path``, whole or not at all; uncompressed, which is the quickest to append.

    No path of this machine is left in it: pictures are packed, and named without their folders. The present file may
    lose what ``scene`` does not need.

    :raises OSError: it cannot be written.
    """
    for image in bpy.data.images:
        _forget_folders(image)
    part = path.with_name(f".{path.stem}.{os.getpid()}.blend")
    try:
        if _writes_previews():
            bpy.data.libraries.write(str(part), {scene}, path_remap="NONE", compress=False)
        else:
            _save(part, scene)
        os.replace(part, path)
    except RuntimeError as error:
        # Blender's report, "Error: Cannot open file …: No space left on device".
        raise OSError(0, " ".join(str(error).removeprefix("Error: ").split())) from error
    finally:
        part.unlink(missing_ok=True)


@functools.cache
def _writes_previews() -> bool:
    """
    Tell whether what is written apart keeps the previews of its collections.

    4.3 and 5.0 write a copy of it, and do not copy those; 4.2, 4.5.15, 5.2 and 5.3 keep them (measured).
    """
    path = Path(bpy.app.tempdir) / "preview.blend"
    collection = bpy.data.collections.new("Preview")
    made: list[bpy.types.ID] = [collection]
    try:
        collection.asset_mark()
        collection.preview_ensure().image_size = (1, 1)  # type: ignore[assignment]
        bpy.data.libraries.write(str(path), {collection})
        with bpy.data.libraries.load(str(path), link=False) as (inside, wanted):  # type: ignore[func-returns-value]
            wanted.collections = inside.collections
        made += wanted.collections
        return wanted.collections[0].preview is not None
    finally:
        bpy.data.batch_remove(made)
        path.unlink(missing_ok=True)


def _save(path: Path, scene: bpy.types.Scene) -> None:
    """Save the file as a whole, after all is gone that ``scene`` does not need; the workspaces can only be emptied."""
    bpy.data.batch_remove([other for other in bpy.data.scenes if other != scene])
    for _ in range(2):  # brushes and their likes have a fake user or are kept by what goes in the first round
        needed = _needed(scene)
        bpy.data.batch_remove([block for block in bpy.data.user_map() if block not in needed])
    for screen in bpy.data.screens:
        for space in (space for area in screen.areas for space in area.spaces):
            if isinstance(space, bpy.types.SpaceFileBrowser) and space.params is not None:
                space.params.directory = b"." * _PATH_BYTES
                space.params.directory = b""
    files = bpy.context.preferences.filepaths
    files.save_version = 0
    files.file_preview_type = "NONE"
    bpy.ops.wm.save_as_mainfile(
        filepath=str(path), check_existing=False, compress=False, relative_remap=False, copy=True
    )


def _needed(scene: bpy.types.Scene) -> set[bpy.types.ID]:
    """Return ``scene`` and all that it leads to, and what belongs to the windows."""
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
        # A shorter path leaves the end of a longer one behind it, and the whole field is written (measured).
        setattr(owner, attribute, "." * _PATH_BYTES)
        setattr(owner, attribute, f"//{name}" if name else "")
