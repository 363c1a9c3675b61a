# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's properties and types, where they need care."""
