# SPDX-License-Identifier: GPL-3.0-or-later
"""A GLB, looked at and made readable before any Blender sees it."""
