# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the scripts share: the development cache, virtual environments, the built package, Blenders with a window.

No floor of the add-on: nothing here ships. Standard library only, Python 3.11 or newer, so that a script runs on a
machine where nothing has been installed yet. Never imports ``bpy``.
"""

import os as _os

# A root shell opened with "su" has the PATH of its user, without the folders of debootstrap and chroot.
for _folder in ("/usr/sbin", "/sbin") if _os.name == "posix" else ():
    if _folder not in _os.environ.get("PATH", _os.defpath).split(_os.pathsep):
        _os.environ["PATH"] = f"{_os.environ.get('PATH', _os.defpath)}{_os.pathsep}{_folder}"
