# SPDX-License-Identifier: GPL-3.0-or-later
"""
Find the 3D viewport under the mouse, and the point of the scene that it points at there.

Floor: third. Thread: main. Imports ``bpy``.
"""

import bpy
from mathutils import Vector


def region_at(window: bpy.types.Window, x: int, y: int) -> tuple[bpy.types.Area, bpy.types.Region] | None:
    """
    Return the 3D viewport under the mouse; None over anything else, also over what lies over a viewport.

    :param x: position in the window in pixels, from its left edge; ``y`` likewise, from its lower edge.
    :return: its area, and its region, of which a quad view has four.
    """
    for area in window.screen.areas:
        if area.type != "VIEW_3D":
            continue
        under = [one for one in area.regions if one.x <= x < one.x + one.width and one.y <= y < one.y + one.height]
        # Headers and sidebars may lie over the viewport. Folded ones are one pixel wide.
        if any(one.type != "WINDOW" and min(one.width, one.height) > 1 for one in under):
            continue
        for region in under:
            if region.type == "WINDOW" and region.data is not None:
                return area, region
    return None


def view_at(window: bpy.types.Window, x: int, y: int) -> tuple[bpy.types.SpaceView3D, bpy.types.Region] | None:
    """Return the 3D viewport under the mouse, like :func:`region_at`, with its space instead of its area."""
    found = region_at(window, x, y)
    if found is None:
        return None
    area, region = found
    space = area.spaces.active
    return (space, region) if isinstance(space, bpy.types.SpaceView3D) else None


def point_at(context: bpy.types.Context, x: int, y: int, *, is_snap_switched: bool) -> Vector | None:
    """
    Return the point of the window's scene at which the mouse points; None if it is over no 3D viewport.

    It snaps to surfaces, and to the grid if snapping is on.

    :param x: position in the window in pixels, from its left edge; ``y`` likewise, from its lower edge.
    :param is_snap_switched: whether Ctrl is held, which in Blender's own tools turns snapping on, or off if it is on.
    """
    from ...scene.importing import pointed_place  # lazy import, as in state.runtime

    found = view_at(context.window, x, y)
    if found is None:
        return None
    space, region = found
    scene = context.window.scene
    return pointed_place.pointed_at(
        scene,
        context.evaluated_depsgraph_get(),
        region,
        region.data,
        (x - region.x, y - region.y),
        grid=space.overlay.grid_scale_unit if is_snap_switched != scene.tool_settings.use_snap else 0.0,
    )
