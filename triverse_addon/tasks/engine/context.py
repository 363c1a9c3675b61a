# SPDX-License-Identifier: GPL-3.0-or-later
"""
The state shared by the engine's threads: settings, client, store, and the event queue of the main thread.

Floor: first. Thread: any. No ``bpy``.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from http import HTTPStatus
from types import ModuleType
from typing import TYPE_CHECKING

from ...api.errors import AuthenticationError, LibraryError, UnforeseenError
from ...api.libraries import needing
from ...api.sentence import Sentence
from ..files.seals import Seals
from ..record.events import Event, Notice, Remedy, TaskChanged
from ..record.record import TaskRecord
from ..settings import Settings
from ..store.lease import Owner
from ..store.store import Store
from ..version import addon_version
from .request_gate import RequestGate

if TYPE_CHECKING:
    from ...api.client import Client

#: Creates an API client for the service address and key of the settings.
MakeClient = Callable[[Settings], "Client"]


def make_client(settings: Settings) -> "Client":
    """
    Return a client for the service address and key of ``settings``.

    :raises KeyMissingError: there is no key, or it was entered for another service.
    :raises InputError: the address or the key is invalid.
    :raises LibraryError: a loaded library is not usable.
    """
    settings.check_key()
    # Imported late: this loads requests, which takes longer to import than everything else.
    with needing("requests", "urllib3"):
        from ...api.client import Client

    return Client(settings.api_url, settings.api_key, version=addon_version())


def live_updates() -> ModuleType:
    """
    Return :mod:`api.websocket`.

    :raises LibraryError: the loaded version of websockets is not usable.
    """
    # Imported late: this loads websockets.
    with needing("websockets"):
        from ...api import websocket

    return websocket


class EngineContext:
    """
    The state that all threads of one engine share.

    :param settings: the initial settings; :meth:`configure` replaces them.
    :param store: the open store.
    :param owner: the engine's name in leases.
    :param make_client: creates the client on first use.
    """

    def __init__(self, settings: Settings, store: Store, owner: Owner, make_client: MakeClient) -> None:
        self.store = store
        self.owner = owner
        self._settings = settings
        self.account_number = 0
        """Number of times that key or address have changed. An answer with a lower number is about another account."""
        self.gate = RequestGate(lambda: self._settings)
        self.stop = threading.Event()
        self.seals = Seals(self.stop)
        self.events: deque[Event] = deque()
        self.live = False
        """Whether the WebSocket is connected and reports changes."""
        self.unfollowed_ids: set[str] = set()
        """Ids of tasks that the user stopped following; a running download of such a task is aborted."""
        self._works: dict[str, threading.Event] = {}
        """Task id -> the event that stops the child Blender that works on its model."""
        self._make_client = make_client
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._last_notice: Sentence | None = None

    @property
    def settings(self) -> Settings:
        """The current settings."""
        return self._settings

    def configure(self, settings: Settings) -> None:
        """Apply new settings. If the key or the address changed, the client is replaced on next use."""
        with self._lock:
            old = self._settings
            self._settings = settings
            outdated = None
            if (old.api_key, old.api_url) != (settings.api_key, settings.api_url):
                outdated, self._client = self._client, None
                self.account_number += 1
        if outdated is not None:
            outdated.close()

    def client(self) -> "Client":
        """
        Return the client, created on first use.

        :raises TriverseError: requests are blocked, or no client can be created; see
            :meth:`request_gate.RequestGate.check` and :func:`make_client`.
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

    def is_key_refused(self, error: AuthenticationError) -> bool:
        """
        Return whether a refusal is of the key, and not only of the task that was asked for, such as somebody else's.

        :raises TriverseError: the service cannot be asked now.
        """
        if error.http_status != HTTPStatus.FORBIDDEN:
            return True
        try:
            self.client().me()
        except AuthenticationError:
            return True
        return False

    @contextlib.contextmanager
    def stop_event(self, task_id: str) -> Iterator[threading.Event]:
        """Yield the event that stops the work on one model: set by :meth:`stop_work`, and at the end of the engine."""
        event = threading.Event()
        with self._lock:
            self._works[task_id] = event
            if self.stop.is_set():
                event.set()
        try:
            yield event
        finally:
            with self._lock:
                self._works.pop(task_id, None)

    def stop_work(self, task_id: str) -> None:
        """Stop the child Blender that works on the model of a task, if there is one."""
        with self._lock:
            event = self._works.get(task_id)
        if event is not None:
            event.set()

    def cancel_requests(self) -> None:
        """Set the stop events and abort all running requests."""
        self.stop.set()
        with self._lock:
            for event in self._works.values():
                event.set()
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def changed(self, record: TaskRecord) -> None:
        """Queue a record's new state for the main thread."""
        self.events.append(TaskChanged(record))

    def broke_down(self, part: str, error: UnforeseenError) -> None:
        """Block all requests and notify the user: ``part`` failed with an unforeseen error, so its work is not done."""
        self.gate.cannot_work(part, error)
        self.notice("ERROR", error.sentence)

    def works_again(self, part: str) -> None:
        """Undo :meth:`broke_down` for ``part``."""
        self.gate.cannot_work(part, None)

    def notice(self, level: str, sentence: Sentence, task_id: str = "", remedy: Remedy = Remedy.NONE) -> None:
        """Queue a notice for the user. A notice without a task that repeats the previous sentence is dropped."""
        if sentence != self._last_notice or task_id:
            self.events.append(Notice(level, sentence, task_id, remedy))
        self._last_notice = sentence
