# SPDX-License-Identifier: GPL-3.0-or-later
"""
A pie menu with what is needed most, and the operator that opens the tab. Neither has a key of its own.

Floor: third. Thread: main. Imports ``bpy``.
"""

from typing import TYPE_CHECKING

import bpy

from ..text.translate import tr

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


_TAB = "Triverse"
#: What Blender says of the tab of a sidebar that was never shown.
_NO_TAB = "UNSUPPORTED"
#: Pause before a tab is tried again, in seconds, and how often: Blender has to draw the sidebar first.
_TRY_AGAIN_S = 0.05
_TRIES = 40

#: The areas whose tab is still to be chosen, each by screen name and number of the area; and the tries that are left.
_waiting: dict[tuple[str, int], int] = {}


class TRIVERSE_OT_open_sidebar(bpy.types.Operator):
    """Open the sidebar of this viewport with the tab of Triverse"""

    bl_idname = "triverse.open_sidebar"
    bl_label = "Open Triverse"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True in a 3D Viewport."""
        if context.area is None or context.area.type != "VIEW_3D":
            cls.poll_message_set(tr("Put the mouse over a 3D viewport."))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Show the sidebar, and its tab where Blender lets an add-on choose it."""
        space = context.space_data
        if not isinstance(space, bpy.types.SpaceView3D):
            return {"CANCELLED"}
        space.show_region_ui = True
        # The sidebar learns of its tabs when it is first drawn.
        if not _choose_tab(context.area) and not bpy.app.background:
            _waiting[context.screen.name, list(context.screen.areas).index(context.area)] = _TRIES
            if not bpy.app.timers.is_registered(_choose_tabs):
                bpy.app.timers.register(_choose_tabs, first_interval=_TRY_AGAIN_S)
        return {"FINISHED"}


def _choose_tab(area: bpy.types.Area) -> bool:
    """Choose the tab in the sidebar of a viewport; return False as long as Blender knows none there."""
    for region in area.regions:
        if region.type != "UI":
            continue
        # Blender 4.2 cannot be told which tab to open.
        declared: bpy.types.Property | None = bpy.types.Region.bl_rna.properties.get("active_panel_category")
        if declared is None or declared.is_readonly:
            return True
        if region.active_panel_category != _NO_TAB:
            region.active_panel_category = _TAB  # type: ignore[assignment]  # the stubs know no tab
            # Blender 4.3 showed the tab before it until the mouse came by.
            region.tag_redraw()
            return True
    return False


def _choose_tabs() -> float | None:
    for place, tries in list(_waiting.items()):
        name, number = place
        screen: bpy.types.Screen | None = bpy.data.screens.get(name)
        area = screen.areas[number] if screen is not None and number < len(screen.areas) else None
        if area is None or area.type != "VIEW_3D" or tries == 0 or _choose_tab(area):
            del _waiting[place]
        else:
            _waiting[place] = tries - 1
    return _TRY_AGAIN_S if _waiting else None


def stop_waiting() -> None:
    """Stop waiting for sidebars to be drawn. For ``unregister()``."""
    _waiting.clear()
    if bpy.app.timers.is_registered(_choose_tabs):
        bpy.app.timers.unregister(_choose_tabs)


class TRIVERSE_MT_pie(bpy.types.Menu):
    """What is needed most."""

    bl_idname = "TRIVERSE_MT_pie"
    bl_label = "Triverse"

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw up to eight operators: left, right, bottom, top, then the corners."""
        pie = self.layout.menu_pie()
        # The operators open their dialogs.
        pie.operator_context = "INVOKE_DEFAULT"
        pie.operator("triverse.add_from_image", icon="IMAGE_DATA")
        pie.operator("triverse.add_from_text", icon="FONT_DATA")
        pie.operator("triverse.open_sidebar", icon="MENU_PANEL")
        pie.operator("triverse.show_imported", icon="ZOOM_SELECTED")
        pie.operator("triverse.texture_selected_from_image", icon="IMAGE_REFERENCE")
        pie.operator("triverse.texture_selected", icon="TEXTURE")
        pie.operator("triverse.import_ready", icon="IMPORT")
        pie.operator("triverse.paste_picture", icon="PASTEDOWN")


class TRIVERSE_OT_pie(bpy.types.Operator):
    """Open the pie menu of Triverse. It has no key: give it one by a right click on this entry"""

    bl_idname = "triverse.pie"
    bl_label = "Pie Menu"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True in a 3D Viewport."""
        if context.area is None or context.area.type != "VIEW_3D":
            cls.poll_message_set(tr("Put the mouse over a 3D viewport."))
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the menu under the mouse."""
        bpy.ops.wm.call_menu_pie("INVOKE_DEFAULT", name="TRIVERSE_MT_pie")
        return {"FINISHED"}


CLASSES = (TRIVERSE_OT_open_sidebar, TRIVERSE_MT_pie, TRIVERSE_OT_pie)
