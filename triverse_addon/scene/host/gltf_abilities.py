# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find out which glTF extensions the running Blender can import.

Floor: second. Thread: main. Imports ``bpy``. Nothing heavy is loaded: the importer's list of extensions is in a module
that does not import numpy, and the decoder libraries are only checked for existence, not loaded. The first call takes
4 to 110 ms (measured, 4.2 to 5.3).
"""

import contextlib
import functools
import importlib
import io
import logging
from collections.abc import Callable
from pathlib import Path

import bpy

from ...tasks.glb.gltf_reader import ANY_BLENDER, GltfReader

_log = logging.getLogger(__name__)

_ADDON = "io_scene_gltf2"
#: (extension, module of the importer, arguments): the module's ``dll_path(*arguments)`` returns the path of the decoder
#: library. The modules are those of 4.2, of 4.3 to 5.1, and of 5.2 and newer.
_LIBRARIES = (
    ("KHR_draco_mesh_compression", "io.com.gltf2_io_draco_compression_extension", ()),
    ("KHR_draco_mesh_compression", "io.com.draco", ()),
    ("KHR_draco_mesh_compression", "io.com.library", ("bf_intern_draco_bridge", "Draco")),
    ("EXT_meshopt_compression", "io.com.library", ("bf_intern_meshopt_bridge", "MeshOptimizer")),
    ("KHR_meshopt_compression", "io.com.library", ("bf_intern_meshopt_bridge", "MeshOptimizer")),
)


@functools.cache
def current_reader() -> GltfReader:
    """
    Return which glTF extensions this Blender's importer supports. The result is cached for the process.

    If the importer cannot be queried (its add-on is missing), return what every Blender supports; the import then
    reports what is missing.
    """
    version = (bpy.app.version[0], bpy.app.version[1])
    try:
        module = importlib.import_module(f"{_ADDON}.io.imp.gltf2_io_gltf")
        importer = module.glTFImporter("", {"import_user_extensions": []})
        extensions = frozenset(str(name) for name in importer.extensions_managed)
    except (ImportError, AttributeError, TypeError, KeyError) as error:
        _log.warning("The glTF importer cannot be asked what it reads: %s", error)
        return GltfReader(ANY_BLENDER.extensions, blender=version)
    lacking = {name for name, where, names in _LIBRARIES if name in extensions and _is_missing(where, names)}
    return GltfReader(extensions, frozenset(lacking), version)


def _is_missing(where: str, names: tuple[str, ...]) -> bool:
    """
    Return True if the importer names a path for a decoder library and there is no file.

    :param where: the importer's module that has ``dll_path``.
    :param names: arguments of ``dll_path``.
    """
    try:
        find: Callable[..., Path | None] = importlib.import_module(f"{_ADDON}.{where}").dll_path
    except (ImportError, AttributeError):
        return False
    try:
        # Some versions print the path that they find.
        with contextlib.redirect_stdout(io.StringIO()):
            path = find(*names)
    except (TypeError, OSError, KeyError) as error:
        _log.warning("The glTF importer cannot be asked for its libraries: %s", error)
        return False
    return path is None or not path.is_file()
