# SPDX-License-Identifier: GPL-3.0-or-later
"""
The life of a task: its record, the store, the engine, downloads, and the checks of downloaded files.

Floor: first. Thread: see each module. No ``bpy``.
"""
