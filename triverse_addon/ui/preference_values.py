# SPDX-License-Identifier: GPL-3.0-or-later
"""
The properties of the add-on's preferences. This is the only place where the API key is stored.

Floor: third. Thread: main. Imports ``bpy``. They are registered with every start of Blender, and so apart from
``settings``, where they are read. Drawing is in ``setup.preferences``. There are no change notifications: the session
compares the values at each tick.
"""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..api.urls import DEFAULT_API_URL, origin_of
from .text.translate import OWN_CONTEXT

#: Name under which Blender knows the add-on: ``bl_ext.user_default.triverse`` once installed.
ADDON = __package__.rpartition(".")[0]
#: Whether a key was typed and not tested since; see :func:`settings.take_typed_key`.
is_key_typed = False


def _key_typed(preferences: "PreferenceProperties", _context: bpy.types.Context) -> None:
    from ..scene.host import settings as host_settings  # lazy import: few people type a key more than once

    # Entering a key confirms the service that is shown next to the field (in the panel only if it is not Triverse).
    preferences.key_entered_for = origin_of(host_settings.api_url(preferences))
    global is_key_typed
    is_key_typed = True


class PreferenceProperties:
    """
    The properties of the add-on's preferences, as a mixin for the ``AddonPreferences`` class.

    Blender also registers annotations of base classes.
    """

    if TYPE_CHECKING:
        api_key: str
        key_entered_for: str
        api_url: str
        download_dir: str
        asset_library_dir: str
        auto_import: bool
        separate_data: bool
        placement: str
        live: bool
        ask_above_credits: int
        monthly_limit: int
        notify_when_done: bool
        sound_when_done: bool
        task_layout: str
        task_order: str
    else:
        api_key: StringProperty(
            name="API Key",
            description="Your key for the Triverse API. It is kept in Blender's preferences only, never in a file",
            subtype="PASSWORD",
            update=_key_typed,
        )
        key_entered_for: StringProperty(options={"HIDDEN"})
        api_url: StringProperty(
            name="Service",
            description="Address of the Triverse API",
            default=DEFAULT_API_URL,
        )
        download_dir: StringProperty(
            name="Download Folder",
            description="Where new models are kept. Left empty, they are kept next to the list of tasks",
            subtype="DIR_PATH",
        )
        asset_library_dir: StringProperty(
            name="Asset Library",
            translation_context=OWN_CONTEXT,
            description="A folder of an asset library. A copy of every new model is put there. Left empty, none is",
            subtype="DIR_PATH",
        )
        auto_import: BoolProperty(
            name="Import When Ready",
            description="Import a model by itself as soon as it is ready",
            default=True,
        )
        separate_data: BoolProperty(
            name="Separate Data",
            description=(
                "A model that is imported again gets meshes, materials and images of its own, instead of using those "
                "that are in the file already"
            ),
        )
        placement: EnumProperty(
            name="Place at",
            description="Where a new model will stand",
            items=(
                ("CURSOR", "3D Cursor", "Where the 3D cursor is when you press Generate", 0),
                ("ORIGIN", "World Origin", "In the middle of the world", 1),
            ),
        )
        live: BoolProperty(
            name="Live Updates",
            description="Let the service tell at once what has changed. Without it, it is asked every few seconds",
            default=True,
        )
        ask_above_credits: IntProperty(
            name="Ask Above Credits",
            description="Ask before a task that costs more than this number of credits. 0 never asks",
            default=0,
            min=0,
            max=1_000_000,
            soft_max=1000,
        )
        monthly_limit: IntProperty(
            name="Monthly Limit",
            description=(
                "Ask before a task with which more than this number of credits would be spent in this month. 0 sets "
                "no limit"
            ),
            default=0,
            min=0,
            max=100_000_000,
            soft_max=10_000,
        )
        notify_when_done: BoolProperty(
            name="Notification",
            description="Tell by a notification of your system when tasks are done or have failed",
        )
        sound_when_done: BoolProperty(
            name="Sound",
            translation_context=OWN_CONTEXT,
            description="Play a short sound when tasks are done or have failed",
        )
        task_layout: EnumProperty(
            name="Display as",
            description="How the tasks are shown in the sidebar",
            items=(
                ("LIST", "List", "Show tasks with their state", "LONGDISPLAY", 0),
                ("GRID", "Thumbnails", "Show tasks as large thumbnails", "IMGDISPLAY", 1),
            ),
        )
        task_order: EnumProperty(
            name="Sort by",
            description="Which tasks come first in the sidebar",
            items=(
                ("NEWEST", "Newest First", "By the time they were made, the newest first", 0),
                ("OLDEST", "Oldest First", "By the time they were made, the oldest first", 1),
                ("NAME", "Name", "By name, from A to Z", 2),
                ("COST", "Cost", "By their cost in credits, the highest first", 3),
            ),
        )
