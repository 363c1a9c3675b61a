# SPDX-License-Identifier: GPL-3.0-or-later
"""
Material variants of a model (KHR_materials_variants) on their way into the user's file.

Floor: second. Thread: main, of the user's Blender. Imports ``bpy``.

The importer keeps which material is whose variant in the mesh, which comes along with it, and what the variants are
called in the first scene of the file, which does not. So the names travel with the collection, and are put where
Blender's glTF add-on shows and exports them.
"""

import importlib
import json
import logging

import bpy

from ..worker import asset_collection

_log = logging.getLogger(__name__)

_IMPORTER = "io_scene_gltf2"
_NAMES = "gltf2_KHR_materials_variants_variants"


def hand_over(collection: bpy.types.Collection) -> None:
    """
    Let this file know the variants of the model in ``collection``.

    Variants of the same name are one, whichever model they are of; those of other models stay as they are.
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
            # Before the name, whose change looks for others of the same.
            variant.variant_idx = numbers[name] = len(known) - 1
            variant.name = name
    meshes = {obj.data for obj in collection.all_objects if obj.type == "MESH"}
    for part in (part for mesh in meshes for part in mesh.gltf2_variant_mesh_data):
        for use in part.variants:
            if 0 <= use.variant.variant_idx < len(names):
                use.variant.variant_idx = numbers[names[use.variant.variant_idx]]


def _show() -> bool:
    """Switch on what shows variants, as the importer does. False without Blender's glTF add-on."""
    addon: bpy.types.Addon | None = bpy.context.preferences.addons.get(_IMPORTER)
    if addon is None or addon.preferences is None:
        return False
    try:
        shown = importlib.import_module(f"{_IMPORTER}.blender.com.gltf2_blender_ui")
        # Switched off, or after Load Factory Settings, its properties are left behind without their classes, and must
        # not be read: so the classes are asked, and not whether there is such a property (4.2 to 5.3).
        if not shown.gltf2_KHR_materials_variants_variant.is_registered:
            if addon.preferences.KHR_materials_variants_ui:
                shown.variant_register()
            else:
                addon.preferences.KHR_materials_variants_ui = True
        return bool(shown.gltf2_KHR_materials_variants_variant.is_registered)
    except (ImportError, AttributeError, RuntimeError, ValueError) as error:
        _log.info("Material variants cannot be shown: %s", error)
        return False
