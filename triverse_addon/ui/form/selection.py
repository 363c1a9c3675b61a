# SPDX-License-Identifier: GPL-3.0-or-later
"""
The selected objects as the input model of a flow.

Floor: third. Thread: main. Imports ``bpy``.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...api.errors import InputError
from ...api.flows import Field, Flow, Kind
from ...api.sentence import Sentence
from .. import settings
from ..rna.members import scene_props
from ..text.layout_text import paragraph, sidebar_width_px, ui_scale, with_name
from ..text.translate import amount, tr

if TYPE_CHECKING:
    from ...tasks.record.record import Replaced


def model_field(flow: Flow) -> Field | None:
    """Return the field of ``flow`` that takes a model, or None if it has none."""
    return next((field for field in flow.sources if field.kind is Kind.MODEL), None)


def is_used(context: bpy.types.Context, flow: Flow) -> bool:
    """Return whether the input model of ``flow`` is the selected objects rather than a file."""
    return model_field(flow) is not None and scene_props(context.scene).use_selection


def chosen(context: bpy.types.Context) -> list[bpy.types.Object]:
    """Return the selected objects that have a surface, the active one first."""
    from ...scene.capture import selection  # lazy import: loads tasks.record.record

    return selection.chosen(context)


def write(context: bpy.types.Context, field: Field) -> "tuple[Path, Replaced]":
    """
    Write the selected objects to a file for the upload. A million triangles take 60 ms.

    :param field: the field of the flow that takes the model, for the error.
    :returns: the path of the file, and the objects that the result replaces.
    :raises InputError: no object is selected.
    :raises SceneError: the objects have no faces or cannot be written.
    """
    from ...scene.capture import selection

    objects = chosen(context)
    if not objects:
        raise InputError(Sentence.of("Select the object that is to be sent."), field=field.name)
    return selection.write(objects, settings.sources_dir(create=True))


def copied(path: Path) -> Path:
    """Copy a file of :func:`write`; see :func:`scene.capture.selection.copied`."""
    from ...scene.capture import selection

    return selection.copied(path)


def draw(column: bpy.types.UILayout, row: bpy.types.UILayout, context: bpy.types.Context, width_px: float) -> None:
    """
    Draw the switch between selection and file, with the name or number of the selected objects.

    :param column: for a line below about what belongs to these and is not sent with them, if there is anything.
    :param row: for the switch and its label.
    :param width_px: width of ``column``.
    """
    from ...scene.capture import selection, unsent

    row.prop(scene_props(context.scene), "use_selection", text="", icon="RESTRICT_SELECT_OFF")
    objects = chosen(context)
    if not objects:
        row.alert = True
        row.label(text="Select a mesh object")
        return
    triangles = amount(selection.triangles(objects))
    if len(objects) == 1:
        text = with_name(
            lambda name: tr("{name} · {triangles} triangles", name=name, triangles=triangles),
            objects[0].name,
            # Width next to the switch; measured in screenshots, as in sidebar_width_px.
            sidebar_width_px(context) - 38 * ui_scale(),
        )
    else:
        text = tr("{count} objects · {triangles} triangles", count=len(objects), triangles=triangles)
    row.label(text=text, translate=False)
    if unsent.has_instances(objects):
        note = tr("Instances and particles are not sent, and are hidden with the original.")
        paragraph(column, note, width_px, icon="INFO")
