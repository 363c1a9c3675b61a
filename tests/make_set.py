# SPDX-License-Identifier: GPL-3.0-or-later
"""Put two placeholders into the scene. Run by Blender, or with the bpy module; see ``tests/examples.py``."""

from __future__ import annotations

import bpy

for number, words in enumerate(("a chair", "a sofa that will fail")):
    marker = bpy.data.objects.new(f"make: {words}", None)
    marker.location = (3.0 * number, 0.0, 1.0)
    bpy.context.scene.collection.objects.link(marker)
