# SPDX-License-Identifier: GPL-3.0-or-later
"""
The limits of what Blender does with a model: apart from ``record.processing``, of which ``register()`` needs no more.

Floor: first. Thread: any. No ``bpy``.
"""

#: Largest number of levels of detail.
MOST_LODS = 4
#: The limits of the number of triangles to decimate to.
LEAST_TRIANGLES, MOST_TRIANGLES = 100, 1_500_000
