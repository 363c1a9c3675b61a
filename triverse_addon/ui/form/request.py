# SPDX-License-Identifier: GPL-3.0-or-later
"""
Build task requests from the panel's inputs, and submit them to the engine.

Floor: third. Thread: main. Imports ``bpy``.

A request is built once. Its price is taken, confirmed and checked against the balance from this same object, which is
then submitted.
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from ...api.flows import FLOWS, Flow, Kind, check
from .. import settings
from ..rna.members import scene_props, window_props
from ..text.translate import tr
from . import inputs, placement, selection, source_names

if TYPE_CHECKING:
    from ...tasks.engine.engine import Engine
    from ...tasks.record.record import Origin, TaskRecord, TaskRequest

#: The ids of scenes, which undo may take away or exchange: session UID of the scene -> id.
_scene_ids: dict[int, str] = {}
#: The same for scenes of saved files, which may be opened again as they were before: path and name of the scene -> id.
_scene_ids_of_files: dict[tuple[str, str], str] = {}

#: The flow for a single picture if the panel's flow does not take one.
PICTURE_FLOW = "image-to-model"


def disabled_reason(context: bpy.types.Context) -> str | None:
    """
    Return why Generate is disabled, translated, or None if no problem is known.

    Checks only whether the needed objects are selected. All other inputs are checked when the task is submitted.
    """
    flow = inputs.chosen_flow(scene_props(context.scene))
    if selection.is_used(context, flow):
        return None if selection.chosen(context) else tr("Select the object that is to be sent.")
    if placement.is_marker_missing(context):
        return tr("Select the object that marks the place, or switch off Fit to Selection.")
    return None


def draft(context: bpy.types.Context, flow: Flow | None = None) -> "TaskRequest":
    """
    Return a request with flow, values and sources only. For ``draw()``, which must not give a scene its id.

    :param flow: the flow whose settings to use; None for the one selected in the panel.
    """
    from ...tasks.record.record import TaskRequest  # lazy import, as in runtime

    props = scene_props(context.scene)
    flow = flow or inputs.chosen_flow(props)
    return TaskRequest(flow=flow.name, values=inputs.values(props, flow), sources=inputs.sources(props, flow))


def build(context: bpy.types.Context, flow: Flow | None = None, *, again: bool = False) -> "TaskRequest":
    """
    Return the task request for the panel's inputs. Nothing is checked, and no file is written.

    :param flow: the flow whose inputs to use; None for the one selected in the panel.
    :param again: allow a duplicate of an earlier task.
    """
    request = draft(context, flow)
    return dataclasses.replace(
        request,
        name=_name(inputs.PANEL_FLOWS[request.flow], dict(request.sources)),
        origin=origin(context),
        placement=placement.placement(context),
        auto_import=settings.preferences().auto_import,
        allow_duplicate=again,
    )


def with_selection(context: bpy.types.Context, request: "TaskRequest") -> "TaskRequest":
    """
    Return the request with the selected objects, written to a file, if its flow takes them.

    The other values are checked first, so that the objects are not written for an invalid request.

    :raises TriverseError: a value is missing or invalid, or the objects cannot be used. No file was written.
    """
    flow = inputs.PANEL_FLOWS[request.flow]
    if not selection.is_used(context, flow):
        return request
    values = check(flow.name, request.values)
    field = selection.model_field(flow)
    assert field is not None
    path, replaced = selection.write(context, field)
    return dataclasses.replace(
        request,
        values=values,
        is_checked=True,
        name=request.name or str(values.get("prompt", "")) or replaced.names[0],
        sources={**request.sources, field.name: str(path)},
        placement=dataclasses.replace(request.placement, placeholder="", replaces=replaced),
    )


def with_picture(request: "TaskRequest", path: str) -> "TaskRequest":
    """Return the request with the picture at ``path`` as its only source."""
    flow = inputs.PANEL_FLOWS[request.flow]
    sources = {picture_fields(flow)[0]: path}
    return dataclasses.replace(request, sources=sources, name=_name(flow, sources))


def _name(flow: Flow, sources: dict[str, str]) -> str:
    """Return the name of a task that only pictures are sent for; "" for others, which get one from their values."""
    is_of_pictures = all(field.kind is Kind.IMAGE for field in flow.sources) and not any(
        field.kind is Kind.TEXT and field.required for field in flow.params
    )
    return source_names.task_name(sources) if is_of_pictures else ""


def picture_fields(flow: Flow) -> list[str]:
    """Return the names of the fields of ``flow`` that take a picture."""
    return [field.name for field in flow.sources if field.kind is Kind.IMAGE]


def picture_flow(context: bpy.types.Context) -> Flow:
    """Return the flow for a single picture: the panel's if one picture is its only source, else the default flow."""
    flow = inputs.chosen_flow(scene_props(context.scene))
    takes_one = len(picture_fields(flow)) == 1 and len(flow.sources) == 1
    return flow if takes_one else inputs.PANEL_FLOWS[PICTURE_FLOW]


