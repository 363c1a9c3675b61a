# SPDX-License-Identifier: GPL-3.0-or-later
"""
Icons of the pictures that models are made from: of the panel's inputs, and of tasks that have no model yet.

Floor: third. Thread: main. Imports no ``bpy``. For drawing: reads memory, and requests what a later tick reads.
"""

from typing import TYPE_CHECKING

from ...api.display_text import in_utf8
from ...api.flows import FLOWS, Kind

if TYPE_CHECKING:
    from ...scene.child.source_thumbnails import SourcePicture
    from ...tasks.record.record import TaskRecord
    from .session import Session


def shown_input(session: "Session", source: str) -> "tuple[int, SourcePicture] | None":
    """
    Return the icon of a picture in the panel and what is known of its file, which may change while it is shown.

    :param source: absolute path of the picture.
    :returns: icon 0 while it is loaded, or if it cannot be read; None while nothing is known.
    """
    found = session.details.source_picture(source)
    if found is None:
        return None
    session.details.look_again(source)
    if not found.thumbnail:
        return 0, found
    return session.thumbnails.icon(_key(source, found), found.thumbnail), found


def load_input(session: "Session", source: str) -> None:
    """
    Load the picture that `shown_input` returns, as far as it was read, before what cannot be drawn again later.

    :param source: absolute path of the picture.
    """
    found = session.details.source_picture(source)
    if found is not None:
        session.thumbnails.load_first([(_key(source, found), found.thumbnail)], budget_s=0.0)


def _key(source: str, found: "SourcePicture") -> str:
    return f"source {in_utf8(source)} {found.changed_ns}"


def icon_of_task(session: "Session", record: "TaskRecord") -> int:
    """Return the icon of a task: of its model's picture, else of its first input picture; 0 if neither is loaded."""
    if record.thumbnail_path:
        return session.thumbnails.icon(record.id, record.thumbnail_path)
    source = first_picture(record)
    small = session.details.picture(source) if source else ""
    return session.thumbnails.icon(f"{record.id} source", small) if small else 0


def first_picture(record: "TaskRecord") -> str:
    """
    Return the path of the first picture on this machine that a task has made, or was made from.

    :returns: "" if there is none.
    """
    from ...tasks.record.record import Stage, is_url  # lazy import, as in runtime

    if record.stage is Stage.DONE and record.preview_path:
        return record.preview_path
    flow = FLOWS.get(record.flow)
    for field in flow.sources if flow is not None else ():
        source = record.sources.get(field.name, "")
        if field.kind is Kind.IMAGE and source and not is_url(source):
            return source
    return ""
