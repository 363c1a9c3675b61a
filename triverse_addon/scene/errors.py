# SPDX-License-Identifier: GPL-3.0-or-later
"""
What can go wrong between a file and the scene.

Floor: second. Thread: any. No ``bpy``.
"""

from ..api.errors import TriverseError


class SceneError(TriverseError):
    """The model could not be brought into the scene; the scene is as it was."""
