# SPDX-License-Identifier: GPL-3.0-or-later
"""
The settings of the engine, from preferences or command line, as plain values.

Floor: first. Thread: any (immutable). No ``bpy``.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..api.keys import check_key, check_key_is_for, clean_key
from ..api.urls import DEFAULT_API_URL, origin_of
from .glb.gltf_reader import ANY_BLENDER, GltfReader


@dataclass(frozen=True, slots=True)
class Settings:
    """
    A snapshot of the settings, passed from the main thread to the engine. To change a setting, pass a new one.

    :ivar api_key: the key, never shown by ``repr``.
    :ivar api_url: base URL of the service.
    :ivar key_entered_for: the origin that the key was entered for, if it may differ from the service's.
    :ivar data_dir: folder of the store.
    :ivar download_dir: folder that contains one folder of files per task.
    :ivar online: whether network access is allowed (``bpy.app.online_access``).
    :ivar offline_by: how online access was switched off: "preference" or "command_line".
    :ivar live: whether to use a WebSocket in addition to polling.
    :ivar max_model_bytes: maximum size of a model.
    :ivar reader: capabilities of the Blender that imports the models.
    """

    data_dir: Path
    download_dir: Path
    api_key: str = field(default="", repr=False)
    api_url: str = DEFAULT_API_URL
    key_entered_for: str = ""
    online: bool = True
    offline_by: str = "preference"
    live: bool = True
    max_model_bytes: int = 2 * 1024**3
    reader: GltfReader = ANY_BLENDER

    def check_key(self) -> None:
        """
        Check that there is a key that may be sent to the service.

        :raises KeyMissingError: no key is set, or it was entered for another service.
        :raises InputError: (field ``api_key``) the text cannot be a key.
        """
        check_key(self.api_key)
        check_key_is_for(self.api_url, self.key_entered_for)


def key_from_environment() -> str:
    """Return ``TRIVERSE_API_KEY``, cleaned, or ""."""
    return clean_key(os.environ.get("TRIVERSE_API_KEY", ""))


def key_entered_for(typed_for: str, service_url: str) -> str:
    """
    Return the origin that the key in use was entered for; "" if it counts as entered for the service in use.

    :param typed_for: the origin for which the key in the preferences was entered, or was allowed.
    :param service_url: the service in use.
    """
    own = origin_of(DEFAULT_API_URL)
    # A key from the environment has no origin of its own: it is for the service named in the environment, or for
    # Triverse.
    if key_from_environment() and (url_from_environment() or origin_of(service_url) == own):
        return ""
    return typed_for or own


def url_from_environment() -> str:
    """Return ``TRIVERSE_API_URL`` or ""."""
    return os.environ.get("TRIVERSE_API_URL", "").strip()
