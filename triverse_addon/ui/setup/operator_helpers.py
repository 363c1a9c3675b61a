# SPDX-License-Identifier: GPL-3.0-or-later
"""
What operators share: why they are disabled, the session they need, and how a folder is opened.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

import os
from typing import TYPE_CHECKING

import bpy

from ...api.errors import TriverseError
from .. import settings
from ..rna.members import OperatorMixin
from ..state import runtime
from ..text.translate import tr, translate
from ..timers import redraw

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ..state.session import Session


def may_ask(cls: type[bpy.types.Operator]) -> bool:
    """
    Return whether requests to the service are possible: there is a usable key, and online access.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    if not settings.are_there() or not settings.api_key():
        cls.poll_message_set(tr("No API key is set. Enter it in the panel or in the preferences of the add-on."))
        return False
    return has_usable_key(cls) and can_go_online(cls)


def may_generate(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """
    Return whether a task can be made: there is a scene that can be changed, a usable API key, and online access.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    return may_fill_in(cls, context) and may_ask(cls)


def may_fill_in(cls: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """
    Return whether the panel's inputs can be changed.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    reason = fill_in_reason(context)
    if reason is not None:
        cls.poll_message_set(reason)
    return reason is None


def fill_in_reason(context: bpy.types.Context) -> str | None:
    """Return why the panel's inputs cannot be changed, translated: there is no scene, or it is linked. None if not."""
    if context.scene is None:
        return tr("There is no scene to make a model for.")
    return linked_reason(context.scene)


def linked_reason(scene: bpy.types.Scene) -> str | None:
    """Return why the inputs of a linked scene are disabled, translated, or None if the scene is of this file."""
    if scene.library is None:
        return None
    return tr(
        "The scene {scene} is linked from another file and cannot be changed. Choose a scene of this file.",
        scene=scene.name,
    )


def has_usable_key(cls: type[bpy.types.Operator]) -> bool:
    """
    Return whether the API key may be sent to the service; True if there is no key.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    problem = settings.key_problem()
    if problem is None:
        return True
    cls.poll_message_set(translate(problem.sentence))
    return False


def can_go_online(cls: type[bpy.types.Operator]) -> bool:
    """
    Return whether online access is on, or the service is on this machine.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    """
    if not settings.is_offline():
        return True
    if settings.is_forced_offline():
        cls.poll_message_set(tr("Blender was started in offline mode. Start it again without --offline-mode."))
    else:
        cls.poll_message_set(
            tr("Online access is switched off. Turn on Allow Online Access in Preferences > System > Network.")
        )
    return False


def needs_task(cls: type[bpy.types.Operator], found: object) -> bool:
    """
    Return whether there is a task to work on.

    :param cls: the operator class whose ``poll()`` calls this; its disabled button gets the reason as tooltip.
    :param found: true if there is one.
    """
    if not found:
        cls.poll_message_set(tr("There is no task in the list."))
    return bool(found)


class FillsInMixin(OperatorMixin):
    """Mixin for operators that change the panel's inputs, which are greyed in a linked scene."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Return True if the inputs can be changed."""
        return may_fill_in(cls, context)


def session_or_report(operator: bpy.types.Operator) -> "Session | None":
    """Return the session, started if necessary. If it cannot be started, report why and return None."""
    try:
        return runtime.get_or_start()
    except TriverseError as error:
        operator.report({"WARNING"}, translate(error.sentence))
        redraw.redraw()
        return None


def open_folder(operator: bpy.types.Operator, folder: str, *, make: bool = False) -> "set[OperatorReturnItems]":
    """
    Open ``folder`` in the system's file browser, or report why that is not possible.

    :param make: create the folder if it is missing.
    :returns: the operator's result.
    """
    try:
        if make:
            os.makedirs(folder, exist_ok=True)
        if not folder or not os.path.isdir(folder):
            operator.report({"WARNING"}, tr("The folder {folder} does not exist any more.", folder=folder))
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=folder)
    except (OSError, RuntimeError) as error:
        operator.report({"WARNING"}, tr("The folder cannot be opened: {reason}", reason=str(error).strip()))
        return {"CANCELLED"}
    return {"FINISHED"}
