# SPDX-License-Identifier: GPL-3.0-or-later
"""
Types and members of Blender that its type stubs do not know, or know in another way.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import IconItems as Icon

    OperatorMixin = bpy.types.Operator
else:
    Icon = str
    # At run time, Blender would take a mixin that is an Operator for an operator of its own.
    OperatorMixin = object


def scene_props(scene: bpy.types.Scene) -> Any:
    """Return the add-on's properties of a scene: the group ``form.properties.TriverseScene``."""
    return scene.triverse  # type: ignore[attr-defined]


def window_props(manager: bpy.types.WindowManager) -> Any:
    """Return the add-on's properties of the window manager: the group ``form.properties.TriverseWindowManager``."""
    return manager.triverse  # type: ignore[attr-defined]


def image_suffixes() -> set[str]:
    """Return the file suffixes of the picture formats that Blender can read, such as ``.png``."""
    return bpy.path.extensions_image  # type: ignore[attr-defined]
