# SPDX-License-Identifier: GPL-3.0-or-later
"""
The second wall behind the check of a model: what an import made must have come from the model's own file.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.

It knows nothing of the model's format. It looks at what is new afterwards, whoever made it: a data-block that stands
for a file of this disk, packed or not, was not in the model. Files that Python opened meanwhile are
looked at too, where the whole process is ours (the child): bytes of a foreign file could have become geometry.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

#: Data-blocks that may stand for a file.
_WITH_FILES = ("cache_files", "fonts", "libraries", "movieclips", "sounds", "texts", "volumes")
#: Whatever an import may make, users before what they use.
_MADE = (
    "scenes", "collections", "objects", "meshes", "pointclouds", "armatures", "cameras", "lights", "actions",
    "materials", "node_groups", "textures", "images", *_WITH_FILES,
)  # fmt: skip
#: Where Blender and Python have their own files, opened at any time.
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


class Wall:
    """
    Remembers what is there before an import.

    Keep one no longer than the import takes: it holds references to data-blocks.
    """

    def __init__(self) -> None:
        self._before = {name: set(getattr(bpy.data, name)) for name in _MADE if hasattr(bpy.data, name)}
        self._images = {image: (image.filepath_raw, image.packed_file is not None) for image in bpy.data.images}

    def new(self, name: str) -> list[Any]:
        """Return the data-blocks of one kind that were not there before."""
        before = self._before.get(name, set())
        return [block for block in getattr(bpy.data, name, ()) if block not in before]

    def foreign(self) -> str:
        """Return the name of a data-block whose content is not from the model's file, "" if there is none."""
        for name in _WITH_FILES:
            for block in self.new(name):
                if name == "libraries" or _path_of(block):
                    return f"{name} {block.name}"
        for image in self.new("images"):
            # The importer packs what it finds on the disk: that a picture is packed says nothing, that it has no path
            # does.
            has_file = image.source in ("FILE", "SEQUENCE", "MOVIE", "TILED")
            if has_file and (image.packed_file is None or image.filepath_raw):
                return f"images {image.name}"
        # An importer that meets a picture of the user's takes it for its own, and may pack it.
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
        """Remove everything that is new, and unpack again what was packed meanwhile."""
        for name in _MADE:
            bpy.data.batch_remove(self.new(name))
        # Until then, a layer lists objects that are gone as None.
        bpy.context.view_layer.update()
        for image, (path, was_packed) in self._images.items():
            if image.packed_file is not None and not was_packed:
                image.unpack(method="REMOVE")
            if image.filepath_raw != path:
                image.filepath_raw = path

    def remove_pointers(self) -> None:
        """
        Remove custom properties that point to other data-blocks: a file cannot hold any.

        The importer of 5.3 leaves "blender_object_data" in a material that is made twice, with vertex colours and
        without; an export would write it into the file.
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
    # Blender's own font.
    return "" if path == "<builtin>" else path


# -----------------------------------------------------------------------------
# Files that Python opens

_opened: list[str] | None = None
_is_watching = False


@contextmanager
def opened_files(glb_path: str, foreign: list[str]) -> Iterator[None]:
    """
    Note which files Python opens meanwhile, but for the model's and Blender's own.

    For the child only: what listens cannot be taken out of the process again.

    :param foreign: gets their paths.
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
