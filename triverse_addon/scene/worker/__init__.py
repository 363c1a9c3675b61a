# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and modules that run in a child Blender as plain modules, so they do not import the rest of the package."""
