# SPDX-License-Identifier: GPL-3.0-or-later
"""
Everything that can go wrong on the ground floor, as a tree of exceptions.

Ground floor; any thread; no ``bpy``.

::

    TriverseError
    ├── InputError               refused here, before anything was sent
    ├── OfflineError             Blender's online access is switched off
    ├── KeyMissingError          there is no API key
    │   └── KeyElsewhereError        it was entered for another service
    ├── UnusableError            nothing can be done until Blender is started anew
    │   └── LibraryError             a library that is loaded here cannot be worked with
    ├── UnforeseenError          a slip of ours, or of what we rely on
    ├── TransportError           no usable answer came
    │   ├── ConnectError             the service never got the request
    │   ├── ConnectionLostError      it may have got it
    │   ├── StalledError             it may have got it, and says nothing
    │   └── BadAnswerError           it answered something that is no answer of this API
    │       └── RefusedAddressError      it named an address that is not gone to
    └── ServiceError             the service answered with an error
        ├── InvalidParametersError   1004, 422
        ├── NotFoundError            1005, 1006, 404
        │   └── WrongAddressError        404 or 405 to a question about no task, without a code of the service
        ├── TooManyRequestsError     2000, 429
        ├── UnsupportedError         2002, 2004
        ├── WrongStateError          2005, 409
        ├── ContentViolationError    2008
        ├── AuthenticationError      401, 403
        ├── InsufficientCreditsError 2010, 402
        ├── NothingToDownloadError   4042
        ├── DuplicateError           any 4xx that speaks of a duplicate or of client_order_id
        └── UnavailableError         5003-5005, 5xx

No exception of this tree carries the key, a request, or an exception of ``requests`` (which would carry the request's
headers): they are raised ``from None``.
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Literal

from .sentence import Sentence


class TriverseError(Exception):
    """
    Base of all errors here. ``str()`` of it is its sentence in English.

    :param sentence: what happened and what to do next, for people.
    :param suggestion: the service's own advice, cleaned; empty if there is none.
    :param code: the service's error code, if it gave one.
    :param retry_after_s: how long the service asks to wait, if it says.
    """

    def __init__(
        self,
        sentence: Sentence,
        *,
        suggestion: str = "",
        code: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(str(sentence))
        self.sentence = sentence
        self.suggestion = suggestion
        self.code = code
        self.retry_after_s = retry_after_s


# -----------------------------------------------------------------------------
# Before anything is sent


class InputError(TriverseError):
    """
    Something the user gave cannot be used; nothing was sent.

    :param field: the name of the field at fault, as in `flows`, or e.g. ``api_url``.
    """

    def __init__(self, sentence: Sentence, *, field: str) -> None:
        super().__init__(sentence)
        self.field = field


class OfflineError(TriverseError):
    """
    Online access is off; nothing was sent.

    :param mode: "preference" when it is switched off in Blender's preferences, "command_line" when Blender was started
        with ``--offline-mode``.
    """

    def __init__(self, mode: Literal["preference", "command_line"]) -> None:
        if mode == "command_line":
            sentence = Sentence.of(
                "Blender was started in offline mode. Start it without --offline-mode, or with --online-mode."
            )
        else:
            sentence = Sentence.of(
                "Online access is switched off. Turn on Allow Online Access in Preferences > System > Network."
            )
        super().__init__(sentence)
        self.mode: Literal["preference", "command_line"] = mode


class KeyMissingError(TriverseError):
    """There is no API key; nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            Sentence.of("No API key is set. Enter it in the preferences of the add-on, or set TRIVERSE_API_KEY.")
        )


class KeyElsewhereError(KeyMissingError):
    """
    There is a key, but it was entered for another service than the one in use; nothing was sent.

    :param entered_for: the origin it was entered for.
    :param service: the origin in use.
    """

    def __init__(self, entered_for: str, service: str) -> None:
        TriverseError.__init__(
            self,
            Sentence.of(
                "The API key was entered for {entered_for}, so it is not sent to {service}. "
                "Allow that in the preferences of the add-on, or enter another key.",
                entered_for=entered_for,
                service=service,
            ),
        )


