# SPDX-License-Identifier: GPL-3.0-or-later
"""
What becomes of a task: the record, the store, the engine, downloads and the check of what arrives.

Floor: first. Thread: see each module. No ``bpy``.
"""
