# SPDX-License-Identifier: GPL-3.0-or-later
"""
Transfer the material variants of a model (KHR_materials_variants) into the user's file.

Floor: second. Thread: main, of the user's Blender. Imports ``bpy``.

The importer stores the materials of the variants in the mesh, which is appended with the model, but the names of the
variants in the first scene of the file, which is not. So the names are stored in the collection, and here they are
copied to where Blender's glTF add-on shows and exports them.
"""

import importlib
import json
import logging

import bpy

from ..worker import asset_collection

_log = logging.getLogger(__name__)

_IMPORTER = "io_scene_gltf2"
_NAMES = "gltf2_KHR_materials_variants_variants"


def transfer(collection: bpy.types.Collection) -> None:
    """
    Add the variants of the model in ``collection`` to the first scene of this file.

    A variant with the name of an existing one is merged with it, even if that is of another model. Existing variants
    are not changed.
    """
    text = collection.get(asset_collection.VARIANTS)
    names = json.loads(text) if isinstance(text, str) else []
    if not names or not _show():
        return
    known = getattr(bpy.data.scenes[0], _NAMES)
    numbers = {variant.name: variant.variant_idx for variant in known}
    for name in names:
        if name not in numbers:
            variant = known.add()
            # Set the index before the name: setting the name searches for variants of the same name.
            variant.variant_idx = numbers[name] = len(known) - 1
            variant.name = name
    meshes = {obj.data for obj in collection.all_objects if obj.type == "MESH"}
    for part in (part for mesh in meshes for part in mesh.gltf2_variant_mesh_data):
        for use in part.variants:
            if 0 <= use.variant.variant_idx < len(names):
                use.variant.variant_idx = numbers[names[use.variant.variant_idx]]


def _show() -> bool:
    """Enable the variants in the UI of Blender's glTF add-on, as the importer does. Return False if that fails."""
    addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(_IMPORTER)
    if addon is None or addon.preferences is None:
        return False
    try:
        shown = importlib.import_module(f"{_IMPORTER}.blender.com.gltf2_blender_ui")
        # When this UI was disabled, and after Load Factory Settings, the properties remain without their classes, and
        # must not be read. So check whether the classes are registered, not whether the property exists (4.2 to 5.3).
        if not shown.gltf2_KHR_materials_variants_variant.is_registered:
            if addon.preferences.KHR_materials_variants_ui:
                shown.variant_register()
            else:
                addon.preferences.KHR_materials_variants_ui = True
        return bool(shown.gltf2_KHR_materials_variants_variant.is_registered)
    except (ImportError, AttributeError, RuntimeError, ValueError) as error:
        _log.info("Material variants cannot be shown: %s", error)
        return False
