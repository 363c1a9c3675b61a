# SPDX-License-Identifier: GPL-3.0-or-later
"""
Redraw the areas that show tasks, in every window, and no others.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy

from ..viewport import box_control, preview_control
from . import open_dialog, status_bar, viewport_header


def redraw() -> None:
    """Tag the sidebars of 3D Viewports and the Preferences, and refresh what is drawn elsewhere."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "PREFERENCES":
                area.tag_redraw()
            elif area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI" and region.width > 1:
                        region.tag_redraw()
    open_dialog.refresh()
    status_bar.refresh()
    viewport_header.refresh()
    box_control.refresh()
    preview_control.refresh()
