# SPDX-License-Identifier: GPL-3.0-or-later
"""
The error raised when a model cannot be imported into a scene or a source cannot be read from Blender.

Floor: second. Thread: any. No ``bpy``.
"""

from ...api.errors import TriverseError


class SceneError(TriverseError):
    """An import into a scene, or the export of a source, failed; the scene is unchanged."""
