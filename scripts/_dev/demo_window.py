# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs in a Blender with a window for ``demo.py``: no splash screen, and the sidebar open on the add-on's tab.

No floor (development only). Main thread. Imports ``bpy``.
"""

import bpy

#: How often the sidebar is asked whether it has been drawn, and how often at most.
AGAIN_S, TIMES = 0.25, 400
_asked = 0


def choose_tab() -> float | None:
    """Show the tab. The sidebar learns of its tabs when it is first drawn; before, it refuses."""
    global _asked
    _asked += 1
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if area.type == "VIEW_3D" and region.type == "UI":
                    try:
                        region.active_panel_category = "Triverse"
                    except (AttributeError, TypeError):
                        return AGAIN_S if _asked < TIMES else None
                    region.tag_redraw()
    return None


bpy.context.preferences.view.show_splash = False
for _window in bpy.context.window_manager.windows:
    for _area in _window.screen.areas:
        if _area.type == "VIEW_3D":
            _area.spaces.active.show_region_ui = True
bpy.app.timers.register(choose_tab, first_interval=AGAIN_S)
