# SPDX-License-Identifier: GPL-3.0-or-later
"""
The keys of the list: Ctrl A and Alt A select all and nothing, a double click opens.

Floor: third. Thread: main. Imports ``bpy``.

They are heard only where the mouse is over the add-on's tab in the sidebar, see ``list_operators.is_over_tab``: in the
viewport they stay what they are. A alone cannot be one of them: over a panel, Blender folds the panel before it asks
any key map (tried in 4.3). A double click is a key here because Blender tells no button of it.
"""

from typing import Any

import bpy

_items: list[tuple[bpy.types.KeyMap, bpy.types.KeyMapItem]] = []


def register() -> None:
    """Add the keys to Blender's key configuration for add-ons. There is none in background mode."""
    configuration = bpy.context.window_manager.keyconfigs.addon
    if configuration is None or bpy.app.background:
        return
    keymap = configuration.keymaps.new(name="3D View Generic", space_type="VIEW_3D")
    for ctrl, alt, action in ((True, False, "ALL"), (False, True, "NONE")):
        item = keymap.keymap_items.new("triverse.select_tasks", "A", "PRESS", ctrl=ctrl, alt=alt)
        properties: Any = item.properties
        properties.action = action
        _items.append((keymap, item))
    _items.append((keymap, keymap.keymap_items.new("triverse.open_row", "LEFTMOUSE", "DOUBLE_CLICK")))


def unregister() -> None:
    """Remove the keys."""
    while _items:
        keymap, item = _items.pop()
        keymap.keymap_items.remove(item)
