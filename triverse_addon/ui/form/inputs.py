# SPDX-License-Identifier: GPL-3.0-or-later
"""
The inputs of every flow as Blender properties, generated from the table in ``api/flows.py``.

Floor: third. Thread: main. Imports ``bpy``.

The required inputs of a flow (prompt, pictures, a model) are shared by all flows of a scene: the prompt stays when the
user switches from "Text to Model" to "Text to Mesh". Settings are stored per flow, so each flow keeps its own.
"""

from collections.abc import Mapping
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ...api.flows import FLOWS, JSON, Field, Flow, Kind
from ..rna import choices
from ..rna.members import image_suffixes

#: The flows of the panel, by name: those that produce a model.
PANEL_FLOWS: Mapping[str, Flow] = {name: flow for name, flow in FLOWS.items() if flow.yields_model}


#: More file suffixes of pictures: JPEG aliases, and formats that are rejected later with a message that names them.
_OTHER_PICTURES = frozenset({".jfif", ".jfi", ".jif", ".jpe", ".heic", ".heif", ".avif", ".jxl", ".gif", ".svg"})


def picture_suffixes() -> list[str]:
    """Return the file suffixes that file browsers show as pictures. The format is detected from the content later."""
    return sorted(_OTHER_PICTURES | image_suffixes())


def is_shared(field: Field) -> bool:
    """Return whether all flows of a scene share the value of ``field``."""
    return field.is_source or field.required


def attribute(flow_name: str) -> str:
    """Return the name of the scene property with a flow's settings, such as ``text_to_model``."""
    return flow_name.replace("-", "_")


def chosen_flow(props: Any) -> Flow:
    """
    Return the selected flow, or the default flow if the stored one does not exist.

    :param props: a scene's ``triverse`` properties.
    """
    return PANEL_FLOWS[choices.chosen(props, "flow")]


def steps(field: Field) -> tuple[int, ...]:
    """
    Return the powers of two from the minimum to the maximum of an integer field, as for texture sizes.

    :returns: empty if the limits of the field are not both powers of two.
    """
    low, high = field.minimum, field.maximum
    if field.kind is not Kind.INT or not low or not high or low & (low - 1) or high & (high - 1):
        return ()
    return tuple(1 << bit for bit in range(low.bit_length() - 1, high.bit_length()))


def property_for(field: Field) -> Any:
    """Return the definition of the Blender property for ``field``, to be used as an annotation."""
    texts: dict[str, Any] = {"name": field.label, "description": field.description}
    if field.kind is Kind.INT:
        if powers := steps(field):
            items = [(str(power), f"{power} px", "", power) for power in powers]
            return EnumProperty(items=items, default=str(_nearest(field, field.default)), **texts)
        limits = {"min": field.minimum, "max": field.maximum}
        bounds: dict[str, Any] = {name: limit for name, limit in limits.items() if limit is not None}
        default = field.default if isinstance(field.default, int) else field.minimum or 0
        return IntProperty(default=default, **bounds, **texts)
    if field.kind is Kind.BOOL:
        return BoolProperty(default=bool(field.default), **texts)
    if field.kind is Kind.CHOICE:
        items = [
            (choice, choice.replace("_", " ").title(), "", number)
            for choice, number in zip(field.choices, field.numbers, strict=True)
        ]
        return EnumProperty(items=items, default=str(field.default or field.choices[0]), **texts)
    if field.is_source:
        # FILE_NAME also holds bytes that are no UTF-8, which names have that an older system wrote. No FILE_PATH: its
        # file browser cannot be limited to pictures.
        return StringProperty(subtype="FILE_NAME", **texts)
    # Texts, and lists separated by commas.
    return StringProperty(default=str(field.default or ""), **texts)


def _nearest(field: Field, value: object) -> int:
    wanted = value if isinstance(value, int) else field.minimum or 0
    return min(steps(field), key=lambda power: abs(power - wanted))


def _shared_fields() -> dict[str, Field]:
    found: dict[str, Field] = {}
    for flow in PANEL_FLOWS.values():
        for field in flow.fields:
            if is_shared(field):
                found.setdefault(field.name, field)
    return found


