# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks GLB files, and writes copies that Blender can read, before any Blender opens them."""
