# SPDX-License-Identifier: GPL-3.0-or-later
"""
The functions that are called after every import, of the panel, of commands and of scripts.

Floor: between second and third. Thread: main. No ``bpy``: a handler gets the collection from whoever has imported it.
"""

import logging
from collections.abc import Callable
from typing import Any

from ..api.sentence import Sentence
from ..api.unexpected_errors import UNFORESEEN
from .callbacks import failure, name_of

log = logging.getLogger(__name__)

on_imported: list[Callable[[Any, Any], None]] = []
"""The functions to call; see :data:`scripting.on_imported`."""


def run(task: object, collection: object) -> tuple[tuple[str, Sentence], ...]:
    """
    Call all handlers.

    :param task: a `task.Task`.
    :param collection: Blender's collection with the imported model.
    :returns: a level and a sentence for the task's history, for each handler that failed.
    """
    told = []
    for function in tuple(on_imported):
        try:
            function(task, collection)
        except UNFORESEEN as error:
            log.exception("%s failed after an import", name_of(function))
            told.append(("WARNING", failure(function, error)))
    return tuple(told)
