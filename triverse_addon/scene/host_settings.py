# SPDX-License-Identifier: GPL-3.0-or-later
"""
Where environment, preferences and defaults become the engine's settings, for the panel and the command alike.

Floor: second. Thread: main. Imports ``bpy``. The environment comes first, then the preferences, then the default.
"""

import os
from pathlib import Path
from typing import Protocol

import bpy

from ..api.keys import clean_key
from ..tasks.settings import (
    DEFAULT_API_URL,
    Settings,
    key_entered_for,
    key_from_environment,
    url_from_environment,
)
from . import gltf_abilities


class Preferences(Protocol):
    """What is needed of the add-on's preferences."""

    api_key: str
    key_entered_for: str
    api_url: str
    download_dir: str
    live: bool


def api_key(preferences: Preferences | None) -> str:
    """Return the key to use, "" without one. ``preferences`` is None where the add-on is not installed."""
    return key_from_environment() or (clean_key(preferences.api_key) if preferences is not None else "")


def api_url(preferences: Preferences | None) -> str:
    """Return the address of the service to use."""
    chosen = preferences.api_url.strip() if preferences is not None else ""
    return url_from_environment() or chosen or DEFAULT_API_URL


def entered_for(preferences: Preferences | None) -> str:
    """Return the origin that the key in use was entered for; "" when it is not known to be another one."""
    return key_entered_for(preferences.key_entered_for if preferences is not None else "", api_url(preferences))


def download_dir(preferences: Preferences | None, data_dir: Path) -> Path:
    """Return the folder for models, absolute: the chosen one, else one beside the list of tasks in ``data_dir``."""
    chosen = absolute(preferences.download_dir) if preferences is not None else ""
    return Path(chosen) if chosen else data_dir / "models"


def absolute(folder: str) -> str:
    """Return a folder as the preferences hold it (perhaps relative to the .blend) as an absolute path; "" for none."""
    folder = folder.strip()
    return os.path.abspath(bpy.path.abspath(folder)) if folder else ""


def is_forced_offline() -> bool:
    """Tell whether Blender was started with ``--offline-mode``, which the preferences cannot undo."""
    return not bpy.app.online_access and bpy.app.online_access_override


def settings(
    preferences: Preferences | None,
    data_dir: Path,
    download_dir: Path,
    *,
    online: bool,
    offline_by_command: bool = False,
) -> Settings:
    """
    Return the engine's settings.

    :param data_dir: of the list of tasks.
    :param download_dir: of the models.
    :param online: whether requests may leave this machine.
    :param offline_by_command: the command line forbids it, and not the preferences.
    """
    return Settings(
        data_dir=data_dir,
        download_dir=download_dir,
        api_key=api_key(preferences),
        api_url=api_url(preferences),
        key_entered_for=entered_for(preferences),
        online=online,
        offline_by="command_line" if offline_by_command or is_forced_offline() else "preference",
        live=preferences.live if preferences is not None else True,
        reader=gltf_abilities.ask(),
    )
