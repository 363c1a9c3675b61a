# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a child Blender, as plain scripts: nothing here imports the package."""
