# SPDX-License-Identifier: GPL-3.0-or-later
"""
The version of the add-on, read from its manifest.

Floor: first. Thread: any; first called on a worker thread, when the client is created. No ``bpy``.
"""

import functools
from pathlib import Path

MANIFEST = "blender_manifest.toml"
#: Returned if there is no manifest of the add-on.
UNKNOWN = "unknown"

_PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def addon_version() -> str:
    """Return the version in the manifest: in the package's folder when installed, above it in a checkout."""
    return version_in(_PACKAGE) or version_in(_PACKAGE.parent) or UNKNOWN


def version_in(folder: Path) -> str:
    """Return the version in the folder's manifest; "" if there is none, or it is another extension's."""
    # Imported late: not needed to enable the add-on.
    import tomllib

    try:
        described = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    version = described.get("version")
    return version if described.get("id") == "triverse" and isinstance(version, str) else ""
