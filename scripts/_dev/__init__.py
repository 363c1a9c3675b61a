# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the scripts share: the development cache, virtual environments, the built package, Blenders with a window.

No floor of the add-on: nothing here ships. Standard library only, Python 3.11 or newer, so that a script runs on a
machine where nothing has been installed yet. Never imports ``bpy``.
"""
