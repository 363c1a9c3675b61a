# SPDX-License-Identifier: GPL-3.0-or-later
"""
Opens the engine for a script: the panel's where there is one, else an own one.

Floor: between second and third. Thread: main. Imports ``bpy`` where there is one.
"""

import dataclasses
import importlib.util
from pathlib import Path

from ..api.keys import clean_key
from ..api.urls import origin_of
from ..tasks.engine.engine import Engine
from ..tasks.settings import Settings
from . import panel_engine
from .connection import Connection, OwnConnection
from .engine_host import EngineHost, PlainEngineHost


def connect(data: Path | str | None, key: str | None, url: str | None, *, offline: bool) -> Connection:
    """Return a connection to a started engine; see :func:`scripting.open`."""
    if data is None and key is None and url is None and not offline:
        shared = panel_engine.connection()
        if shared is not None:
            return shared
    host = engine_host()
    settings = with_access(host.settings(None if data is None else str(data), offline=offline), key, url)
    own = OwnConnection(Engine(settings, host.converter(), preparer=host.preparer()), host)
    own.start()
    return own


def engine_host() -> EngineHost:
    """Return what an engine needs of this program: Blender, the bpy module, or plain Python."""
    if importlib.util.find_spec("bpy") is None:
        return PlainEngineHost()
    from .blender_engine_host import BlenderEngineHost

    return BlenderEngineHost()


def with_access(settings: Settings, key: str | None, url: str | None) -> Settings:
    """
    Return the settings with the key and the address that a script has given.

    A key that the script has not given stays one for the service that it was entered for.
    """
    if url is not None:
        entered_for = settings.key_entered_for or origin_of(settings.api_url)
        settings = dataclasses.replace(settings, api_url=url.strip(), key_entered_for=entered_for)
    if key is not None:
        settings = dataclasses.replace(settings, api_key=clean_key(key), key_entered_for="")
    return settings
