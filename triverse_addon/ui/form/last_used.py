# SPDX-License-Identifier: GPL-3.0-or-later
"""
The settings used last, per flow and for the mesh options, as defaults for new scenes.

Floor: third. Thread: main, never in ``draw()``. Imports ``bpy``.

Submitting a task saves its settings to a small file in the data folder, so they persist and apply to every .blend file.
A scene takes them over once, when it is first shown; after that it has its own. Prompts, negative prompts and pictures
are not saved, so that an old prompt is not reused by accident.
"""

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ...api.flows import Field, Flow, Kind
from .. import settings
from ..rna.members import scene_props
from . import inputs, mesh_options

_log = logging.getLogger(__name__)

FILE_NAME = "last_used.json"
#: Most characters that are read. The add-on does not write a larger file.
_MOST_BYTES = 64 * 1024

#: The content of the file, None before it was read: {"flow": name of the flow used last, "settings": {name of a flow:
#: {name of a field: value}}, "mesh": {name of an option: value}}. Earlier versions did not write "mesh".
_known: dict[str, Any] | None = None
#: What scenes took over, the content of the file as it was then: session UID of the scene -> that content.
_taken_over: dict[int, dict[str, Any]] = {}


def forget() -> None:
    """Discard the cached content, so that the file is read again when it is next needed."""
    global _known
    _known = None


def is_known_empty() -> bool:
    """
    Return whether it is known that no task was submitted yet. False before the file was read.

    Reads memory only, so it can be called from ``draw()``.
    """
    return _known is not None and not _known["settings"]


def settings_of(flow: Flow) -> list[Field]:
    """Return the fields of ``flow`` that are settings: optional parameters other than free text and lists."""
    optional = [field for field in flow.params if not field.required and field.kind is not Kind.LIST]
    return [field for field in optional if field.kind is not Kind.TEXT or field.choices]


def save(props: Any, flow_name: str = "") -> None:
    """
    Save the panel's settings of the flow of which a task was just submitted, and the mesh options.

    :param props: a scene's ``triverse`` properties.
    :param flow_name: name of the flow; "" for the one selected in the panel.
    """
    flow = inputs.PANEL_FLOWS[flow_name] if flow_name else inputs.chosen_flow(props)
    known = _read()
    used = {field.name: inputs.held(props, flow, field) for field in settings_of(flow)}
    now = {
        "flow": flow.name,
        "settings": {**known["settings"], flow.name: used},
        "mesh": mesh_options.held(props),
    }
    if now != known:
        global _known
        _known = now
        _write(now)


def seed(scene: bpy.types.Scene) -> bool:
    """
    Give a new scene the settings used last, for each setting that was not set in it.

    Undo removes them together with the ``is_seeded`` flag; the next call then sets the same again. What was used since
    may be what the user has undone.

    :returns: whether there were any settings to take over.
    """
    props = scene_props(scene)
    if props.is_seeded or not scene.is_editable:
        return False
    props.is_seeded = True
    known = _taken_over.setdefault(scene.session_uid, _read())
    if known["flow"] in inputs.PANEL_FLOWS and not props.is_property_set("flow"):
        props.flow = known["flow"]
    for name, used in known["settings"].items():
        flow = inputs.PANEL_FLOWS.get(name)
        if flow is None or not isinstance(used, dict):
            continue
        own = {
            field.name for field in settings_of(flow) if inputs.holder(props, flow, field).is_property_set(field.name)
        }
        fill_in(props, flow, {field: value for field, value in used.items() if field not in own})
    options = known.get("mesh")
    if isinstance(options, dict):
        own = {name for name in mesh_options.NAMES if props.mesh_options.is_property_set(name)}
        mesh_options.fill_in(props, {name: used for name, used in options.items() if name not in own})
    return bool(known["settings"])


def fill_in(props: Any, flow: Flow, kept: Mapping[str, Any]) -> list[str]:
    """
    Load saved settings of ``flow`` into the panel.

    They may come from another version, with settings, types of values or enum items that this version does not have.

    :param props: a scene's ``triverse`` properties.
    :param kept: values by field name.
    :returns: the names of the settings that could not be set.
    """
    fields = {field.name: field for field in settings_of(flow)}
    left_out = []
    for name, value in kept.items():
        try:
            setattr(inputs.holder(props, flow, fields[name]), name, value)
        except (KeyError, TypeError, ValueError, OverflowError):
            left_out.append(name)
    return left_out


def _path(*, create: bool) -> str:
    return os.path.join(settings.data_dir(create=create), FILE_NAME)


def _read() -> dict[str, Any]:
    global _known
    if _known is None:
        _known = {"flow": "", "settings": {}}
        try:
            with open(_path(create=False), encoding="utf-8") as file:
                found = json.loads(file.read(_MOST_BYTES))
            if isinstance(found["flow"], str) and isinstance(found["settings"], dict):
                _known = found
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.info("The settings used last cannot be read: %s", error)
    return _known


def _write(known: dict[str, Any]) -> None:
    """Write the file atomically, because another Blender may be reading it."""
    from ...tasks.files.atomic_write import write_whole  # lazy import: it would slow down register()

    try:
        # Like any settings, they may be lost in a power cut, and Blender's window does not wait for them.
        data = json.dumps(known, indent=1).encode()
        write_whole(Path(_path(create=True)), data, durable=False, private=True, wait_s=0.0)
    except OSError as error:
        _log.info("The settings used last cannot be kept: %s", error)
