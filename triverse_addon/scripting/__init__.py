# SPDX-License-Identifier: GPL-3.0-or-later
"""
Triverse for scripts and pipelines: everything that is public, and stable, is in ``__all__`` here.

Floor: between second and third; ui and cli, which are above, go the same way. Thread: main, like ``bpy``. Importing it
loads neither ``bpy`` nor a network library: what needs them imports them when it is called.

::

    with scripting.open() as triverse:
        task = triverse.generate(prompt="a red chair").wait()
        collection = task.import_into(bpy.context.scene)

In docs/scripting.md are complete scripts, and how to find this module in a Blender.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import bpy

    from ..api.errors import (
        AuthenticationError,
        ContentViolationError,
        InputError,
        InsufficientCreditsError,
        KeyMissingError,
        OfflineError,
        ServiceError,
        TransportError,
        TriverseError,
    )
    from ..api.payloads import Balance, Quote
    from ..batch.rows.problems import BatchProblemsError
    from ..tasks.record.record import Stage
    from .batch import Batch
    from .client import Triverse
    from .errors import (
        ImportFailedError,
        NotReadyError,
        OverBudgetError,
        TaskFailedError,
        WaitTimeoutError,
        WouldBlockError,
    )
    from .task import Files, Task

    on_imported: list[Callable[[Task, bpy.types.Collection], None]]
    """
    Functions called after every import into a scene, also of the panel's, with the task and the collection, before the
    undo step is made. One that raises never breaks an import: it is told in the task's history, and the next is called.
    """

__all__ = [
    "AuthenticationError",
    "Balance",
    "Batch",
    "BatchProblemsError",
    "ContentViolationError",
    "Files",
    "ImportFailedError",
    "InputError",
    "InsufficientCreditsError",
    "KeyMissingError",
    "NotReadyError",
    "OfflineError",
    "OverBudgetError",
    "Quote",
    "ServiceError",
    "Stage",
    "Task",
    "TaskFailedError",
    "TransportError",
    "Triverse",
    "TriverseError",
    "WaitTimeoutError",
    "WouldBlockError",
    "on_imported",
    "open",
]

#: Where each public name is defined. They are imported when first used: ``register()`` imports this package too.
_HOMES = {
    "Balance": "..api.payloads",
    "Batch": ".batch",
    "BatchProblemsError": "..batch.rows.problems",
    "Files": ".task",
    "Quote": "..api.payloads",
    "Stage": "..tasks.record.record",
    "Task": ".task",
    "Triverse": ".client",
    "on_imported": ".handlers",
    **dict.fromkeys(
        (
            "ImportFailedError",
            "NotReadyError",
            "OverBudgetError",
            "TaskFailedError",
            "WaitTimeoutError",
            "WouldBlockError",
        ),
        ".errors",
    ),
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "..api.errors"), __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def open(
    data: Path | str | None = None, key: str | None = None, url: str | None = None, offline: bool = False
) -> "Triverse":
    """
    Open Triverse for a script: ``with scripting.open() as triverse:``.

    Where the add-on is switched on, a call without arguments gives the very engine of the panel, which goes on after
    the script. Otherwise an engine of the script's own is started, with the same store and settings as panel and
    command: from the environment, else from the preferences of the add-on, else the defaults.

    :param data: the folder for the list of tasks and the models; None for the usual one, which only Blender has.
    :param key: the API key; None for ``TRIVERSE_API_KEY`` or that of the preferences.
    :param url: the address of the service; None for ``TRIVERSE_API_URL`` or that of the preferences. A key from the
        preferences or the environment is not sent to another service than it was entered for.
    :param offline: send nothing: for what is on this machine already.
    :raises InputError: there is no usual folder.
    :raises TriverseError: the folder cannot be used.
    """
    # Lazy imports: these load the engine.
    from .client import Triverse
    from .opening import connect

    return Triverse(connect(data, key, url, offline=offline))
