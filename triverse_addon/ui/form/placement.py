# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel's settings for the placement of a new model.

Floor: third. Thread: main. Imports ``bpy``.
"""

import dataclasses
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, FloatProperty

from .. import settings
from ..rna import choices
from ..rna.members import scene_props
from . import mesh_options

if TYPE_CHECKING:
    from mathutils import Vector

    from ...tasks.record.record import Placement


class TriversePlacing(bpy.types.PropertyGroup):
    """How new models are placed in a scene."""

    use_placeholder: BoolProperty(
        name="Fit to Selection",
        description=(
            "The active object marks the place: the model fills its bounding box as far as it goes unstretched, "
            "turned as it is, standing on its floor"
        ),
    )
    keep_placeholder: BoolProperty(
        name="Keep It Visible",
        description="Leave the object that marks the place as it is, instead of hiding it when the model is there",
    )
    use_height: BoolProperty(
        name="Set Height",
        description="Scale the model to a height of your own, instead of the one it comes with",
    )
    height: FloatProperty(
        name="Height",
        description="Height of the model",
        default=1.0,
        min=0.001,
        soft_max=100.0,
        subtype="DISTANCE",
        unit="LENGTH",
    )
    on_ground: BoolProperty(
        name="Stand on the Ground",
        description="The lowest point of the model comes to the height of the place, instead of its origin",
        default=True,
    )
    step_aside: BoolProperty(
        name="Avoid Objects",
        description="If the place is taken, the model comes next to what is there, along the ground",
        default=True,
    )


def marker(context: bpy.types.Context) -> bpy.types.Object | None:
    """Return the selected active object as placeholder, or None if there is none or Fit to Selection is off."""
    if not scene_props(context.scene).placing.use_placeholder:
        return None
    active = context.view_layer.objects.active
    return active if active is not None and active.select_get() else None


def is_marker_missing(context: bpy.types.Context) -> bool:
    """Return whether Fit to Selection is on but no active object is selected."""
    return scene_props(context.scene).placing.use_placeholder and marker(context) is None


def placement(context: bpy.types.Context) -> "Placement":
    """Return the placement for a new model. Without a placeholder, it is at the 3D cursor or the world origin."""
    from ...scene.importing.origin import token
    from ...scene.worker.gltf_import import units_of  # lazy import, as in runtime
    from ...tasks.record.record import Placement

    placing = scene_props(context.scene).placing
    units = units_of(context.scene)
    at = marker(context)
    if at is not None:
        return Placement(
            location=_xyz(at.matrix_world.translation),
            placeholder=at.name,
            placeholder_uid=at.session_uid,
            session=token(),
            keep_placeholder=placing.keep_placeholder,
            share_data=not settings.preferences().separate_data,
            unit_m=units.unit_m,
            frames_per_s=units.frames_per_s,
            **mesh_options.chosen(context.scene),
        )
    at_cursor = choices.chosen(settings.preferences(), "placement") == "CURSOR"
    return Placement(
        location=_xyz(context.scene.cursor.location) if at_cursor else (0.0, 0.0, 0.0),
        height=placing.height if placing.use_height else None,
        on_ground=placing.on_ground,
        step_aside=placing.step_aside,
        share_data=not settings.preferences().separate_data,
        unit_m=units.unit_m,
        frames_per_s=units.frames_per_s,
        session=token(),
        **mesh_options.chosen(context.scene),
    )


def beside(place: "Placement", model: bpy.types.Collection, scene: bpy.types.Scene) -> "Placement":
    """Return ``place`` with the nearest free place on the ground beside a model in ``scene``, or an instance of it."""
    from ...scene.importing.show import extent_of  # lazy import, as in runtime

    extent = extent_of(model, scene)
    if extent is None:
        return place
    low, high = extent
    location = ((low.x + high.x) / 2, (low.y + high.y) / 2, low.z)
    return dataclasses.replace(place, location=location, on_ground=True, step_aside=True)


def moved_to(context: bpy.types.Context, before: "Placement", location: "Vector") -> "Placement":
    """
    Return the placement of a model that the user has put at ``location``: there it stands, whatever else is there.

    :param before: its placement until now, whose other settings are kept.
    """
    from ...scene.importing.origin import token
    from ...scene.worker.gltf_import import units_of  # lazy import, as in runtime

    units = units_of(context.scene)
    return dataclasses.replace(
        before,
        location=_xyz(location),
        height=None if before.height is None else before.height * before.unit_m / units.unit_m,
        on_ground=True,
        placeholder="",
        placeholder_uid=0,
        keep_placeholder=False,
        replaces=None,
        instead_of="",
        step_aside=False,
        unit_m=units.unit_m,
        frames_per_s=units.frames_per_s,
        session=token(),
    )


def _xyz(vector: "Vector") -> tuple[float, float, float]:
    return vector.x, vector.y, vector.z


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, *, is_narrow: bool) -> None:
    """
    Draw the settings for the placement.

    :param is_narrow: draw labels above their fields instead of next to them.
    """
    placing = scene_props(context.scene).placing
    row = layout.row()
    row.prop(placing, "use_placeholder")
    # What does not apply is greyed rather than left out, so that nothing below jumps.
    kept = row.row()
    kept.enabled = placing.use_placeholder
    kept.prop(placing, "keep_placeholder", text="", icon="HIDE_OFF")
    layout = layout.column()
    layout.enabled = not placing.use_placeholder
    if is_narrow:
        layout.label(text="Place at")
    choices.draw(layout, settings.preferences(), "placement", text="" if is_narrow else "Place at")
    layout.prop(placing, "on_ground")
    layout.prop(placing, "step_aside")
    layout.prop(placing, "use_height")
    if placing.use_height:
        layout.prop(placing, "height")


CLASSES = (TriversePlacing,)
