# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine needs to know of preferences and command line, as plain values.

Floor: first. Thread: any (immutable). No ``bpy``.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..api.keys import check_key, check_key_is_for, clean_key
from ..api.urls import origin_of
from .gltf_reader import ANY_BLENDER, GltfReader

#: Default of ``TRIVERSE_API_URL``.
DEFAULT_API_URL = "https://api.triverse.ai/api/v1"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    A snapshot that the main thread hands to the engine; a new one replaces it.

    :ivar api_key: the key, never shown by ``repr``.
    :ivar api_url: base URL of the service.
    :ivar key_entered_for: the origin that the key was entered for, where that may be another one than the service's.
    :ivar data_dir: where the store lies.
    :ivar download_dir: where every task gets a folder of its own for its files.
    :ivar online: whether requests may leave this machine (``bpy.app.online_access``).
    :ivar offline_by: "preference" or "command_line": what switched online access off.
    :ivar live: use a WebSocket beside polling.
    :ivar max_model_bytes: a model that is larger is refused.
    :ivar reader: what the Blender that will read the models can.
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
        See that there is a key that can be sent to the service.

        :raises KeyMissingError: there is none, or it was entered for another service.
        :raises InputError: (field ``api_key``) it cannot be a key.
        """
        check_key(self.api_key)
        check_key_is_for(self.api_url, self.key_entered_for)


def key_from_environment() -> str:
    """Return ``TRIVERSE_API_KEY``, cleaned, or ""."""
    return clean_key(os.environ.get("TRIVERSE_API_KEY", ""))


def key_entered_for(typed_for: str, service_url: str) -> str:
    """
    Return the origin that the key in use was entered for; "" when nothing says that it is another one than the service.

    :param typed_for: the origin that the key in the preferences was typed for, or that was allowed there.
    :param service_url: the service in use.
    """
    own = origin_of(DEFAULT_API_URL)
    # A key of the environment says nothing itself: it is for the service that the environment names, or for Triverse.
    if key_from_environment() and (url_from_environment() or origin_of(service_url) == own):
        return ""
    return typed_for or own


def url_from_environment() -> str:
    """Return ``TRIVERSE_API_URL`` or ""."""
    return os.environ.get("TRIVERSE_API_URL", "").strip()
