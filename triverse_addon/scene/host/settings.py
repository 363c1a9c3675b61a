# SPDX-License-Identifier: GPL-3.0-or-later
"""
Resolve the engine's settings from environment, preferences and defaults, for both the panel and the command line.

Floor: second. Thread: main. Imports ``bpy``. Environment variables take precedence over preferences, and those over
defaults.
"""

import os
from pathlib import Path
from typing import Protocol

import bpy

from ...api.keys import clean_key
from ...api.urls import DEFAULT_API_URL
from ...tasks.settings import Settings, key_entered_for, key_from_environment, url_from_environment
from . import gltf_abilities


class Preferences(Protocol):
    """The fields of the add-on's preferences that are read here."""

    api_key: str
    key_entered_for: str
    api_url: str
    download_dir: str
    live: bool


def api_key(preferences: Preferences | None) -> str:
    """
    Return the API key to use, "" if there is none.

    :param preferences: the add-on's preferences; None where the add-on is not installed.
    """
    return key_from_environment() or (clean_key(preferences.api_key) if preferences is not None else "")


def api_url(preferences: Preferences | None) -> str:
    """Return the base URL of the service to use."""
    chosen = preferences.api_url.strip() if preferences is not None else ""
    return url_from_environment() or chosen or DEFAULT_API_URL


def entered_for(preferences: Preferences | None) -> str:
    """Return the origin that the API key in use was entered for; "" unless it may differ from the service's origin."""
    return key_entered_for(preferences.key_entered_for if preferences is not None else "", api_url(preferences))


def download_dir(preferences: Preferences | None, data_dir: Path) -> Path:
    """
    Return the absolute path of the folder for models.

    :param preferences: if they name a download folder, that one is returned.
    :param data_dir: folder of the task store; its subfolder "models" is the default.
    """
    chosen = absolute(preferences.download_dir) if preferences is not None else ""
    return Path(chosen) if chosen else data_dir / "models"


def absolute(folder: str) -> str:
    """Return the absolute path of a folder from the preferences, which may be relative to the .blend; "" for ""."""
    folder = folder.strip()
    return os.path.abspath(bpy.path.abspath(folder)) if folder else ""


def is_forced_offline() -> bool:
    """Return True if Blender was started with ``--offline-mode``, which the preferences cannot override."""
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
    Return the engine's settings, resolved as described for this module.

    :param preferences: the add-on's preferences; None where the add-on is not installed.
    :param data_dir: folder of the task store.
    :param download_dir: folder for the models.
    :param online: whether network access is allowed.
    :param offline_by_command: whether an option of the command line, not a preference, forbids network access.
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
        reader=gltf_abilities.current_reader(),
    )
