# SPDX-License-Identifier: GPL-3.0-or-later
"""
Runs in the bpy module for ``demo.py``: one command of the installed add-on. Arguments: the command's own.

No floor (development only). Main thread. Imports ``bpy``. The module starts with factory settings, so the extension is
enabled here; ``scripts/triverse.py`` then takes it and not the checkout.
"""

import sys
from pathlib import Path

import bpy  # noqa: F401  # puts addon_utils on the path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import addon_utils
import triverse

MODULE = "bl_ext.user_default.triverse"

if addon_utils.enable(MODULE) is None:
    sys.exit(f"The installed add-on {MODULE} cannot be enabled.")
sys.exit(triverse.main())
