# SPDX-License-Identifier: GPL-3.0-or-later
"""
The exit codes, and which error leads to which of them.

Floor: third. Thread: any. No ``bpy``.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from ..api.errors import (
    AuthenticationError,
    ContentViolationError,
    InputError,
    InsufficientCreditsError,
    InvalidParametersError,
    KeyMissingError,
    NotFoundError,
    OfflineError,
    ServiceError,
    TransportError,
    TriverseError,
    UnsupportedError,
)
from ..api.sentence import Sentence
from ..batch.run.outcome import RowResult
from ..scripting.errors import OverBudgetError
from .errors import Terminated


class Exit(IntEnum):
    """Exit code of the process. Scripts rely on these numbers."""

    DONE = 0
    FAILED = 1
    """A task failed or was cancelled, or its result cannot be written."""
    USAGE = 2
    """Invalid usage or input."""
    ACCOUNT = 3
    """No key, an invalid key, or too few credits."""
    SERVICE = 4
    """The network or the service failed, or online access is off."""
    TIMED_OUT = 5
    """``--timeout`` has passed. The task continues; ``resume`` follows it."""
    INTERRUPTED = 130
    """Ctrl-C. The task continues; ``resume`` follows it."""
    TERMINATED = 143
    """SIGTERM, from a render farm or the system. The task continues; ``resume`` follows it."""


EXITS: Mapping[RowResult, Exit] = {
    RowResult.DONE: Exit.DONE,
    RowResult.FAILED: Exit.FAILED,
    RowResult.ACCOUNT: Exit.ACCOUNT,
    RowResult.SERVICE: Exit.SERVICE,
    RowResult.TIMED_OUT: Exit.TIMED_OUT,
    RowResult.STOPPED: Exit.FAILED,
    RowResult.OPEN: Exit.DONE,
}
"""How the command ends for a task or row that has ended in this way."""


class CheckFailedError(TriverseError):
    """
    The recorded check of a batch has failed; nothing was ordered.

    :ivar exit_code: how the check has ended.
    """

    def __init__(self, exit_code: Exit, message: str) -> None:
        self.exit_code = exit_code
        super().__init__(
            Sentence.of(
                "The check of this batch has ended with {code}, and nothing is ordered. It said: {message}",
                code=int(exit_code),
                message=message,
            )
        )


_BY_ERROR: tuple[tuple[type[TriverseError], Exit], ...] = (
    (InputError, Exit.USAGE),
    (OverBudgetError, Exit.ACCOUNT),
    (KeyMissingError, Exit.ACCOUNT),
    (AuthenticationError, Exit.ACCOUNT),
    (InsufficientCreditsError, Exit.ACCOUNT),
    (InvalidParametersError, Exit.USAGE),
    (UnsupportedError, Exit.USAGE),
    (ContentViolationError, Exit.USAGE),
    (NotFoundError, Exit.USAGE),
    (OfflineError, Exit.SERVICE),
    (TransportError, Exit.SERVICE),
    (ServiceError, Exit.SERVICE),
)

#: Priority if several tasks ended differently: first what the user has to fix, then what is lost, then what only takes
#: longer.
_ORDER = (Exit.ACCOUNT, Exit.SERVICE, Exit.FAILED, Exit.TIMED_OUT)


def for_error(error: TriverseError) -> Exit:
    """Return the exit code for an error that ended the command. Anything not listed is a local error."""
    if isinstance(error, CheckFailedError):
        return error.exit_code
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), Exit.FAILED)


def for_interrupt(signalled: KeyboardInterrupt) -> Exit:
    """Return the exit code for Ctrl-C or SIGTERM."""
    return Exit.TERMINATED if isinstance(signalled, Terminated) else Exit.INTERRUPTED


def for_all(codes: Iterable[Exit]) -> Exit:
    """Return the exit code of a command from those of its tasks."""
    found = set(codes)
    return next((code for code in _ORDER if code in found), Exit.DONE)
