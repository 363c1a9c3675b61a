# SPDX-License-Identifier: GPL-3.0-or-later
"""
The inputs that scripts and key maps give to ``triverse.generate`` as arguments, instead of the panel's.

Floor: third. Thread: main. Imports ``bpy``.
"""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import bpy
from bpy.props import BoolProperty, IntProperty, StringProperty

from ...api.fields import Field, Kind
from .. import settings
from ..form import inputs, placement, request
from ..rna.members import scene_props

if TYPE_CHECKING:
    from ...tasks.record.record import TaskRequest

#: Kept out of dialogs, of the Adjust Last Operation panel, and of the next call.
_OPTIONS = {"HIDDEN", "SKIP_SAVE"}


def _property_for(field: Field) -> Any:
    texts: dict[str, Any] = {"name": field.label, "description": field.description, "options": _OPTIONS}
    if field.kind is Kind.INT:
        return IntProperty(**texts)
    if field.kind is Kind.BOOL:
        return BoolProperty(**texts)
    # Also choices, lists and paths: the table of flows checks them, with a sentence.
    return StringProperty(subtype="FILE_NAME" if field.is_source else "NONE", **texts)


def _properties() -> dict[str, Any]:
    found = {
        "flow": StringProperty(
            name="Flow",
            description="What to make, such as text-to-model. Empty: as in the panel",
            options={"HIDDEN", "SKIP_SAVE"},
        )
    }
    for flow in inputs.PANEL_FLOWS.values():
        for field in flow.fields:
            found.setdefault(field.name, _property_for(field))
    return found


_PROPERTIES = _properties()


class GenerateArguments:
    """Mixin for the operator: a property for the flow, and one for each field of the flows."""

    if not TYPE_CHECKING:
        __annotations__ = _PROPERTIES

    def given(self) -> dict[str, Any]:
        """Return the arguments of this call, by name."""
        properties = self.properties  # type: ignore[attr-defined]
        return {name: getattr(self, name) for name in _PROPERTIES if properties.is_property_set(name)}


def task_request(context: bpy.types.Context, given: Mapping[str, Any]) -> "TaskRequest":
    """
    Return the request that the arguments describe. Nothing but place and mesh options is taken from the panel.

    :param given: see :meth:`GenerateArguments.given`.
    :raises InputError: there is no such flow, or an argument cannot be used.
    """
    from ...scripting.order import request_for  # lazy import, as in runtime

    fields = dict(given)
    flow_name = fields.pop("flow", "") or inputs.chosen_flow(scene_props(context.scene)).name
    for name in {field.name for flow in inputs.PANEL_FLOWS.values() for field in flow.sources} & fields.keys():
        if not fields[name].startswith("https://"):
            fields[name] = bpy.path.abspath(fields[name])
    made = request_for(flow_name, fields, placement=placement.placement(context))
    return dataclasses.replace(made, origin=request.origin(context), auto_import=settings.preferences().auto_import)
