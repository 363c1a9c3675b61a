# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build task requests from the panel's inputs, and submit them to the engine.

Floor: third. Thread: main. Imports ``bpy``.
"""

import dataclasses
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.flows import Flow, Kind, check
from .. import settings
from ..translate import tr
from . import inputs, placement, selection

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine
    from ...tasks.record import Origin, TaskRecord, TaskRequest

#: The flow for a single picture if the panel's flow does not take one.
PICTURE_FLOW = "image-to-model"


def disabled_reason(context: bpy.types.Context) -> str | None:
    """
    Return why Generate is disabled, translated, or None if no problem is known.

    Checks only whether the needed objects are selected. All other inputs are checked when the task is submitted.
    """
    flow = inputs.chosen_flow(context.scene.triverse)
    if selection.is_used(context, flow):
        return None if selection.chosen(context) else tr("Select the object that is to be sent.")
    if placement.is_marker_missing(context):
        return tr("Select the object that marks the place, or switch off Fit to Selection.")
    return None


def from_panel(context: bpy.types.Context, *, again: bool = False) -> "TaskRequest":
    """
    Return a task request for the panel's inputs. Selected objects are written to a file if the flow takes them.

    :param again: allow a duplicate of an earlier task.
    :raises TriverseError: an input is missing or cannot be used. No file was written.
    """
    from ...tasks.record import TaskRequest  # lazy import, as in runtime

    props = context.scene.triverse
    flow = inputs.chosen_flow(props)
    request = TaskRequest(
        flow=flow.name,
        values=inputs.values(props, flow),
        sources=inputs.sources(props, flow),
        origin=origin(context),
        placement=placement.placement(context),
        auto_import=settings.preferences().auto_import,
        allow_duplicate=again,
    )
    return _with_selection(context, flow, request) if selection.is_used(context, flow) else request


def _with_selection(context: bpy.types.Context, flow: Flow, request: "TaskRequest") -> "TaskRequest":
    # Check the other values first, so that the objects are not written for an invalid request.
    check(flow.name, request.values)
    field = selection.model_field(flow)
    assert field is not None
    path, replaced = selection.write(context, field)
    return dataclasses.replace(
        request,
        name=request.name or str(request.values.get("prompt", "")) or replaced.names[0],
        sources={**request.sources, field.name: str(path)},
        placement=dataclasses.replace(request.placement, placeholder="", replaces=replaced),
    )


def from_picture(context: bpy.types.Context, flow: Flow, path: str) -> "TaskRequest":
    """Return a task request for the picture at ``path``, with the panel's settings of ``flow``."""
    from ...tasks.record import TaskRequest

    props = context.scene.triverse
    return TaskRequest(
        flow=flow.name,
        values=inputs.values(props, flow),
        sources={picture_fields(flow)[0]: path},
        origin=origin(context),
        placement=placement.placement(context),
        auto_import=settings.preferences().auto_import,
    )


def picture_fields(flow: Flow) -> list[str]:
    """Return the names of the fields of ``flow`` that take a picture."""
    return [field.name for field in flow.sources if field.kind is Kind.IMAGE]


def picture_flow(context: bpy.types.Context) -> Flow:
    """Return the flow for a single picture: the panel's if one picture is its only source, else the default flow."""
    flow = inputs.chosen_flow(context.scene.triverse)
    takes_one = len(picture_fields(flow)) == 1 and len(flow.sources) == 1
    return flow if takes_one else inputs.PANEL_FLOWS[PICTURE_FLOW]


def submit(engine: "Engine", request: "TaskRequest") -> "TaskRecord":
    """
    Submit a task request to the engine. If it is rejected, remove the file that was written for it.

    :raises TriverseError: the request was rejected. Nothing was sent.
    """
    try:
        return engine.submit(request)
    except TriverseError:
        from ...tasks.removal import is_own_source, remove_file

        own = settings.sources_dir(create=False)
        for path in map(Path, request.sources.values()):
            if path.suffix == ".blend" and path.parent == own and is_own_source(path):
                remove_file(path)
        raise


def origin(context: bpy.types.Context) -> "Origin":
    """Return the origin of a task: this Blender session, the open file and the scene of ``context``."""
    from ...scene.importing.origin import token  # lazy import, as in runtime
    from ...tasks.record import Origin

    return Origin(
        session=token(),
        file=bpy.data.filepath,
        scene_id=scene_id(context.scene),
        scene_name=context.scene.name,
    )


def scene_id(scene: bpy.types.Scene) -> str:
    """
    Return the id of ``scene``. It is generated at the first call, for the first task of the scene.

    A copied scene has the id of its original. Then the scene given here gets a new id.
    """
    found = scene.triverse.scene_id
    if not found or any(
        other is not scene and other != scene and other.triverse.scene_id == found for other in bpy.data.scenes
    ):
        found = scene.triverse.scene_id = uuid.uuid4().hex
    return str(found)
