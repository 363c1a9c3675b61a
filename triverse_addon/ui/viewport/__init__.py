# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on draws into 3D viewports. The operators that use it are in ``task_list``."""
