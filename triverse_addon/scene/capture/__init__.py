# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender holds, as files that a task can be made from."""
