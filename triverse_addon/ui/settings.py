# SPDX-License-Identifier: GPL-3.0-or-later
"""
The values of the add-on's preferences as they are used: with those of the environment, and checked.

Floor: third. Thread: main. Imports ``bpy``. The properties are in ``preference_values``.
"""

import os
from pathlib import Path

import bpy

from ..api.errors import TriverseError
from ..api.keys import check_key, check_key_is_for
from ..api.urls import is_loopback
from ..scene.host import data_folder
from ..scene.host import settings as host_settings
from ..scene.host.settings import is_forced_offline as is_forced_offline
from ..tasks.settings import Settings, key_from_environment, url_from_environment
from . import preference_values
from .preference_values import ADDON as ADDON
from .preference_values import PreferenceProperties

#: The variables of the environment that go before the preferences.
_VARIABLES = ("TRIVERSE_API_KEY", "TRIVERSE_API_URL")
#: What :func:`key_problem` was asked about last, and its answer.
_known_problem: tuple[tuple[str | None, ...], TriverseError | None] | None = None


def are_there() -> bool:
    """
    Return whether Blender's preferences have those of this add-on.

    *Load Factory Preferences* takes them away and leaves the add-on registered (5.2.2), until it is enabled again.
    """
    return ADDON in bpy.context.preferences.addons


def preferences() -> PreferenceProperties:
    """Return the preferences of this add-on in Blender's user preferences."""
    found = bpy.context.preferences.addons[ADDON].preferences
    assert isinstance(found, PreferenceProperties)
    return found


def api_key() -> str:
    """Return the API key to use (see ``scene.host.settings.api_key``), or "" if none is set."""
    return host_settings.api_key(preferences())


def is_key_of_environment() -> bool:
    """Return whether the API key is that of the environment."""
    return bool(key_from_environment())


def is_url_of_environment() -> bool:
    """Return whether the service is that of the environment."""
    return bool(url_from_environment())


def is_typed_key_to_test() -> bool:
    """Return whether a key was typed that can be sent, and that :func:`take_typed_key` has not given out yet."""
    return preference_values.is_key_typed and bool(api_key()) and key_problem() is None


def take_typed_key() -> bool:
    """Return True once after a key was typed that can be sent: it is tested then, which costs nothing."""
    is_to_test, preference_values.is_key_typed = is_typed_key_to_test(), False
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
