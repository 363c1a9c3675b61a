# SPDX-License-Identifier: GPL-3.0-or-later
"""
The gate before every request: is there a key, may this machine go online, did the service ask to wait?

Floor: first. Thread: any. No ``bpy``.

Five hundred tasks with a wrong key make one refused request, not five hundred.
"""

import threading
import time
from enum import StrEnum

from ...api.errors import AuthenticationError, OfflineError, TooManyRequestsError, TriverseError, UnusableError
from ...api.sentence import Sentence
from ...api.urls import is_loopback
from ..settings import Settings
from .pacing import retry_delay_s

#: A refused key is tried again after this time, in seconds: it may have been activated meanwhile.
_KEY_AGAIN_S = 60.0


class Block(StrEnum):
    """What keeps every request back."""

    NONE = ""
    KEY = "key"
    ONLINE = "online"
    PROGRAM = "program"
    """A library that cannot be worked with, or a slip that leaves nothing certain."""


class Gate:
    """Remembers what the last answers said about all requests to come."""

    def __init__(self, settings: Settings) -> None:
        self._lock = threading.Lock()
        self._settings = settings
        self._refused_key = ""
        self._refused: Sentence | None = None
        self._key_again_s = 0.0
        self._unusable: dict[str, Sentence] = {}
        self._pauses: dict[str, tuple[float, int]] = {}

    def configure(self, settings: Settings) -> None:
        """Take over new settings; another key is given a chance at once."""
        with self._lock:
            self._settings = settings

    def problem(self) -> tuple[Block, Sentence | None]:
        """Return what keeps requests back now, in words; (NONE, None) when nothing does."""
        try:
            self.check()
        except OfflineError as error:
            return Block.ONLINE, error.sentence
        except UnusableError as error:
            return Block.PROGRAM, error.sentence
        except TriverseError as error:
            return Block.KEY, error.sentence
        return Block.NONE, None

    def check(self) -> None:
        """
        Let a request pass, or say why not.

        :raises UnusableError: see :meth:`cannot_work`.
        :raises OfflineError: online access is off and the service is not on this machine.
        :raises KeyMissingError: there is no key, or it was entered for another service.
        :raises InputError: what is there cannot be a key.
        :raises AuthenticationError: the service refused this key a moment ago.
        """
        for sentence in tuple(self._unusable.values()):
            raise UnusableError(sentence)
        self.check_online()
        with self._lock:
            settings = self._settings
            settings.check_key()
            if self._refused is not None and self._keeps_back():
                raise AuthenticationError(self._refused, http_status=401)

    def _keeps_back(self) -> bool:
        return self._settings.api_key == self._refused_key and time.monotonic() < self._key_again_s

    def check_online(self) -> None:
        """
        Let a request pass as far as online access goes. A service on this machine is not the internet.

        :raises OfflineError: online access is off.
        """
        settings = self._settings
        if not settings.online and not is_loopback(settings.api_url):
            raise OfflineError("command_line" if settings.offline_by == "command_line" else "preference")

    def pause_s(self, kind: str) -> float:
        """Return how long requests of ``kind`` ("create", "upload", "status", …) still have to wait, in seconds."""
        with self._lock:
            until_s, _ = self._pauses.get(kind, (0.0, 0))
        return max(0.0, until_s - time.monotonic())

    def passed(self, kind: str) -> None:
        """Note that a request of ``kind`` was answered well."""
        with self._lock:
            self._pauses.pop(kind, None)
            self._refused = None

    def cannot_work(self, part: str, error: TriverseError | None) -> None:
        """
        Keep back every request, for ``part`` cannot do its work; None: it can again.

        What cannot be noted must not be ordered, and what is loaded stays until Blender is started anew.
        """
        with self._lock:
            if error is None:
                self._unusable.pop(part, None)
            else:
                self._unusable[part] = error.sentence

    def failed(self, kind: str, error: TriverseError) -> None:
        """Note what an error means for the other requests."""
        with self._lock:
            if isinstance(error, AuthenticationError):
                if self._refused is not None and self._keeps_back():
                    # Said by the gate itself: counted again, it would keep everything back for ever.
                    return
                self._refused_key, self._refused = self._settings.api_key, error.sentence
                self._key_again_s = time.monotonic() + _KEY_AGAIN_S
            elif isinstance(error, TooManyRequestsError):
                _, times = self._pauses.get(kind, (0.0, 0))
                delay_s = retry_delay_s(times + 1, error.retry_after_s)
                self._pauses[kind] = (time.monotonic() + delay_s, times + 1)
