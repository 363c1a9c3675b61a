# SPDX-License-Identifier: GPL-3.0-or-later
"""Small GLB files of every kind that Blender's importer reads, and that were read wrongly here. Plain Python."""
