# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on as it ships, built as another version."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from scripts._dev import package


@functools.cache
def _files() -> dict[str, bytes]:
    return package.files_of_the_package()


def zip_of(version: str, folder: Path, *, first: str = "4.2.0", end: str = "", more: bytes = b"") -> Path:
    """Build the add-on into ``folder`` as a version of its own.

    Args:
        first: the first Blender that it is for.
        end: the first that it is no longer for; "" if there is none.
        more: what is added to its licence, so that it is another file.
    """
    files = _files()
    blenders = f'blender_version_min = "{first}"' + (f'\nblender_version_max = "{end}"' if end else "")
    text = re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', files[package.MANIFEST.name].decode())
    text = re.sub(r'(?m)^blender_version_min = ".*"$', blenders, text)
    path = folder / f"triverse-{version}.zip"
    folder.mkdir(exist_ok=True)
    changed = {package.MANIFEST.name: text.encode(), "LICENSE": files["LICENSE"] + more}
    path.write_bytes(package.pack(files | changed))
    return path
