# SPDX-License-Identifier: GPL-3.0-or-later
"""
The panel's options for processing a mesh when it is imported: merge vertices, smooth by angle.

Floor: third. Thread: main. Imports ``bpy``.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import bpy
from bpy.props import BoolProperty, FloatProperty

from ...api.flows import Flow, yields_glb
from ..rna.members import scene_props
from ..text.layout_text import paragraph, sidebar_width_px
from ..text.translate import OWN_CONTEXT, tr
from . import inputs

if TYPE_CHECKING:
    from ...tasks.record.record import Placement

#: Property names of the options.
NAMES = ("merge_vertices", "smooth_by_angle", "smooth_angle")
#: The Python path of the options, as presets write it.
PATH = "bpy.context.scene.triverse.mesh_options"


def merge_property() -> Any:
    """Return the property of merged vertices, which a scene and *Work on Result* both have."""
    return BoolProperty(
        name="Merge Vertices",
        translation_context=OWN_CONTEXT,
        description=(
            "Vertices in one place become one, so that the mesh is connected where its file splits it. "
            "UVs and shading stay"
        ),
    )


class TriverseMeshOptions(bpy.types.PropertyGroup):
    """How meshes are processed when they are imported into a scene."""

    merge_vertices: merge_property()
    smooth_by_angle: BoolProperty(
        name="Smooth by Angle",
        description=(
            "Shade what comes without normals smooth, except along edges sharper than an angle. "
            "Off, it is flat, as its file says"
        ),
    )
    # Shown in whole degrees, the unit of batches and the command line.
    smooth_angle: FloatProperty(
        name="Smooth Angle",
        description="Edges where faces meet at a larger angle stay sharp",
        default=math.radians(30),
        min=math.radians(1),
        max=math.radians(180),
        step=100,
        precision=0,
        subtype="ANGLE",
    )


class _Chosen(TypedDict):
    merge: bool
    smooth_deg: int


def chosen(scene: bpy.types.Scene) -> _Chosen:
    """
    Return the options of ``scene`` as fields of a :class:`tasks.record.record.Placement`.

    ``smooth_deg`` is in whole degrees, from 1 to 180, or 0 if Smooth by Angle is off.
    """
    options = scene_props(scene).mesh_options
    angle = options.smooth_angle
    # A .blend file may hold any float.
    degrees = min(max(1, round(math.degrees(angle))), 180) if math.isfinite(angle) else 30
    return _Chosen(merge=options.merge_vertices, smooth_deg=degrees if options.smooth_by_angle else 0)


def show(scene: bpy.types.Scene, placement: "Placement") -> None:
    """Load the options of a task into the panel of ``scene``."""
    options = scene_props(scene).mesh_options
    options.merge_vertices = placement.merge
    options.smooth_by_angle = placement.smooth_deg > 0
    if placement.smooth_deg:
        options.smooth_angle = math.radians(placement.smooth_deg)


def held(props: Any) -> dict[str, Any]:
    """
    Return the values of the options by property name.

    :param props: a scene's ``triverse`` properties.
    """
    return {name: getattr(props.mesh_options, name) for name in NAMES}


def fill_in(props: Any, kept: Mapping[str, Any]) -> list[str]:
    """
    Load saved options into the panel.

    :param props: a scene's ``triverse`` properties.
    :param kept: values by property name.
    :returns: the names of the options that could not be set.
    """
    left_out = []
    for name, value in kept.items():
        try:
            if name not in NAMES:
                raise KeyError(name)
            setattr(props.mesh_options, name, value)
        except (KeyError, TypeError, ValueError, OverflowError):
            left_out.append(name)
    return left_out


def disabled_reason(props: Any, flow: Flow) -> str | None:
    """Return why the options do not apply to the panel's inputs, translated, or None if they apply."""
    if yields_glb(flow, inputs.values(props, flow)):
        return None
    return tr("Merge Vertices and Smooth by Angle work on models that come into the scene. Only GLB files do.")


def draw(layout: bpy.types.UILayout, context: bpy.types.Context, flow: Flow) -> None:
    """Draw the options. Where they do not apply, they are greyed out with the reason below."""
    options = scene_props(context.scene).mesh_options
    reason = disabled_reason(scene_props(context.scene), flow)
    column = layout.column()
    column.enabled = reason is None
    column.prop(options, "merge_vertices")
    column.prop(options, "smooth_by_angle")
    if options.smooth_by_angle:
        column.prop(options, "smooth_angle")
    if reason is not None:
        paragraph(layout, reason, sidebar_width_px(context), icon="INFO")


CLASSES = (TriverseMeshOptions,)
