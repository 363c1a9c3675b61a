# SPDX-License-Identifier: GPL-3.0-or-later
"""An empty file with factory settings, read again only as far as something has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from scripts._dev.empty_file import read

_read: list[bool] = []
"""Not empty as soon as the factory settings were read once; before that, preferences may be the user's."""


def empty_file() -> None:
    """
    Open an empty file, with factory settings.

    The preferences are read again only after one was changed, an add-on enabled or an asset library added, which all
    set ``is_dirty`` (measured: 4.2 to 5.3). That takes 35 ms of the processor, an empty file alone 4 ms.
    """
    if _read and not bpy.context.preferences.is_dirty:
        read()
        return
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.is_dirty = False
    _read[:] = [True]


@contextmanager
def undone_later() -> Iterator[None]:
    """Let what the block changes in the preferences not count as a change: the caller takes it back."""
    before = bpy.context.preferences.is_dirty
    yield
    bpy.context.preferences.is_dirty = before
