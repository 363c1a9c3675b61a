# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the options of the panel order, in one line: "Draft · 50,000 triangles · 1024 px · turbo".

Floor: third. Thread: main. Imports ``bpy`` through other modules. Reads memory only, so it can be called from
``draw()``.
"""

from typing import Any

from ...api.flows import Field, Flow, Kind
from ..form import inputs
from ..text.translate import amount, tr
from . import presets

#: Most characters of a free text that are shown.
_LONGEST = 40


def of_order(props: Any, flow: Flow) -> str:
    """
    Return the settings of ``flow`` that a task would be ordered with, translated; "" for a flow without settings.

    :param props: a scene's ``triverse`` properties.
    """
    starter = presets.chosen_starter(props, flow)
    words = [tr(presets.LABELS[starter])] if starter else []
    for field in flow.fields:
        if not inputs.is_shared(field):
            words.append(_in_words(field, inputs.held(props, flow, field)))
    return " · ".join(word for word in words if word)


def _in_words(field: Field, value: Any) -> str:
    """Return a value as it is ordered; "" for what goes without saying."""
    if field.kind is Kind.BOOL:
        return (tr("turbo") if field.name == "turbo" else tr(field.label)) if value else ""
    if inputs.steps(field):
        return f"{value} px"
    if field.kind is Kind.INT:
        return tr("{count} {count|triangle|triangles}", count=value) if field.name == "polygon_limit" else amount(value)
    text = " ".join(str(value).split())
    if not text or (field.name == "model_version" and text == field.default):
        return ""
    if field.name == "negative_prompt":
        return tr("without {things}", things=text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…")
    return text
