# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs in the bpy module for ``demo.py``: installs the built zip as Install from Disk does. Argument: the zip.

No floor (development only). Main thread. Imports ``bpy``.
"""

import sys

import bpy

done = bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo="user_default", enable_on_install=True)
sys.exit(0 if done == {"FINISHED"} else 1)
