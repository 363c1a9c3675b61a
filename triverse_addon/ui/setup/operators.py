# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators for the set-up: API key, online access, folders.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, StringProperty

from ...api.errors import TriverseError
from ...api.urls import origin_of
from .. import settings
from ..state import runtime
from ..text.translate import tr, translate
from ..timers import app_timer, redraw
from .operator_helpers import can_go_online, open_folder, session_or_report

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


class TRIVERSE_OT_test_key(bpy.types.Operator):
    """Ask the service whether it takes the key. Costs nothing"""

    bl_idname = "triverse.test_key"
    bl_label = "Test Key"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if there is an API key and requests may leave this machine."""
        if not settings.api_key():
            cls.poll_message_set(tr("Enter your API key first."))
            return False
        return can_go_online(cls)

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Start the key test. The preferences show the result when it arrives."""
        session = session_or_report(self)
        if session is None:
            return {"CANCELLED"}
        session.test_key()
        return app_timer.finish_operator()


class TRIVERSE_OT_allow_key(bpy.types.Operator):
    """Send the API key to the service that is set now, although it was entered for another one"""

    bl_idname = "triverse.allow_key"
    bl_label = "Send the Key There"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Store the service for which the key may be used. Another service needs another confirmation."""
        settings.preferences().key_entered_for = origin_of(settings.api_url())
        context.preferences.is_dirty = True  # so that Blender saves it when it quits
        return app_timer.finish_operator()


class TRIVERSE_OT_start(bpy.types.Operator):
    """Try to open the task list again"""

    bl_idname = "triverse.start"
    bl_label = "Try Again"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Start the session, or report why it cannot be started."""
        if session_or_report(self) is None:
            return {"CANCELLED"}
        return app_timer.finish_operator()


class TRIVERSE_OT_preferences(bpy.types.Operator):
    """Open the preferences of Triverse"""

    bl_idname = "triverse.preferences"
    bl_label = "Open Preferences"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open Blender's Preferences with this add-on expanded."""
        bpy.ops.preferences.addon_show(module=settings.ADDON)
        return {"FINISHED"}


class TRIVERSE_OT_updates(bpy.types.Operator):
    """Show whether task updates arrive live or by polling"""

    bl_idname = "triverse.updates"
    bl_label = "Updates"
    bl_options = {"INTERNAL"}

    @classmethod
    def description(cls, _context: bpy.types.Context, _properties: bpy.types.OperatorProperties) -> str:
        """Return a tooltip that names the way in use: live updates or polling."""
        session = runtime.current()
        if session is not None and session.engine.live:
            return tr("Triverse tells at once what has changed. Click for the preferences")
        if not settings.preferences().live:
            return tr("Triverse is asked every few seconds. Live updates are switched off. Click for the preferences")
        return tr("Triverse is asked every few seconds until there is a live connection. Click for the preferences")

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the add-on's preferences, which hold the switch for live updates."""
        bpy.ops.preferences.addon_show(module=settings.ADDON)
        return {"FINISHED"}


class TRIVERSE_OT_go_online(bpy.types.Operator):
    """Turn on Allow Online Access in the preferences of Blender, for Triverse and all other add-ons"""

    bl_idname = "triverse.go_online"
    bl_label = "Allow Online Access"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return False if Blender was started with ``--offline-mode``, which overrides the preference."""
        if settings.is_forced_offline():
            cls.poll_message_set(tr("Blender was started in offline mode. Start it again without --offline-mode."))
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Turn on Blender's preference for online access, with Blender's own operator."""
        bpy.ops.extensions.userpref_allow_online()
        return app_timer.finish_operator()


class TRIVERSE_OT_open_downloads(bpy.types.Operator):
    """Open the folder in which models are kept"""

    bl_idname = "triverse.open_downloads"
    bl_label = "Open Download Folder"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Open the download folder in the system's file browser; it is created if it is missing."""
        return open_folder(self, settings.download_dir(create=True), make=True)


class TRIVERSE_OT_copy_report(bpy.types.Operator):
    """Copy a report for a bug tracker: versions, settings and what happened. No key, no prompt, no name, no path"""

    bl_idname = "triverse.copy_report"
    bl_label = "Copy Report"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Copy the report to the clipboard. If there is no session, the report says why."""
        from ...scene.host.info import about_blender  # lazy import, as in runtime
        from ...tasks.engine.diagnostics import report, report_of

        try:
            text = report(runtime.get_or_start().engine, about_blender())
        except TriverseError as error:
            state = {"List of tasks": error.sentence.template}
            text = report_of(settings.settings_now(), about_blender(), state, None)
        context.window_manager.clipboard = text
        self.report({"INFO"}, tr("The report is in the clipboard."))
        redraw.redraw()
        return {"FINISHED"}


class TRIVERSE_OT_move_data(bpy.types.Operator):
    """Move the list of tasks and the models to another folder. Every Blender of this user finds them there"""

    bl_idname = "triverse.move_data"
    bl_label = "Move List and Models"
    bl_options = {"INTERNAL"}

    if TYPE_CHECKING:
        directory: str
    else:
        directory: StringProperty(subtype="DIR_PATH")
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a file browser to choose the new folder."""
        self.directory = os.path.join(settings.data_dir(create=False), "")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Stop the session and plan the move, which the start of the next session carries out."""
        from ...scene.host.user_folder import usual_folder  # lazy import, as in runtime
        from ...tasks.store.user_folder import plan_move

        if not self.directory:
            # It would be the folder that Blender was started in.
            self.report({"WARNING"}, tr("Choose the folder to move to."))
            return {"CANCELLED"}
        chosen = bpy.path.abspath(self.directory)
        runtime.shutdown()
        try:
            plan_move(usual_folder(), Path(chosen))
        except TriverseError as error:
            self.report({"WARNING"}, translate(error.sentence))
            return {"CANCELLED"}
        finally:
            runtime.forget_folder()
        runtime.request_start()
        return app_timer.finish_operator()


CLASSES = (
    TRIVERSE_OT_test_key,
    TRIVERSE_OT_allow_key,
    TRIVERSE_OT_start,
    TRIVERSE_OT_preferences,
    TRIVERSE_OT_updates,
    TRIVERSE_OT_go_online,
    TRIVERSE_OT_open_downloads,
    TRIVERSE_OT_copy_report,
    TRIVERSE_OT_move_data,
)
