# SPDX-License-Identifier: GPL-3.0-or-later
"""
The settings that were used last, of each flow and of the mesh, for scenes that have none of their own yet.

Floor: third. Thread: main, never in ``draw()``. Imports ``bpy``.

A task that is ordered leaves its settings in a small file of the extension's own folder, so that they survive Blender
and are there in every file. A scene takes them over once, when it is first shown; from then on it has its own. Prompts,
negative prompts and pictures are not among them: words of yesterday must not slip into the model of today.
"""

import contextlib
import json
import logging
import os
from collections.abc import Mapping
from typing import Any

import bpy

from ...api.flows import Field, Flow, Kind
from .. import settings
from . import inputs, mesh_options

_log = logging.getLogger(__name__)

FILE_NAME = "last_used.json"
#: More than this was not written here.
_MOST_BYTES = 64 * 1024

#: {"flow": name of the flow used last, "settings": {name of a flow: {name of a field: value}}, "mesh": {name of an
#: option: value}}; None: not read yet. Earlier versions did not write the last.
_known: dict[str, Any] | None = None


def forget() -> None:
    """Read the file anew when it is needed next."""
    global _known
    _known = None


def is_known_empty() -> bool:
    """Tell whether nothing was ever ordered here; False while that is not known. For drawing: reads no file."""
    return _known is not None and not _known["settings"]


def settings_of(flow: Flow) -> list[Field]:
    """Return the fields of ``flow`` that are settings: what it can do without, other than words."""
    optional = [field for field in flow.params if not field.required and field.kind is not Kind.LIST]
    return [field for field in optional if field.kind is not Kind.TEXT or field.choices]


def note(given: Any, flow_name: str = "") -> None:
    """Remember the settings of a flow, which has just been ordered: the panel's, or the one that is named."""
    flow = inputs.PANEL_FLOWS[flow_name] if flow_name else inputs.chosen_flow(given)
    known = _read()
    used = {field.name: inputs.held(given, flow, field) for field in settings_of(flow)}
    now = {
        "flow": flow.name,
        "settings": {**known["settings"], flow.name: used},
        "mesh": mesh_options.held(given),
    }
    if now != known:
        global _known
        _known = now
        _write(now)


def seed(scene: bpy.types.Scene) -> bool:
    """
    Give a scene that is new here the settings used last, where it has none of its own; returns whether it got any.

    Undo takes them away together with the note that they were given, and the next look gives them again.
    """
    given = scene.triverse
    if given.is_seeded or not scene.is_editable:
        return False
    given.is_seeded = True
    known = _read()
    if known["flow"] in inputs.PANEL_FLOWS and not given.is_property_set("flow"):
        given.flow = known["flow"]
    for name, used in known["settings"].items():
        flow = inputs.PANEL_FLOWS.get(name)
        if flow is None or not isinstance(used, dict):
            continue
        own = {
            field.name for field in settings_of(flow) if inputs.holder(given, flow, field).is_property_set(field.name)
        }
        fill_in(given, flow, {field: value for field, value in used.items() if field not in own})
    options = known.get("mesh")
    if isinstance(options, dict):
        own = {name for name in mesh_options.NAMES if given.mesh_options.is_property_set(name)}
        mesh_options.fill_in(given, {name: used for name, used in options.items() if name not in own})
    return bool(known["settings"])


def fill_in(given: Any, flow: Flow, kept: Mapping[str, Any]) -> list[str]:
    """
    Put settings that were kept into the panel, and return the names of those that it does not take.

    They may be of another version: a setting, a kind of value, or an entry, that this one does not have.
    """
    fields = {field.name: field for field in settings_of(flow)}
    left_out = []
    for name, value in kept.items():
        try:
            setattr(inputs.holder(given, flow, fields[name]), name, value)
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
    """All or nothing: another Blender may be reading."""
    import tempfile  # late: of register() it would take a twentieth

    path = _path(create=True)
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=os.path.dirname(path), prefix=f".{FILE_NAME}.", delete=False
        ) as file:
            temporary = file.name
            json.dump(known, file, indent=1)
        os.replace(temporary, path)
    except OSError as error:
        _log.info("The settings used last cannot be kept: %s", error)
        with contextlib.suppress(OSError):
            os.unlink(temporary)
