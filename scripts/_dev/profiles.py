# SPDX-License-Identifier: GPL-3.0-or-later
"""
The homes of users for tests in real Blenders: what is set in them, and a copy for each test.

No floor (development only). Any thread. Never imports ``bpy``: the code below is run by :func:`window.make_profile`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PREFERENCES = """
import bpy
preferences = bpy.context.preferences
preferences.view.show_splash = False
preferences.view.show_tooltips = False
preferences.view.use_save_prompt = False
preferences.view.ui_scale = 1.2
preferences.system.use_online_access = False
preferences.system.viewport_aa = "OFF"
preferences.system.use_region_overlap = False
if bpy.app.version >= (5, 0):
    preferences.view.use_reduce_motion = True
bpy.ops.wm.save_userpref()
"""
"""
What a test's user has set: no splash screen over the panel, letters that are easy to read, and a viewport that is cheap
to draw. For smooth edges, Blender draws it eight times over whenever it has changed, which by software takes a second;
and under a sidebar that can be seen through, it is drawn and blended in with every letter that changes. Where motion is
not reduced, which Blender 4 does not know, a panel takes 0.3 s and some redraws to grow.
"""
AS_INSTALLED = """
preferences.system.viewport_aa = "8"
preferences.system.use_region_overlap = True
if bpy.app.version >= (5, 0):
    preferences.view.use_reduce_motion = False
"""
"""For :func:`make_profile`, where pictures or times are to be as a user has them: what is drawn is not made cheap."""

COMPILE = """
import compileall
compileall.compile_dir(bpy.utils.user_resource("EXTENSIONS"), quiet=2)
"""
"""
Compiles what Blender imports only when it is needed, as it has been for a user who is not there for the first time.
Each copy of the profile would compile it anew.
"""


def copy_profile(template: Path, home: Path) -> Path:
    """A home of its own for one test, like ``template``, on the same disk: nobody writes into a file of code."""
    shutil.copytree(template, home, symlinks=True, copy_function=_copy_file)
    return home


def _copy_file(source: str, target: str) -> None:
    """Give a file of code a second name, which takes a fifth of the time of a copy, and copy any other."""
    if source.endswith((".py", ".pyc")):
        os.link(source, target)
    else:
        shutil.copy2(source, target)
