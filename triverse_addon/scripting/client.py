# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a script can do: quote, order, follow and list tasks, and run batches.

Floor: between second and third. Thread: main. No ``bpy``.
"""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..api.errors import TriverseError, UnforeseenError
from ..api.unexpected_errors import UNFORESEEN
from ..tasks.record.record import Stage
from .connection import Connection, check_may_wait
from .task import Task

if TYPE_CHECKING:
    from ..api.payloads import Balance, Quote
    from .batch import Batch

log = logging.getLogger(__name__)

#: Number of tasks that :meth:`Triverse.tasks` returns at most, unless told otherwise.
_COUNT = 100


class Triverse:
    """
    Triverse for scripts. Made by :func:`scripting.open`, and closed by ``with`` or :meth:`close`.

    It is for the main thread, like ``bpy``.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """
        Stop the engine, if it was started for this script. The panel's goes on.

        Tasks go on at the service. The next start of any engine with this data folder follows them.
        """
        self._connection.close()

    # -------------------------------------------------------------------------
    # Credits

    def quote(self, flow: str = "text-to-model", **fields: object) -> "Quote":
        """
        Ask the service for the price of a task. It is free.

        Not in a window, which it would block: see :meth:`ask_quote`.

        :param fields: the flow's settings, see docs/flows.md. Only some decide the price; the others may be missing.
        :returns: among others ``cost_credits`` and ``available_credits``, both in credits.
        :raises WouldBlockError: this is a Blender with windows.
        :raises InputError: there is no such flow or field, or its value cannot be used.
        :raises TriverseError: the service was not reached, or rejects the key.
        """
        check_may_wait("quote()", "ask_quote()")
        from . import credits  # lazy import: loads the engine

        return credits.quote(self._connection.engine.settings, flow, fields)

    def balance(self) -> "Balance":
        """
        Ask the service for the account's API credits. Not in a window, which it would block: :meth:`ask_balance`.

        :returns: ``balance``, the credits to spend, and ``frozen``, those held for tasks that are under way.
        :raises WouldBlockError: this is a Blender with windows.
        :raises TriverseError: the service was not reached, or rejects the key.
        """
        check_may_wait("balance()", "ask_balance()")
        from . import credits

        return credits.balance(self._connection.engine.settings)

    def ask_quote(
        self, on_done: "Callable[[Quote | TriverseError], None]", flow: str = "text-to-model", **fields: object
    ) -> None:
        """
        Ask for the price of a task without waiting.

        :param on_done: called on the main thread with the answer, or with the error instead of it.
        :param fields: as for :meth:`quote`.
        """
        from . import credits

        settings = self._connection.engine.settings
        self._ask(lambda: credits.quote(settings, flow, fields), on_done)

    def ask_balance(self, on_done: "Callable[[Balance | TriverseError], None]") -> None:
        """
        Ask for the account's API credits without waiting.

        :param on_done: called on the main thread with the answer, or with the error instead of it.
        """
        from . import credits

        settings = self._connection.engine.settings
        self._ask(lambda: credits.balance(settings), on_done)

    def _ask(self, question: Callable[[], Any], on_done: Callable[[Any], None]) -> None:
        callbacks = self._connection.callbacks

        def run() -> None:
            try:
                callbacks.answer(on_done, question())
            except TriverseError as error:
                callbacks.answer(on_done, error)
            except UNFORESEEN as error:
                log.exception("a question of a script was not answered")
                callbacks.answer(on_done, UnforeseenError(error))

        threading.Thread(target=run, name="triverse-script", daemon=True).start()

    # -------------------------------------------------------------------------
    # Tasks

    def generate(
        self,
        flow: str = "text-to-model",
        *,
        name: str = "",
        order_id: str = "",
        allow_duplicate: bool = False,
        **fields: object,
    ) -> Task:
        """
        Order a model, and return its task at once. The model is not imported: see :meth:`Task.import_into`.

        The same request gives the same task, whenever it is made, and is paid once: a script that was killed goes on
        where it was when it is started again. A task that has failed is tried again, as by :meth:`Task.retry`.

        :param flow: a flow of docs/flows.md.
        :param name: the name of task and collection; "" to take it from the prompt or the file.
        :param order_id: what makes two requests the same: 1 to 64 letters, digits, "_" and "-". "" derives it from the
            flow, its settings, and what is in the files that are sent.
        :param allow_duplicate: order another model, and pay for it, although the request was made before.
        :param fields: the flow's settings, and paths or https addresses of its pictures and models, see docs/flows.md.
        :raises InputError: there is no such flow or field, or its value cannot be used; nothing was sent.
        :raises KeyMissingError: there is no key for this service.
        :raises OfflineError: online access is off.
        :raises TriverseError: nothing can be sent, or the store cannot be written.
        """
        return self.generate_variants(
            flow, count=1, name=name, order_id=order_id, allow_duplicate=allow_duplicate, **fields
        )[0]

    def generate_variants(
        self,
        flow: str = "text-to-model",
        *,
        count: int,
        name: str = "",
        order_id: str = "",
        allow_duplicate: bool = False,
        **fields: object,
    ) -> list[Task]:
        """
        Order several variants of one wish, to keep one of them, and return their tasks at once.

        Each is an order of its own, with the price of :meth:`quote`. The list shows them as one group, as it does with
        those of the panel. The same request gives the same tasks, and each is paid once: a script that was killed goes
        on with all of them, and a larger ``count`` than before orders only what is missing.

        :param count: how many, from 1 to 8.
        :param name: the name of the wish; the variants' names are numbered.
        :param order_id: as for :meth:`generate`, for all variants together.
        :param allow_duplicate: order all of them anew, and pay for them.
        :param fields: as for :meth:`generate`.
        :raises InputError: as for :meth:`generate`, or ``count`` is out of range; nothing was sent.
        :raises TriverseError: as for :meth:`generate`.
        """
        # Lazy imports: these load requests and sqlite3.
        from .order import check_count, derived_id, order, request_for
        from .readiness import check_ready

        engine = self._connection.engine
        check_ready(engine.settings)
        check_count(count)
        request = request_for(
            flow,
            fields,
            name=name,
            order_id=order_id,
            # The id alone decides: what the service calls a duplicate can only be this very order.
            allow_duplicate=True,
            placement=self._connection.host.scene_placement(),
        )
        if not (order_id or allow_duplicate):
            request = dataclasses.replace(request, client_order_id=derived_id(request))
        return [Task(self._connection, record) for record in order(engine, request, count)]

    def track(self, uuid: str) -> Task:
        """
        Follow a task that was made elsewhere, by its UUID, and fetch its model.

        :raises TypeError: this is no text.
        :raises InputError: this cannot be a UUID.
        :raises TriverseError: nothing can be sent, or the store cannot be written.
        """
        from .order import script_origin, taken_up
        from .readiness import check_ready

        if not isinstance(uuid, str):
            raise TypeError("uuid must be text")
        engine = self._connection.engine
        check_ready(engine.settings)
        known = engine.store.find_by_uuid(uuid.strip())
        if known is not None:
            return Task(self._connection, taken_up(engine, known))
        placement = self._connection.host.scene_placement()
        (record,) = engine.track([uuid], origin=script_origin(), placement=placement, auto_import=False)
        return Task(self._connection, record)

    def tasks(
        self, search: str = "", stage: Stage | str | Iterable[Stage | str] | None = None, count: int = _COUNT
    ) -> list[Task]:
        """
        Return tasks of the list, newest first. Nothing is sent.

        :param search: words that must all occur in a task's name, prompt, flow or UUID, ignoring case.
        :param stage: only tasks in this stage, or in one of these; None for all.
        :param count: the most tasks to return.
        :raises ValueError: there is no such stage, or ``count`` is negative.
        :raises StoreError: the list cannot be read.
        """
        if count < 0:
            raise ValueError("count must be 0 or more")
        stages = () if stage is None else [stage] if isinstance(stage, str) else stage
        engine = self._connection.engine
        found = engine.store.page(count=count, search=search, stages=frozenset(map(Stage, stages)))
        return [Task(self._connection, record) for record in found]

    def wait(
        self,
        tasks: Iterable[Task],
        on_change: Callable[[Task], None] | None = None,
        timeout_s: float | None = None,
    ) -> Sequence[Task]:
        """
        Wait until all of these tasks have ended. Not in a window, which it would block: see :meth:`Task.on_done`.

        :param on_change: called with a task at each of its changes. What it raises ends the wait.
        :param timeout_s: the longest wait, in seconds; None for no limit.
        :returns: the tasks that have their model. The others say in :attr:`Task.error` why they have none.
        :raises WouldBlockError: this is a Blender with windows.
        :raises WaitTimeoutError: the time is over. The tasks go on.
        :raises TriverseError: requests are blocked, or have failed for about half a minute; the tasks go on when this
            is over.
        """
        from .driving import wait_for

        waited = list(tasks)
        errors = wait_for(self._connection, waited, on_change=on_change, timeout_s=timeout_s)
        for task, error in zip(waited, errors, strict=True):
            if error is not None and not task.is_done:
                raise error
        return [task for task, error in zip(waited, errors, strict=True) if error is None]

    # -------------------------------------------------------------------------
    # Many models

    def batch(
        self,
        rows: "Path | str | Iterable[Mapping[str, object]]",
        library: Path | str | None = None,
        *,
        max_credits: int | None = None,
        retry_failed: bool = False,
        jobs: int = 8,
        defaults: Mapping[str, str] | None = None,
        batch_id: str = "",
        allow_outside_files: bool = False,
    ) -> "Batch":
        """
        Make many models, and write each into an asset library; return at once. The rules are those of docs/batch.md.

        Run again, it orders only what was not ordered before.

        :param rows: a CSV, JSON or JSON Lines file, a folder of pictures, or the rows themselves, each as a mapping.
        :param library: the folder of the asset library; None for one next to the file.
        :param max_credits: order nothing if it costs more than this, in credits, or an amount that the service does not
            tell before; None for as much as the account has.
        :param retry_failed: try the failed rows again, and only those.
        :param jobs: the most tasks that are under way at once, 1 to 1000.
        :param defaults: values by column for rows that do not have their own.
        :param batch_id: another text orders everything again, and pays for it.
        :param allow_outside_files: open files that lie outside the folder of the file ``rows``.
        :raises InputError: ``rows`` are mappings, and there is no ``library``; or a number cannot be used.
        """
        from .batch import Batch
        from .batch_request import request_for

        request = request_for(
            rows,
            library,
            defaults=defaults or {},
            batch_id=batch_id,
            allow_outside_files=allow_outside_files,
            with_blender=self._connection.host.converter() is not None,
        )
        return Batch(self._connection, request, max_credits=max_credits, retry_failed=retry_failed, jobs=jobs)