class UnusableError(TriverseError):
    """Nothing more is sent from this Blender until it is started anew."""


class LibraryError(UnusableError):
    """A library that another add-on or Blender has loaded cannot be worked with; nothing was sent. See `libraries`."""


class UnforeseenError(TriverseError):
    """
    Something failed that nothing here foresees: a slip of ours, or of what we rely on.

    :param error: what was raised. Its words are not taken over: they may hold an address with the key.
    """

    def __init__(self, error: BaseException) -> None:
        self.what = _where(error)
        super().__init__(
            Sentence.of(
                "Something unexpected went wrong ({what}). Try again. If it comes again, restart Blender, and report "
                "it with Copy Report in the preferences.",
                what=self.what,
            )
        )


def _where(error: BaseException) -> str:
    """Return the kind of an error and the last line of the add-on's own that it came by."""
    own = str(Path(__file__).resolve().parents[1])
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if name.startswith(own):
            found = f", {Path(name).name} {line}"
    return f"{type(error).__name__}{found}"


# -----------------------------------------------------------------------------
# No usable answer


class TransportError(TriverseError):
    """
    No usable answer came.

    :param sent: False only when it is certain that the service never got the request.
    """

    def __init__(self, sentence: Sentence, *, sent: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(sentence, retry_after_s=retry_after_s)
        self.sent = sent


class ConnectError(TransportError):
    """No connection could be made: the service never got the request (``sent`` is False)."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence, sent=False)


class ConnectionLostError(TransportError):
    """The connection broke after the request had begun to leave."""


class StalledError(TransportError):
    """The service did not answer in time."""


class BadAnswerError(TransportError):
    """What came is no answer of this API: HTML, garbage, something far too large, a redirect elsewhere."""


class RefusedAddressError(BadAnswerError):
    """The service named an address that is not gone to: another way to the same thing may do."""


# -----------------------------------------------------------------------------
# The service says no


class ServiceError(TriverseError):
    """
    The service answered with an error.

    :param http_status: the HTTP status code, 0 where there is none (the error of a task).
    :param message: the service's own message, cleaned and cut to length.
    """

    def __init__(
        self,
        sentence: Sentence,
        *,
        http_status: int,
        message: str = "",
        suggestion: str = "",
        code: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(sentence, suggestion=suggestion, code=code, retry_after_s=retry_after_s)
        self.http_status = http_status
        self.message = message


class InvalidParametersError(ServiceError):
    """The service does not accept a value of the request."""


class NotFoundError(ServiceError):
    """The task or resource does not exist, or belongs to somebody else."""


class WrongAddressError(NotFoundError):
    """Nothing is known at the service address where a question about no task should be answered."""


class TooManyRequestsError(ServiceError):
    """Too many uploads, or the user's task queue is full: wait and try again."""


class UnsupportedError(ServiceError):
    """The service does not offer this kind of task or file."""


class WrongStateError(ServiceError):
    """The task is not in a state that permits this: read its status again."""


class ContentViolationError(ServiceError):
    """The service's content rules forbid this: do not send it again."""


class AuthenticationError(ServiceError):
    """The key was not accepted."""


class InsufficientCreditsError(ServiceError):
    """The account has too few API credits."""


class NothingToDownloadError(ServiceError):
    """The task succeeded and has no file."""


class DuplicateError(ServiceError):
    """
    The service takes the request for one that it already has.

    :param task_uuid: the task it means, if it named one.
    """

    def __init__(
        self,
        sentence: Sentence,
        *,
        http_status: int,
        message: str = "",
        suggestion: str = "",
        code: int | None = None,
        retry_after_s: float | None = None,
        task_uuid: str | None = None,
    ) -> None:
        super().__init__(
            sentence,
            http_status=http_status,
            message=message,
            suggestion=suggestion,
            code=code,
            retry_after_s=retry_after_s,
        )
        self.task_uuid = task_uuid


class UnavailableError(ServiceError):
    """The service has trouble of its own: wait and try again."""
