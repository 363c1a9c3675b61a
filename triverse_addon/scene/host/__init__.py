# SPDX-License-Identifier: GPL-3.0-or-later
"""The Blender that the add-on runs in: its abilities, settings, folders and errors."""
