# SPDX-License-Identifier: GPL-3.0-or-later
"""
The exceptions of the ground floor.

Ground floor; any thread; no ``bpy``.

::

    TriverseError
    ├── InputError               a value was rejected before anything was sent
    ├── OfflineError             Blender's online access is switched off
    ├── KeyMissingError          no API key is set
    │   └── KeyElsewhereError        the key was entered for another service
    ├── UnusableError            nothing can be sent until Blender is restarted
    │   └── LibraryError             a loaded library is incompatible
    ├── UnforeseenError          a bug in the add-on or in what it uses
    ├── TransportError           no usable response
    │   ├── ConnectError             the service has not received the request
    │   ├── ConnectionLostError      the service may have received it
    │   ├── StalledError             the service may have received it, but does not respond
    │   └── BadAnswerError           the response does not follow this API
    │       └── RefusedAddressError      the service named a URL that must not be opened
    └── ServiceError             the service responded with an error
        ├── InvalidParametersError   1004, 422
        ├── NotFoundError            1005, 1006, 404
        │   └── WrongAddressError        404 or 405 without a service code, for a request that is not about a task
        ├── TooManyRequestsError     2000, 429
        ├── UnsupportedError         2002, 2004
        ├── WrongStateError          2005, 409
        ├── ContentViolationError    2008
        ├── AuthenticationError      401, 403
        ├── InsufficientCreditsError 2010, 402
        ├── NothingToDownloadError   4042
        ├── DuplicateError           any 4xx that mentions a duplicate or client_order_id
        └── UnavailableError         5003-5005, 5xx

None of these exceptions carries the key, a request, or an exception of ``requests`` (which would carry the request's
headers): they are raised ``from None``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .sentence import Sentence


class TriverseError(Exception):
    """
    Base class of all errors of the add-on. ``str()`` returns the sentence in English.

    :param sentence: message for the user: what happened and what to do next.
    :param suggestion: the service's own advice, cleaned; empty if there is none.
    :param code: the service's error code, if it sent one.
    :param retry_after_s: the waiting time in seconds that the service asks for, if any.
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
    A value of the user cannot be used; nothing was sent.

    :param field: name of the invalid field, as in `flows`, or e.g. ``api_url``.
    """

    def __init__(self, sentence: Sentence, *, field: str) -> None:
        super().__init__(sentence)
        self.field = field


class OfflineError(TriverseError):
    """
    Online access is off; nothing was sent.

    :param mode: "preference" if it is switched off in Blender's preferences, "command_line" if Blender was started with
        ``--offline-mode``.
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
    """No API key is set; nothing was sent."""

    def __init__(self) -> None:
        super().__init__(
            Sentence.of("No API key is set. Enter it in the preferences of the add-on, or set TRIVERSE_API_KEY.")
        )


class KeyElsewhereError(KeyMissingError):
    """
    The key was entered for another service than the one in use; nothing was sent.

    :param entered_for: the origin that the key was entered for.
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
    """Nothing more can be sent from this Blender until it is restarted."""


class LibraryError(UnusableError):
    """A library loaded by Blender or another add-on is incompatible; nothing was sent. See `libraries`."""


class UnforeseenError(TriverseError):
    """
    An unexpected exception: a bug in the add-on or in what it uses.

    :param error: the exception. Its message is not copied, because it may contain a URL with the key.
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
    """Return the type name of an error, with the file and line of the innermost frame that belongs to the add-on."""
    import traceback  # for bugs only; register() imports this module

    own = str(Path(__file__).resolve().parents[1])
    found = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        if name.startswith(own):
            found = f", {Path(name).name} {line}"
    return f"{type(error).__name__}{found}"


# -----------------------------------------------------------------------------
# No usable response


class TransportError(TriverseError):
    """
    The request got no usable response.

    :param sent: False only if it is certain that the service has not received the request.
    """

    def __init__(self, sentence: Sentence, *, sent: bool = True, retry_after_s: float | None = None) -> None:
        super().__init__(sentence, retry_after_s=retry_after_s)
        self.sent = sent


class ConnectError(TransportError):
    """No connection could be made, so the service has not received the request (``sent`` is False)."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence, sent=False)


class ConnectionLostError(TransportError):
    """The connection broke after sending had begun."""


class StalledError(TransportError):
    """The service did not respond in time."""


class BadAnswerError(TransportError):
    """The response does not follow this API: HTML, invalid JSON, far too large, or a redirect to another host."""


class RefusedAddressError(BadAnswerError):
    """The service named a URL that must not be opened. Another URL of the same file may be allowed."""


# -----------------------------------------------------------------------------
# Errors reported by the service


class ServiceError(TriverseError):
    """
    The service responded with an error.

    :param http_status: the HTTP status code; 0 if there is none (the error of a task).
    :param message: the service's own message, cleaned and truncated.
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
    """The service does not accept a parameter of the request."""


class NotFoundError(ServiceError):
    """The task or resource does not exist, or belongs to another account."""


class WrongAddressError(NotFoundError):
    """The service URL is wrong: it does not know an endpoint that every Triverse service has."""


class TooManyRequestsError(ServiceError):
    """Too many uploads, or the user's task queue is full: wait and try again."""


class UnsupportedError(ServiceError):
    """The service does not support this kind of task or file."""


class WrongStateError(ServiceError):
    """The task is not in a state that permits this: read its status again."""


class ContentViolationError(ServiceError):
    """The request violates the service's content rules: do not send it again."""


class AuthenticationError(ServiceError):
    """The service does not accept the API key."""


class InsufficientCreditsError(ServiceError):
    """The account has too few API credits."""


class NothingToDownloadError(ServiceError):
    """The task succeeded but has no file."""


class DuplicateError(ServiceError):
    """
    The service considers the request a duplicate of one that it already has.

    :param task_uuid: the UUID of the existing task, if the service named it.
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
    """The service is unavailable because of an error on its side: wait and try again."""
