# SPDX-License-Identifier: GPL-3.0-or-later
"""
The example of the welcome box: its prompt and settings are for one order, after which the settings are as before.

Floor: third. Thread: main, never in ``draw()``. Imports ``bpy`` through other modules.

The settings from before are kept in the scene, so that they come back in a saved file too.
"""

import json
from typing import Any

from ...api.flows import Flow
from . import inputs, last_used


def begin(props: Any, flow: Flow, prompt: str) -> None:
    """
    Keep the settings of ``flow``, and the selected flow, before the example changes them.

    :param props: a scene's ``triverse`` properties.
    :param prompt: the prompt of the example.
    """
    if props.example:
        return
    before = {}
    for field in last_used.settings_of(flow):
        group = inputs.holder(props, flow, field)
        before[field.name] = inputs.held(props, flow, field) if group.is_property_set(field.name) else None
    chosen = inputs.chosen_flow(props).name
    props.example = json.dumps({"prompt": prompt, "flow": flow.name, "chosen": chosen, "before": before})


def end(props: Any, *, keep_flow: bool = False) -> bool:
    """
    Put back the settings from before the example, if there was one.

    :param props: a scene's ``triverse`` properties.
    :param keep_flow: leave the selected flow as it is, and put back its settings only.
    :returns: whether there was one.
    """
    kept = _kept(props)
    if kept is None:
        return False
    props.example = ""
    flow = inputs.PANEL_FLOWS.get(kept.get("flow", ""))
    before = kept.get("before")
    if flow is None or not isinstance(before, dict):
        return True
    for field in last_used.settings_of(flow):
        value = before.get(field.name)
        if value is None:
            inputs.holder(props, flow, field).property_unset(field.name)
    last_used.fill_in(props, flow, {name: value for name, value in before.items() if value is not None})
    if not keep_flow and props.flow == flow.name and kept.get("chosen") in inputs.PANEL_FLOWS:
        props.flow = kept["chosen"]
    return True


def end_if_changed(props: Any) -> bool:
    """
    Put back the settings from before the example if the user has made something else of its prompt.

    The flow stays: the user may be writing in its field.

    :param props: a scene's ``triverse`` properties, which can be written.
    :returns: whether anything was changed.
    """
    kept = _kept(props)
    return kept is not None and props.shared.prompt != kept.get("prompt") and end(props, keep_flow=True)


def _kept(props: Any) -> dict[str, Any] | None:
    if not props.example:
        return None
    try:
        kept = json.loads(props.example)
    except ValueError:
        kept = {}
    return kept if isinstance(kept, dict) else {}
