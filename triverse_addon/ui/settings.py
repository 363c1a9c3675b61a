# SPDX-License-Identifier: GPL-3.0-or-later
"""
The values of the add-on's preferences. This is the only place where the API key is stored.

Floor: third. Thread: main. Imports ``bpy``. Drawing is in ``setup.preferences``. There are no change notifications: the
session compares the values at each tick.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ..api.errors import TriverseError
from ..api.keys import check_key, check_key_is_for
from ..api.urls import DEFAULT_API_URL, is_loopback, origin_of
from ..scene.host import data_folder
from ..scene.host import settings as host_settings
from ..scene.host.settings import is_forced_offline as is_forced_offline
from ..tasks.settings import Settings
from .text.translate import OWN_CONTEXT

#: Name under which Blender knows the add-on: ``bl_ext.user_default.triverse`` once installed.
ADDON = __package__.rpartition(".")[0]


#: Whether a key was typed and not tested since.
_is_key_typed = False
#: The variables of the environment that go before the preferences.
_VARIABLES = ("TRIVERSE_API_KEY", "TRIVERSE_API_URL")
#: What :func:`key_problem` was asked about last, and its answer.
_known_problem: tuple[tuple[str | None, ...], TriverseError | None] | None = None


def _key_typed(preferences: "PreferenceProperties", _context: bpy.types.Context) -> None:
    # Entering a key confirms the service that is shown next to the field (in the panel only if it is not Triverse).
    preferences.key_entered_for = origin_of(api_url())
    global _is_key_typed
    _is_key_typed = True


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


def preferences() -> PreferenceProperties:
    """Return the preferences of this add-on in Blender's user preferences."""
    found = bpy.context.preferences.addons[ADDON].preferences
    assert isinstance(found, PreferenceProperties)
    return found


def api_key() -> str:
    """Return the API key to use (see ``scene.host.settings.api_key``), or "" if none is set."""
    return host_settings.api_key(preferences())


def is_typed_key_to_test() -> bool:
    """Return whether a key was typed that can be sent, and that :func:`take_typed_key` has not given out yet."""
    return _is_key_typed and bool(api_key()) and key_problem() is None


def take_typed_key() -> bool:
    """Return True once after a key was typed that can be sent: it is tested then, which costs nothing."""
    global _is_key_typed
    is_to_test, _is_key_typed = is_typed_key_to_test(), False
    return is_to_test


def key_problem() -> TriverseError | None:
    """
    Return why the API key that is set must not be sent, or None if there is no key or no problem.

    Either it is malformed, or it was entered for another service. Each redraw asks a dozen times, so the answer is kept
    for as long as nothing changes that it depends on.
    """
    global _known_problem
    found = preferences()
    given = (found.api_key, found.key_entered_for, found.api_url, *map(os.environ.get, _VARIABLES))
    if _known_problem is None or _known_problem[0] != given:
        _known_problem = given, _key_problem(found)
    return _known_problem[1]


def _key_problem(found: PreferenceProperties) -> TriverseError | None:
    key = host_settings.api_key(found)
    if not key:
        return None
    try:
        check_key(key)
        check_key_is_for(host_settings.api_url(found), host_settings.entered_for(found))
    except TriverseError as error:
        return error
    return None


def api_url() -> str:
    """Return the base URL of the service to use (see ``scene.host.settings.api_url``)."""
    return host_settings.api_url(preferences())


def data_dir(*, create: bool) -> str:
    """Return the folder for this user's store and files; see :func:`scene.host.data_folder.folder`."""
    return data_folder.folder(create=create)


def download_dir(*, create: bool) -> str:
    """Return the absolute path of the download folder for models."""
    return str(host_settings.download_dir(preferences(), Path(data_dir(create=create))))


def asset_library_dir() -> Path | None:
    """Return the absolute path of the asset library that gets a copy of each model, or None for no copies."""
    chosen = host_settings.absolute(preferences().asset_library_dir)
    return Path(chosen) if chosen else None


def sources_dir(*, create: bool) -> Path:
    """Return the folder for input pictures and models that the add-on writes from the open file."""
    return Path(data_dir(create=create), "sources")


def settings_now() -> Settings:
    """Return the current settings, from preferences, environment and Blender's online access."""
    return host_settings.settings(
        preferences(),
        Path(data_dir(create=True)),
        Path(download_dir(create=True)),
        online=bpy.app.online_access,
    )


def wanted_signals() -> dict[str, bool]:
    """Return by which signals the user wants to be told of ended tasks; see :meth:`away.ends.Ends.tick`."""
    found = preferences()
    return {"notify": found.notify_when_done, "play_sound": found.sound_when_done}


def is_offline() -> bool:
    """Return whether Blender's online access is off and the service is not on this machine."""
    return not bpy.app.online_access and not is_loopback(api_url())
