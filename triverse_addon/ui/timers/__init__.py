# SPDX-License-Identifier: GPL-3.0-or-later
"""The timers that drive the engine in a Blender with windows, and redraws."""
