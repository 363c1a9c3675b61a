# SPDX-License-Identifier: GPL-3.0-or-later
"""
Names of the panel's pictures, for people.

Floor: third. Thread: main. Imports modules that import ``bpy``. Reads memory only, so it can be called from ``draw()``.
"""

from pathlib import Path

from ...api.display_text import shown
from ..text.translate import tr


def name_of(source: str) -> str:
    """Return the name of a picture: of one that was captured here, "Viewport 2"; else that of its file."""
    path = Path(source)
    return _own_name(path) or shown(path.name)


def task_name(sources: dict[str, str]) -> str:
    """Return the name for a task that is made from pictures only; "" if the engine's own name for it is good."""
    first = next(iter(sources.values()), "")
    return _own_name(Path(first)) if first else ""


def _own_name(path: Path) -> str:
    """Return the name of a picture that was written by :mod:`scene.capture`; "" for other files."""
    # Lazy imports: these load tasks.record.record, which would slow down register().
    from ...scene.capture import source_files
    from ...tasks.files.removal import is_own_source

    if path.parent.name != "sources" or not is_own_source(path):
        return ""
    numbered = source_files.numbered(path)
    if numbered is None:
        return source_files.plain_stem(path)
    kind, number = numbered
    if kind == source_files.VIEWPORT:
        return tr("Viewport {number}", number=number)
    if kind == source_files.RENDER:
        return tr("Render {number}", number=number)
    return tr("Clipboard {number}", number=number)