def fingerprint(context: bpy.types.Context, request: "TaskRequest") -> str:
    """Return a text that is the same for two orders of the same thing, wherever the models are to stand."""
    flow = FLOWS[request.flow]
    field = selection.model_field(flow)
    selected: list[int] = []
    if field is not None and field.name not in request.sources and selection.is_used(context, flow):
        selected = [obj.session_uid for obj in selection.chosen(context)]
    values = {name: value for name, value in request.values.items() if value is not None}
    return json.dumps([request.flow, values, dict(request.sources), selected], sort_keys=True, default=str)


def submit(engine: "Engine", request: "TaskRequest") -> "TaskRecord":
    """
    Submit a task request to the engine. If it is rejected, remove the file that was written for it.

    :raises TriverseError: the request was rejected. Nothing was sent.
    """
    try:
        return engine.submit(request)
    except TriverseError:
        _remove_own_files(request)
        raise


def variants(context: bpy.types.Context) -> int:
    """Return how many variants of the same wish the panel's button orders."""
    return max(1, window_props(context.window_manager).variants)


def submit_variants(engine: "Engine", request: "TaskRequest", count: int) -> "list[TaskRecord]":
    """
    Submit several orders of the same wish as one group. None is imported by itself: the one that is kept is.

    :param count: how many; 1 is the request as it is.
    :raises TriverseError: the request was rejected. Nothing was sent.
    """
    if count == 1:
        return [submit(engine, request)]
    from ...tasks.record.variants import variants_of

    requests = variants_of(dataclasses.replace(request, auto_import=False), count)
    requests = [requests[0], *(_with_own_copies(one) for one in requests[1:])]
    try:
        return engine.submit_all(requests)
    except TriverseError:
        for one in requests:
            _remove_own_files(one)
        raise


def _with_own_copies(request: "TaskRequest") -> "TaskRequest":
    """Return the request with copies of the files that are removed once they were sent."""
    copies = {name: str(selection.copied(Path(source))) for name, source in _own_files(request).items()}
    return dataclasses.replace(request, sources={**request.sources, **copies})


def _own_files(request: "TaskRequest") -> dict[str, str]:
    from ...tasks.files.removal import is_own_source

    own = settings.sources_dir(create=False)
    return {
        name: source
        for name, source in request.sources.items()
        if (path := Path(source)).suffix == ".blend" and path.parent == own and is_own_source(path)
    }


def _remove_own_files(request: "TaskRequest") -> None:
    from ...tasks.files.removal import remove_file

    for source in _own_files(request).values():
        remove_file(Path(source))


def origin(context: bpy.types.Context) -> "Origin":
    """Return the origin of a task: this Blender session, the open file and the scene of ``context``."""
    from ...scene.importing.origin import token  # lazy import, as in runtime
    from ...tasks.record.record import Origin

    return Origin(
        session=token(),
        file=bpy.data.filepath,
        scene_id=scene_id(context.scene),
        scene_name=context.scene.name,
    )


def scene_id(scene: bpy.types.Scene) -> str:
    """
    Return the id of ``scene``. It is generated at the first call, for the first task of the scene.

    A copied scene has the id of its original. Then the copies get new ids: what was ordered so far belongs to the
    original, which was there first.
    """
    found = scene_props(scene).scene_id
    if not found:
        _give_id(scene)
    else:
        equal = [one for one in bpy.data.scenes if one.library is None and scene_props(one).scene_id == found]
        for copy in sorted(equal, key=lambda one: one.session_uid)[1:]:
            _give_id(copy)
    return _keep_id(scene, str(scene_props(scene).scene_id))


def _give_id(scene: bpy.types.Scene) -> None:
    scene_props(scene).scene_id = _keep_id(scene, os.urandom(16).hex())


def _keep_id(scene: bpy.types.Scene, given: str) -> str:
    _scene_ids[scene.session_uid] = given
    if bpy.data.filepath:
        _scene_ids_of_files[bpy.data.filepath, scene.name] = given
    return given


def restore_scene_ids(*, is_loaded: bool = False) -> None:
    """
    Give scenes the ids back that undo or redo has taken away, or that were not saved: an id is no undo step of its own.

    Else the next task would give the scene another one, and those under way would take it for another scene.

    :param is_loaded: whether the file was loaded just now, rather than changed by undo or redo.
    """
    scenes = [scene for scene in bpy.data.scenes if scene.is_editable]
    there = {scene_props(scene).scene_id for scene in scenes}
    for scene in scenes:
        kept = _scene_ids.get(scene.session_uid)
        if is_loaded and not scene_props(scene).scene_id:
            unsaved = _scene_ids_of_files.get((bpy.data.filepath, scene.name))
            kept = unsaved if unsaved not in there else None
        if kept is not None and scene_props(scene).scene_id != kept:
            scene_props(scene).scene_id = _keep_id(scene, kept)


def forget_name(before: str) -> None:
    """
    Forget the ids that the scenes of the open file had under another name, ``before``, until *Save As*.

    What lies on the disk under the old name is not given an id that went along to the new one.
    """
    own = {scene_props(scene).scene_id for scene in bpy.data.scenes}
    for (path, name), given in list(_scene_ids_of_files.items()):
        if path == before and given in own:
            del _scene_ids_of_files[path, name]
