# SPDX-License-Identifier: GPL-3.0-or-later
"""
Check that everything an import created comes from the model's own file, as second defence after the check of the GLB.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.

The check does not depend on the model's format. It examines all new data-blocks: one that refers to a file on this
disk, packed or not, was not in the model. In the child, where no other code runs, the files that Python opened during
the import are checked too, because bytes of another file could have become geometry.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

#: Collections of ``bpy.data`` whose data-blocks may refer to a file. Images are checked separately.
_WITH_FILES = ("cache_files", "fonts", "libraries", "movieclips", "sounds", "texts", "volumes")
#: Collections of ``bpy.data`` whose data-blocks an import may create, in an order in which users come before what they
#: use.
_MADE = (
    "scenes", "collections", "objects", "meshes", "pointclouds", "armatures", "cameras", "lights", "actions",
    "materials", "node_groups", "textures", "images", *_WITH_FILES,
)  # fmt: skip
#: Folders of Blender's and Python's own files, which may be opened at any time.
_OWN_ROOTS = tuple(
    os.path.realpath(root)
    for root in {
        sys.prefix,
        sys.base_prefix,
        str(Path(bpy.__file__).parents[2]),
        os.path.dirname(os.__file__),
        *sys.path,
    }
    if root
)


class ImportGuard:
    """
    Record the data-blocks that exist before an import, and check those that exist after it.

    Do not keep an instance longer than the import: it has references to data-blocks.
    """

    def __init__(self) -> None:
        self._before = {name: set(getattr(bpy.data, name)) for name in _MADE if hasattr(bpy.data, name)}
        self._images = {image: (image.filepath_raw, image.packed_file is not None) for image in bpy.data.images}

    def new(self, name: str) -> list[Any]:
        """Return the new data-blocks of the collection ``name`` of ``bpy.data``."""
        before = self._before.get(name, set())
        return [block for block in getattr(bpy.data, name, ()) if block not in before]

    def foreign(self) -> str:
        """Return type and name of a data-block with content that is not from the model's file, "" if there is none."""
        for name in _WITH_FILES:
            for block in self.new(name):
                if name == "libraries" or _path_of(block):
                    return f"{name} {block.name}"
        for image in self.new("images"):
            # An image of the model is packed and has no path. Being packed is not enough, because the importer also
            # packs images that it reads from the disk.
            has_file = image.source in ("FILE", "SEQUENCE", "MOVIE", "TILED")
            if has_file and (image.packed_file is None or image.filepath_raw):
                return f"images {image.name}"
        # An importer may mistake an existing image of the user for one of its own, and pack it.
        for image, as_it_was in self._images.items():
            if (image.filepath_raw, image.packed_file is not None) != as_it_was:
                return f"images {image.name}"
        old = self._before["images"]
        for material in self.new("materials"):
            for node in material.node_tree.nodes if material.node_tree is not None else ():
                if node.type == "TEX_IMAGE" and node.image in old:
                    return f"images {node.image.name}"
        return ""

    def remove(self) -> None:
        """Remove all new data-blocks, and undo packing and changed paths of images that existed before."""
        for name in _MADE:
            bpy.data.batch_remove(self.new(name))
        # Until it is updated, a view layer lists removed objects as None.
        bpy.context.view_layer.update()
        for image, (path, was_packed) in self._images.items():
            if image.packed_file is not None and not was_packed:
                image.unpack(method="REMOVE")
            if image.filepath_raw != path:
                image.filepath_raw = path

    def remove_pointers(self) -> None:
        """
        Remove custom properties that refer to data-blocks from all new data-blocks: glTF cannot contain such.

        The importer of 5.3 leaves "blender_object_data" in a material that it creates twice, with and without vertex
        colours; an export would write it to the file.
        """
        for name in _MADE:
            for block in self.new(name):
                holders = [block]
                if name == "armatures":
                    holders += block.bones
                elif name == "objects" and block.pose is not None:
                    holders += block.pose.bones
                for holder in holders:
                    for key in [key for key in holder.keys() if isinstance(holder[key], bpy.types.ID)]:  # noqa: SIM118
                        del holder[key]


def _path_of(block: Any) -> str:
    path = str(getattr(block, "filepath", ""))
    # "<builtin>" is Blender's own font.
    return "" if path == "<builtin>" else path


# -----------------------------------------------------------------------------
# Files that Python opens

_opened: list[str] | None = None
_is_watching = False


@contextmanager
def opened_files(glb_path: str, foreign: list[str]) -> Iterator[None]:
    """
    Record the files that Python opens within the context, except for the model and files of Blender and Python.

    Use it in the child only: the audit hook that it installs cannot be removed from the process.

    :param glb_path: path of the model.
    :param foreign: list that the paths are appended to.
    """
    global _is_watching, _opened
    if not _is_watching:
        sys.addaudithook(_listen)
        _is_watching = True
    model = os.path.realpath(glb_path)
    _opened = []
    try:
        yield
    finally:
        found, _opened = _opened, None
        foreign += [path for path in found if not _is_own(os.path.realpath(path), model)]


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _opened is not None and isinstance(arguments[0], str | bytes | os.PathLike):
        _opened.append(os.fsdecode(arguments[0]))


def _is_own(path: str, model: str) -> bool:
    return path == model or any(Path(path).is_relative_to(root) for root in _OWN_ROOTS)
