# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a save changes for tasks: from now on, they were ordered in the file that was written.

Floor: third. Thread: main. Imports ``bpy``.

A task that waits for its file names it, and the list is searched by it. The scene's id alone does not tell the file:
what lies under the old name may have it, too.
"""

import dataclasses
import logging
from typing import TYPE_CHECKING

from ...api.errors import TriverseError
from ...scene.importing import origin as origins
from ...tasks.record.record import Stage, TaskRecord
from . import query

if TYPE_CHECKING:
    from .session import Session

_log = logging.getLogger(__name__)


def follow(session: "Session", before: str) -> None:
    """
    Note the path of the open file in the tasks that belong to it.

    A file that gets another name leaves behind what was imported under its old one; what was ordered before it had any
    name comes along.

    :param before: the path that the file had until it was saved; "" for none.
    """
    open_file = query.open_file()
    path = open_file.file
    if before not in ("", path):
        origins.leave_name(before, path, open_file.scene_ids)

    def renamed(record: TaskRecord) -> TaskRecord:
        return record.with_(origin=dataclasses.replace(record.origin, file=path))

    for record in list(session.engine.tasks()):
        origin = record.origin
        is_of_scene = origin.scene_id in open_file.scene_ids and not origins.has_left(origin)
        is_of_this = origin.session == open_file.session or is_of_scene
        is_left_behind = origin.file and record.stage in (Stage.IMPORTED, Stage.DONE)
        if not is_of_this or is_left_behind or origin.file == path:
            continue
        try:
            session.engine.mark(record.id, renamed)
        except TriverseError as error:
            _log.warning("%s still belongs to the file %s: %s", record.id, origin.file, error)
