# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine's threads share: settings, client, store, and the way to tell the main thread something.

Floor: first. Thread: any. No ``bpy``.
"""

import threading
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from ...api.errors import LibraryError, UnforeseenError
from ...api.libraries import needing
from ...api.sentence import Sentence
from ..events import Event, Notice, Remedy, TaskChanged
from ..files.seals import Seals
from ..record import TaskRecord
from ..settings import Settings
from ..store.lease import Owner
from ..store.store import Store
from ..version import addon_version
from .request_gate import Gate

if TYPE_CHECKING:
    from ...api.client import Client

#: Makes a client for a service and a key.
MakeClient = Callable[[Settings], "Client"]


def make_client(settings: Settings) -> "Client":
    """
    Return a client for the service and the key of ``settings``.

    :raises KeyMissingError: there is no key, or it was entered for another service.
    :raises InputError: address or key cannot be used.
    :raises LibraryError: what is loaded here cannot be worked with.
    """
    settings.check_key()
    # Late: brings requests, which takes longer to import than everything else.
    with needing("requests", "urllib3"):
        from ...api.client import Client

    return Client(settings.api_url, settings.api_key, version=addon_version())


def live_updates() -> ModuleType:
    """
    Return :mod:`api.websocket`.

    :raises LibraryError: the websockets that is loaded here cannot be worked with.
    """
    # Late: brings websockets.
    with needing("websockets"):
        from ...api import websocket

    return websocket


class Shared:
    """
    One engine's common ground.

    :param settings: the first settings; :meth:`configure` replaces them.
    :param store: the open store.
    :param owner: the engine's name in leases.
    :param make_client: makes the client when it is first needed.
    """

    def __init__(self, settings: Settings, store: Store, owner: Owner, make_client: MakeClient) -> None:
        self.store = store
        self.owner = owner
        self.gate = Gate(settings)
        self.stop = threading.Event()
        self.seals = Seals(self.stop)
        self.events: deque[Event] = deque()
        self.live = False
        """True while the WebSocket tells of changes."""
        self.let_be: set[str] = set()
        """Ids of tasks that the user follows no more; a download of theirs that is under way ends."""
        self._settings = settings
        self._make_client = make_client
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._told: Sentence | None = None

    @property
    def settings(self) -> Settings:
        """The newest settings."""
        return self._settings

    def configure(self, settings: Settings) -> None:
        """Take over new settings; another key or address gets a new client."""
        with self._lock:
            old = self._settings
            self._settings = settings
            outdated = None
            if (old.api_key, old.api_url) != (settings.api_key, settings.api_url):
                outdated, self._client = self._client, None
        self.gate.configure(settings)
        if outdated is not None:
            outdated.close()

    def client(self) -> "Client":
        """
        Return the client, once the gate lets requests through.

        :raises TriverseError: see :meth:`request_gate.Gate.check` and :func:`make_client`.
        """
        self.gate.check()
        with self._lock:
            if self._client is None:
                try:
                    self._client = self._make_client(self._settings)
                except LibraryError as error:
                    self.gate.cannot_work("libraries", error)
                    raise
            return self._client

    def close(self) -> None:
        """End every request under way."""
        self.stop.set()
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        self.seals.join()

    def changed(self, record: TaskRecord) -> None:
        """Tell the main thread of a record's newest state."""
        self.events.append(TaskChanged(record))

    def broke_down(self, part: str, error: UnforeseenError) -> None:
        """Keep back every request and say so: ``part`` met what it does not know, and its work is not done."""
        self.gate.cannot_work(part, error)
        self.notice("ERROR", error.sentence)

    def works_again(self, part: str) -> None:
        """Take :meth:`broke_down` back."""
        self.gate.cannot_work(part, None)

    def notice(self, level: str, sentence: Sentence, task_id: str = "", remedy: Remedy = Remedy.NONE) -> None:
        """Tell the user something, once; the same sentence twice in a row is told once."""
        if sentence != self._told or task_id:
            self.events.append(Notice(level, sentence, task_id, remedy))
        self._told = sentence
