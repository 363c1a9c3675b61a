# SPDX-License-Identifier: GPL-3.0-or-later
"""
Ask this very Blender which glTF it reads.

Floor: second. Thread: main. Imports ``bpy``. Nothing heavy is loaded: the importer's list stands in a module without
numpy, and its decoders are looked for, not opened. The first answer takes 4 to 110 ms (measured, 4.2 to 5.3).
"""

import contextlib
import functools
import importlib
import io
import logging
from collections.abc import Callable
from pathlib import Path

import bpy

from ..tasks.gltf_reader import ANY_BLENDER, GltfReader

_log = logging.getLogger(__name__)

_ADDON = "io_scene_gltf2"
#: Where the importer says where its decoders are: modules of 4.2, of 4.3 to 5.1, and of 5.2 and newer.
_LIBRARIES = (
    ("KHR_draco_mesh_compression", "io.com.gltf2_io_draco_compression_extension", ()),
    ("KHR_draco_mesh_compression", "io.com.draco", ()),
    ("KHR_draco_mesh_compression", "io.com.library", ("bf_intern_draco_bridge", "Draco")),
    ("EXT_meshopt_compression", "io.com.library", ("bf_intern_meshopt_bridge", "MeshOptimizer")),
    ("KHR_meshopt_compression", "io.com.library", ("bf_intern_meshopt_bridge", "MeshOptimizer")),
)


@functools.cache
def ask() -> GltfReader:
    """
    Return what this Blender's importer reads; the same at every call, for a Blender does not change while it runs.

    Where the importer cannot be asked (its add-on is missing), what every Blender reads is returned: the import will
    say what is missing.
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
    """Tell whether the importer names a place for a decoder, and nothing is there."""
    try:
        find: Callable[..., Path | None] = importlib.import_module(f"{_ADDON}.{where}").dll_path
    except (ImportError, AttributeError):
        return False
    try:
        # Some versions print what they find.
        with contextlib.redirect_stdout(io.StringIO()):
            path = find(*names)
    except (TypeError, OSError, KeyError) as error:
        _log.warning("The glTF importer cannot be asked for its libraries: %s", error)
        return False
    return path is None or not path.is_file()
