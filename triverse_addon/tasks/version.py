# SPDX-License-Identifier: GPL-3.0-or-later
"""
The version of the add-on, as its manifest gives it.

Floor: first. Thread: any; it is first asked for in a worker, when the client is made. No ``bpy``.
"""

import functools
from pathlib import Path

MANIFEST = "blender_manifest.toml"
#: What is said where there is no manifest that is ours.
UNKNOWN = "unknown"

_PACKAGE = Path(__file__).resolve().parents[1]


@functools.cache
def addon_version() -> str:
    """Return the version in the manifest: beside the package's files when installed, above them in a checkout."""
    return version_in(_PACKAGE) or version_in(_PACKAGE.parent) or UNKNOWN


def version_in(folder: Path) -> str:
    """Return the version in the folder's manifest; "" when there is none, or it is another extension's."""
    # Late: nobody needs it while the add-on is switched on.
    import tomllib

    try:
        described = tomllib.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    version = described.get("version")
    return version if described.get("id") == "triverse" and isinstance(version, str) else ""
