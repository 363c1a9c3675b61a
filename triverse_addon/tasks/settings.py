# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine needs to know of preferences and command line, as plain values.

Floor: first. Thread: any (immutable). No ``bpy``.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

#: Default of ``TRIVERSE_API_URL``.
DEFAULT_API_URL = "https://api.triverse.ai/api/v1"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    A snapshot that the main thread hands to the engine; a new one replaces it.

    :ivar api_key: the key, never shown by ``repr``.
    :ivar api_url: base URL of the service.
    :ivar data_dir: where the store lies.
    :ivar download_dir: where every task gets a folder of its own for its files.
    :ivar online: whether requests may leave this machine (``bpy.app.online_access``).
    :ivar offline_by: "preference" or "command_line": what switched online access off.
    :ivar live: use a WebSocket beside polling.
    :ivar max_model_bytes: a model that is larger is refused.
    :ivar agent: the version part of the User-Agent.
    """

    data_dir: Path
    download_dir: Path
    api_key: str = field(default="", repr=False)
    api_url: str = DEFAULT_API_URL
    online: bool = True
    offline_by: str = "preference"
    live: bool = True
    max_model_bytes: int = 2 * 1024**3
    agent: str = "0.1.0"


def key_from_environment() -> str:
    """Return ``TRIVERSE_API_KEY`` or ""."""
    return os.environ.get("TRIVERSE_API_KEY", "").strip()


def url_from_environment() -> str:
    """Return ``TRIVERSE_API_URL`` or ""."""
    return os.environ.get("TRIVERSE_API_URL", "").strip()