def _group(name: str, doc: str, fields: list[Field]) -> type[bpy.types.PropertyGroup]:
    annotations = {field.name: property_for(field) for field in fields}
    members = {"__annotations__": annotations, "__doc__": doc, "__module__": __name__}
    return type(name, (bpy.types.PropertyGroup,), members)


SharedInputs = _group("TriverseSharedInputs", "What all flows of a scene share.", list(_shared_fields().values()))

FLOW_SETTINGS: Mapping[str, type[bpy.types.PropertyGroup]] = {
    name: _group(
        f"TriverseSettings_{attribute(name)}",
        f"Settings of {flow.label}.",
        [field for field in flow.fields if not is_shared(field)],
    )
    for name, flow in PANEL_FLOWS.items()
}


def holder(props: Any, flow: Flow, field: Field) -> bpy.types.PropertyGroup:
    """
    Return the property group that holds the value of ``field``.

    :param props: a scene's ``triverse`` properties.
    """
    group = props.shared if is_shared(field) else getattr(props, attribute(flow.name))
    assert isinstance(group, bpy.types.PropertyGroup)
    return group


def has_entries(field: Field) -> bool:
    """Return whether the property for ``field`` is an enum."""
    return field.kind is Kind.CHOICE or bool(steps(field))


def held(props: Any, flow: Flow, field: Field) -> Any:
    """
    Return the value of the Blender property for ``field``; see :func:`choices.chosen` for enums.

    :param props: a scene's ``triverse`` properties.
    """
    group = holder(props, flow, field)
    return choices.chosen(group, field.name) if has_entries(field) else getattr(group, field.name)


def values(props: Any, flow: Flow) -> dict[str, JSON]:
    """
    Return the panel's values for the parameters of ``flow``, by field name. Blank texts are left out.

    An undocumented setting is left out until the user changes it, because the service might reject it.

    :param props: a scene's ``triverse`` properties.
    """
    found: dict[str, JSON] = {}
    for field in flow.params:
        value = held(props, flow, field)
        if steps(field):
            value = int(value)
        if isinstance(value, str) and not value.strip():
            continue
        if not field.required and (not field.documented or field.default is None) and value == _untouched(field):
            continue
        found[field.name] = value
    return found


def _untouched(field: Field) -> object:
    if steps(field):
        return _nearest(field, field.default)
    if field.kind is Kind.BOOL:
        return bool(field.default)
    if field.kind is Kind.INT:
        return field.default if isinstance(field.default, int) else field.minimum or 0
    return field.default


def sources(props: Any, flow: Flow) -> dict[str, str]:
    """
    Return the absolute paths or https:// URLs of the panel's input files for ``flow``, by field name.

    :param props: a scene's ``triverse`` properties.
    """
    found: dict[str, str] = {}
    for field in flow.sources:
        text = str(getattr(holder(props, flow, field), field.name)).strip().strip('"')
        if text:
            found[field.name] = text if text.startswith("https://") else bpy.path.abspath(text)
    return found


def fill(props: Any, flow: Flow, task_values: Mapping[str, Any]) -> None:
    """
    Load the values of an earlier task into the panel. Fields without a value are reset to their defaults.

    :param props: a scene's ``triverse`` properties.
    :param task_values: values, paths and URLs by field name.
    """
    for field in flow.fields:
        if field.kind is Kind.MODEL:
            props.use_selection = not task_values.get(field.name)
        group = holder(props, flow, field)
        value = task_values.get(field.name)
        if value is None or value == "":
            group.property_unset(field.name)
        elif steps(field):
            setattr(group, field.name, str(_nearest(field, value)))
        elif field.kind is Kind.LIST:
            setattr(group, field.name, ", ".join(str(entry) for entry in value))
        else:
            try:
                setattr(group, field.name, value)
            except TypeError:  # an enum item or a type of value that this version does not have
                group.property_unset(field.name)


CLASSES = (SharedInputs, *FLOW_SETTINGS.values())
