# SPDX-License-Identifier: GPL-3.0-or-later
"""
Decide whether requests may be sent: is there a key, is online access allowed, did the service ask to wait.

Floor: first. Thread: any. No ``bpy``.

With a wrong key, five hundred tasks cause one rejected request, not five hundred.
"""

import threading
import time
from collections.abc import Callable
from enum import StrEnum

from ...api.backoff import backoff_s
from ...api.errors import AuthenticationError, OfflineError, TooManyRequestsError, TriverseError, UnusableError
from ...api.sentence import Sentence
from ...api.urls import is_loopback
from ..settings import Settings

#: Delay before a rejected key is tried again, in seconds: it may have been activated in the meantime.
_KEY_RETRY_S = 60.0


class BlockReason(StrEnum):
    """The reason why all requests are blocked."""

    NONE = ""
    KEY = "key"
    ONLINE = "online"
    PROGRAM = "program"
    """A library is not usable, or an unforeseen error leaves the state uncertain."""


class RequestGate:
    """
    Keeps what the latest answers mean for all further requests. Thread-safe.

    :param settings: returns the current settings. A changed key is tried at once.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._lock = threading.Lock()
        self._settings = settings
        self._refused_key = ""
        self._refused: Sentence | None = None
        self._key_retry_s = 0.0
        self._unusable: dict[str, Sentence] = {}
        self._pauses: dict[str, tuple[float, int]] = {}

    def problem(self) -> tuple[BlockReason, Sentence | None]:
        """Return what blocks requests now, with a message; (NONE, None) if nothing does."""
        try:
            self.check()
        except OfflineError as error:
            return BlockReason.ONLINE, error.sentence
        except UnusableError as error:
            return BlockReason.PROGRAM, error.sentence
        except TriverseError as error:
            return BlockReason.KEY, error.sentence
        return BlockReason.NONE, None

    def check(self) -> None:
        """
        Raise an error if requests are blocked.

        :raises UnusableError: see :meth:`cannot_work`.
        :raises OfflineError: online access is off and the service is not on this machine.
        :raises KeyMissingError: there is no key, or it was entered for another service.
        :raises InputError: the key has an invalid format.
        :raises AuthenticationError: the service rejected this key a moment ago.
        """
        for sentence in tuple(self._unusable.values()):
            raise UnusableError(sentence)
        self.check_online()
        with self._lock:
            self._settings().check_key()
            if self._refused is not None and self._is_key_blocked():
                raise AuthenticationError(self._refused, http_status=401)

    def _is_key_blocked(self) -> bool:
        return self._settings().api_key == self._refused_key and time.monotonic() < self._key_retry_s

    def check_online(self) -> None:
        """
        Raise an error if online access is needed but off. A service on this machine needs none.

        :raises OfflineError: online access is off.
        """
        settings = self._settings()
        if not settings.online and not is_loopback(settings.api_url):
            raise OfflineError("command_line" if settings.offline_by == "command_line" else "preference")

    def pause_s(self, kind: str) -> float:
        """
        Return how long requests of ``kind`` must still wait, in seconds.

        :param kind: the stage whose step sends the request ("submitting", "uploading", "waiting", …), see
            :class:`record.Stage`.
        """
        with self._lock:
            until_s, _ = self._pauses.get(kind, (0.0, 0))
        return max(0.0, until_s - time.monotonic())

    def succeeded(self, kind: str) -> None:
        """Record that a request of ``kind`` succeeded: its pause ends, and a rejected key is accepted again."""
        self.has_come(kind)
        with self._lock:
            self._refused = None

    def has_come(self, kind: str) -> None:
        """Record that what ``kind`` fetches has come, from wherever: its pause ends. It proves nothing of the key."""
        with self._lock:
            self._pauses.pop(kind, None)

    def cannot_work(self, part: str, error: TriverseError | None) -> None:
        """
        Block all requests because ``part`` cannot work; with None as the error, unblock them.

        An order that cannot be recorded must not be sent. A loaded library stays loaded until Blender is restarted.
        """
        with self._lock:
            if error is None:
                self._unusable.pop(part, None)
            else:
                self._unusable[part] = error.sentence

    def failed(self, kind: str, error: TriverseError) -> None:
        """Record what an error of a request of ``kind`` means for all others: a rejected key, or a pause."""
        with self._lock:
            if isinstance(error, AuthenticationError):
                if self._refused is not None and self._is_key_blocked():
                    # Raised by :meth:`check` itself: counted again, it would extend the block for ever.
                    return
                self._refused_key, self._refused = self._settings().api_key, error.sentence
                self._key_retry_s = time.monotonic() + _KEY_RETRY_S
            elif isinstance(error, TooManyRequestsError):
                _, times = self._pauses.get(kind, (0.0, 0))
                delay_s = backoff_s(times + 1, error.retry_after_s)
                self._pauses[kind] = (time.monotonic() + delay_s, times + 1)
