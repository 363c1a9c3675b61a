# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the user asks the service beside tasks: the price, the balance, whether the key is good, which tasks there are.

Floor: first. Thread: a worker of its own; answers go to the main thread as events. No ``bpy``.
"""

import dataclasses
import logging
import queue
import threading
from collections.abc import Callable, Mapping

from ...api.errors import AuthenticationError, InputError, TriverseError, UnforeseenError, WrongAddressError
from ...api.flows import check
from ...api.payloads import Balance, TaskStatus
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ..events import BalanceKnown, Event, KeyTested, Quoted, TasksFound
from ..record import new_id
from ..store.errors import StoreError
from .context import Shared, live_updates, make_client
from .request_gate import Block
from .service_updates import record_of

log = logging.getLogger(__name__)

#: A question, and what makes an answer of the sentence that says why there is none.
_Asked = tuple[Callable[[], None], Callable[[Sentence], Event]]


class Questions:
    """One worker thread, started with the first question."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._queue: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._newest_quote = 0
        self._looked_as = ("", "")
        """Key and address with which the tasks of a damaged store were asked for."""

    def quote(self, flow: str, values: Mapping[str, object]) -> int:
        """Ask what a task would cost. Of several in a row only the last is sent. Returns the answer's token."""
        self._newest_quote += 1
        token = self._newest_quote
        self._ask(lambda: self._quote(token, flow, values), lambda problem: Quoted(token, None, problem))
        return token

    def balance(self) -> None:
        """Ask for the balance."""
        self._ask(self._balance, lambda problem: BalanceKnown(None, problem))

    def test_key(self, api_key: str | None) -> None:
        """Ask whose key it is; None means the key in use."""
        self._ask(lambda: self._test_key(api_key), lambda problem: KeyTested(False, problem))

    def find_tasks(self) -> None:
        """Ask for the user's tasks and add those that are not known here."""
        self._ask(self._find_tasks, lambda problem: TasksFound(0, problem))

    def find_lost(self) -> None:
        """
        Get the tasks of a damaged store back, if that is still to be done and the service can be asked.

        Once for a key: after an error, which is told with its button, the user decides.
        """
        settings = self._shared.settings
        asker = (settings.api_key, settings.api_url)
        if asker != self._looked_as and self._shared.store.is_lost and self._shared.gate.problem()[0] is Block.NONE:
            self._looked_as = asker
            self.find_tasks()

    def stop(self) -> None:
        """Tell the thread to end after what it is at."""
        if self._thread is not None:
            self._queue.put(None)

    def join(self, timeout_s: float) -> list[threading.Thread]:
        """Wait for the thread; return it if it still runs."""
        if self._thread is None:
            return []
        self._thread.join(timeout_s)
        return [self._thread] if self._thread.is_alive() else []

    def _ask(self, question: Callable[[], None], failed: Callable[[Sentence], Event]) -> None:
        """
        Have a question asked.

        :param failed: makes the answer of what nobody foresaw: whoever waits for one gets it.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="triverse-questions", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system gives out no more threads
                self._shared.events.append(failed(UnforeseenError(error).sentence))
                return
            self._thread = thread
        self._queue.put((question, failed))

    def _run(self) -> None:
        while (asked := self._queue.get()) is not None and not self._shared.stop.is_set():
            question, failed = asked
            try:
                question()
            except UNFORESEEN as error:
                # The last net of a worker thread, as in the lanes: without it no later question would be answered.
                log.exception("a question was not answered")
                self._shared.events.append(failed(UnforeseenError(error).sentence))

    # -------------------------------------------------------------------------

    def _quote(self, token: int, flow: str, values: Mapping[str, object]) -> None:
        if token != self._newest_quote:
            return
        try:
            # A price depends on settings only: it is there before a prompt is.
            params = check(flow, values, partial=True)
            quote = self._shared.client().quote(flow, params)
        except TriverseError as error:
            self._shared.events.append(Quoted(token, None, error.sentence, _in_preferences(error)))
        else:
            self._shared.events.append(Quoted(token, quote))

    def _balance(self) -> None:
        balance: Balance | None = None
        problem: Sentence | None = None
        in_preferences = False
        try:
            balance = self._shared.client().balance()
        except TriverseError as error:
            problem, in_preferences = error.sentence, _in_preferences(error)
        self._shared.events.append(BalanceKnown(balance, problem, in_preferences))

    def _test_key(self, api_key: str | None) -> None:
        settings = self._shared.settings
        try:
            if api_key is not None:
                settings = dataclasses.replace(settings, api_key=api_key)
            self._shared.gate.check_online()
            client = make_client(settings)
            try:
                account = client.me()
            finally:
                client.close()
        except TriverseError as error:
            self._shared.events.append(KeyTested(False, error.sentence))
            return
        self._shared.gate.passed("key")
        sentence = Sentence.of("The key works.")
        if account.email and account.api_credits is not None:
            sentence = Sentence.of(
                "The key works. It belongs to {email}, with {credits} API credits.",
                email=account.email,
                credits=account.api_credits,
            )
        elif account.email:
            sentence = Sentence.of("The key works. It belongs to {email}.", email=account.email)
        self._shared.events.append(KeyTested(True, sentence, account))

    def _find_tasks(self) -> None:
        store, settings = self._shared.store, self._shared.settings
        added = 0
        try:
            self._shared.gate.check()
            snapshot = live_updates().snapshot
            for status in snapshot(settings.api_url, settings.api_key, None, stop=self._shared.stop):
                if store.by_uuid(status.task_uuid) is None and self._add(status):
                    added += 1
        except TriverseError as error:
            self._shared.events.append(TasksFound(added, error.sentence))
        else:
            store.found_again()
            self._shared.events.append(TasksFound(added))

    def _add(self, status: TaskStatus) -> bool:
        """Add a task that was found; False if an order of this list got this very uuid meanwhile."""
        store = self._shared.store
        try:
            self._shared.changed(store.add(record_of(status, record_id=new_id())))
        except StoreError:
            if store.by_uuid(status.task_uuid) is None:
                raise
            return False
        return True


def _in_preferences(error: TriverseError) -> bool:
    return isinstance(error, AuthenticationError | WrongAddressError) or (
        isinstance(error, InputError) and error.field in ("api_key", "api_url")
    )
