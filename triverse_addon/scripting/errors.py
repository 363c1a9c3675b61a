# SPDX-License-Identifier: GPL-3.0-or-later
"""
The exceptions that scripts meet in addition to those of ``api.errors``.

Floor: between second and third. Thread: any. No ``bpy``.

::

    TriverseError                (api.errors)
    ├── TaskFailedError          the task ended without a model, for a reason that has no exception of its own
    ├── WaitTimeoutError         the time limit of a wait is over; the task goes on
    ├── WouldBlockError          the call would block the window
    ├── OverBudgetError          the price exceeds the balance or a limit; nothing was ordered
    ├── NotReadyError            the model is not there yet
    └── ImportFailedError        the model could not be imported
"""

from ..api.errors import TriverseError
from ..api.sentence import Sentence


class TaskFailedError(TriverseError):
    """
    The task ended without a model, or is not followed any more.

    What the service itself has refused or failed is the exception of that reason, such as `ContentViolationError`.
    """


class WaitTimeoutError(TriverseError, TimeoutError):
    """The time limit of a wait is over. The task goes on, and can be waited for again."""


class WouldBlockError(TriverseError):
    """The call waits, which would block the window. :attr:`sentence` names what to use instead."""

    def __init__(self, call: str, instead: str) -> None:
        super().__init__(
            Sentence.of("{call} would block the window of Blender. Use {instead} there.", call=call, instead=instead)
        )


class OverBudgetError(TriverseError):
    """The price exceeds the balance or a limit; nothing was ordered."""


class NotReadyError(TriverseError):
    """The model is not on this machine yet, or has to be converted for the scene first."""


class ImportFailedError(TriverseError):
    """The model cannot be imported into the scene."""
