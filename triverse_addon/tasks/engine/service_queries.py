# SPDX-License-Identifier: GPL-3.0-or-later
"""
Queries to the service that concern no single task: price, balance, key test, and list of tasks.

Floor: first. Thread: a worker thread of its own; answers are sent to the main thread as events. No ``bpy``.
"""

import logging
import queue
import threading
from collections.abc import Callable, Mapping

from ...api.errors import AuthenticationError, InputError, TriverseError, UnforeseenError, WrongAddressError
from ...api.flows import check
from ...api.payloads import Balance, TaskStatus
from ...api.sentence import Sentence
from ...api.unexpected_errors import UNFORESEEN
from ..record.events import BalanceKnown, Event, KeyTested, Quoted, TasksFound
from ..record.record import new_id
from ..store.errors import StoreError
from .context import EngineContext, make_client
from .reconcile import list_tasks
from .request_gate import BlockReason
from .service_updates import record_of

log = logging.getLogger(__name__)

#: A query, and a function that turns an error message into its answer event.
_QueuedQuery = tuple[Callable[[], None], Callable[[Sentence], Event]]


class ServiceQueries:
    """Runs queries one after another on one worker thread, started with the first query."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._queue: queue.SimpleQueue[_QueuedQuery | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._newest_quote = 0
        self._restored_for = ("", "")
        """Key and address last used to restore the tasks of a damaged store."""

    def quote(self, flow: str, values: Mapping[str, object]) -> int:
        """
        Query the price of a task.

        :returns: the token of the answer. Of several pending queries only the last is sent.
        """
        self._newest_quote += 1
        token = self._newest_quote
        self._enqueue(lambda: self._quote(token, flow, values), lambda problem: Quoted(token, None, problem))
        return token

    def balance(self) -> None:
        """Query the account's balance."""
        number = self._context.account_number
        self._enqueue(lambda: self._balance(number), lambda problem: BalanceKnown(None, problem, account_number=number))

    def test_key(self) -> None:
        """Query the account of the key."""
        number = self._context.account_number
        self._enqueue(lambda: self._test_key(number), lambda problem: KeyTested(False, problem, account_number=number))

    def find_tasks(self) -> None:
        """Query the user's tasks, and add those that are not in the list."""
        self._enqueue(lambda: self._find_tasks(is_asked=True), lambda problem: TasksFound(0, problem))

    def find_lost(self) -> None:
        """
        Restore the tasks of a damaged store, if that is still pending and requests are possible.

        Tried once per key and address. After an error, which is shown with a button to retry, the user decides. If the
        service names no task at all, it may only have been slow, so that it is asked again at the next start.
        """
        settings = self._context.settings
        account = (settings.api_key, settings.api_url)
        if (
            account != self._restored_for
            and self._context.store.is_lost
            and self._context.gate.problem()[0] is BlockReason.NONE
        ):
            self._restored_for = account
            self._enqueue(lambda: self._find_tasks(is_asked=False), lambda problem: TasksFound(0, problem))

    def stop(self) -> None:
        """Ask the thread to stop after its current query."""
        if self._thread is not None:
            self._queue.put(None)

    def join(self, timeout_s: float) -> list[threading.Thread]:
        """Wait for the thread, at most ``timeout_s`` seconds; return it if it still runs."""
        if self._thread is None:
            return []
        self._thread.join(timeout_s)
        return [self._thread] if self._thread.is_alive() else []

    def _enqueue(self, query: Callable[[], None], failed: Callable[[Sentence], Event]) -> None:
        """
        Queue a query.

        :param failed: makes the answer event for an unforeseen error, so that the caller always gets an answer.
        """
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="triverse-queries", daemon=True)
            try:
                thread.start()
            except RuntimeError as error:  # the system gives out no more threads
                self._context.events.append(failed(UnforeseenError(error).sentence))
                return
            self._thread = thread
        self._queue.put((query, failed))

    def _run(self) -> None:
        while (queued := self._queue.get()) is not None and not self._context.stop.is_set():
            query, failed = queued
            try:
                query()
            except UNFORESEEN as error:
                # Handle every error here, as in the work queues: if the thread died, no later query would be answered.
                log.exception("a question was not answered")
                self._context.events.append(failed(UnforeseenError(error).sentence))

    # -------------------------------------------------------------------------

    def _quote(self, token: int, flow: str, values: Mapping[str, object]) -> None:
        if token != self._newest_quote:
            return
        try:
            # A price depends on the settings only, so it can be queried before a prompt is entered.
            params = check(flow, values, partial=True)
            quote = self._context.client().quote(flow, params)
        except TriverseError as error:
            self._context.events.append(Quoted(token, None, error.sentence, _in_preferences(error)))
        else:
            self._context.events.append(Quoted(token, quote))

    def _balance(self, account_number: int) -> None:
        balance: Balance | None = None
        problem: Sentence | None = None
        in_preferences = False
        try:
            balance = self._context.client().balance()
        except TriverseError as error:
            problem, in_preferences = error.sentence, _in_preferences(error)
        self._context.events.append(BalanceKnown(balance, problem, in_preferences, account_number))

    def _test_key(self, account_number: int) -> None:
        try:
            self._context.gate.check_online()
            # A client of its own: a key that was refused a moment ago is tried at once.
            client = make_client(self._context.settings)
            try:
                account = client.me()
            finally:
                client.close()
        except TriverseError as error:
            self._context.events.append(KeyTested(False, error.sentence, account_number=account_number))
            return
        self._context.gate.succeeded("key")
        sentence = Sentence.of("The key works.")
        if account.email and account.api_credits is not None:
            sentence = Sentence.of(
                "The key works. It belongs to {email}, with {credits} API {credits|credit|credits}.",
                email=account.email,
                credits=account.api_credits,
            )
        elif account.email:
            sentence = Sentence.of("The key works. It belongs to {email}.", email=account.email)
        self._context.events.append(KeyTested(True, sentence, account, account_number))

    def _find_tasks(self, *, is_asked: bool) -> None:
        store = self._context.store
        added = 0
        try:
            self._context.gate.check()
            statuses, cut_off = list_tasks(self._context, None)
            for status in statuses:
                if store.find_by_uuid(status.task_uuid) is None and self._add(status):
                    added += 1
            if cut_off is not None:
                raise cut_off
        except TriverseError as error:
            self._context.events.append(TasksFound(added, error.sentence))
        else:
            if statuses or is_asked:
                store.found_again()
            self._context.events.append(TasksFound(added))

    def _add(self, status: TaskStatus) -> bool:
        """Add a found task; return False if an order in this list has got the same UUID in the meantime."""
        store = self._context.store
        try:
            self._context.changed(store.add(record_of(status, record_id=new_id())))
        except StoreError:
            if store.find_by_uuid(status.task_uuid) is None:
                raise
            return False
        return True


def _in_preferences(error: TriverseError) -> bool:
    return isinstance(error, AuthenticationError | WrongAddressError) or (
        isinstance(error, InputError) and error.field in ("api_key", "api_url")
    )
