# SPDX-License-Identifier: GPL-3.0-or-later
"""
The store: a database with every task, which is written before anything is sent.

Floor: first. Thread: any; each thread has a connection of its own to read, and one at a time writes. No ``bpy``.

SQLite, see ``connection``. Every change is one transaction. Changes that affect paid orders are flushed to the disk
(``durable``), progress is not. Several Blenders share the file: the one that holds a task's lease works on it. Every
write increments one revision counter, by which the others query for changes.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ..files.private_files import ForeignFolderError, own_file, own_folder
from ..record.record import TRANSITIONS, UNFINISHED, Stage, TaskRecord, now_s
from . import clean_end
from .connection import Connection, Connections, is_damage
from .errors import LeaseLostError, NoSuchTaskError, StoreError, unusable
from .lease_rows import claimable, release_leases, renew_leases, take_leases
from .lost_store import LostStore
from .reads import StoreReads
from .rows import (
    SELECT,
    HistoryLine,
    RowReader,
    add_history,
    ends_lease,
    insert,
    next_revision,
    remove,
    row_of_order,
    take_in,
    write,
)
from .schema import SCHEMA_VERSION, migrate
from .spending import SpendingReads

FILE_NAME = "tasks.sqlite3"


class Store(StoreReads, SpendingReads):
    """
    The tasks of one user on one machine.

    :param folder: folder of the database; created if missing.
    :param is_in_use: returns whether another engine that runs has opened the database, and so has checked it.
    :raises StoreError: the database can neither be opened nor be set aside.
    """

    def __init__(self, folder: Path, is_in_use: Callable[[], bool] = lambda: False) -> None:
        self.path = folder / FILE_NAME
        # Asked before it is opened, which makes a log.
        self._must_check = not clean_end.is_marked(self.path) and not is_in_use()
        self.read_only = False
        self.problem: Sentence | None = None
        """What is wrong with the store, for the user: it was damaged and set aside, or a newer add-on wrote it."""
        self._lost = LostStore(self.path)
        self._write_lock = threading.Lock()
        self._connections = Connections(self.path)
        self._rows = RowReader()
        try:
            own_folder(folder)
            own_file(self.path)
            self._open()
        except ForeignFolderError as error:
            raise StoreError(error.sentence) from None
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError) and not is_damage(error):
                raise unusable(self.path, error) from None
            self._replace_damaged()
        except OSError as error:
            raise unusable(self.path, error) from None
        if self.is_lost and self.problem is None:
            self.problem = self._lost.sentence

    def _open(self) -> None:
        connection = self._connection()
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            self.read_only = True
            self.problem = Sentence.of(
                "The list of tasks was written by a newer version of Triverse. It is shown, but nothing can be "
                "changed. Update the add-on."
            )
            return
        if version < SCHEMA_VERSION:
            # Only if necessary: it takes the write lock, and the main thread would wait for other Blenders' writes.
            migrate(connection)
        if self._must_check and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("quick_check failed")

    def _replace_damaged(self) -> None:
        self._connections.reset()
        try:
            self._lost.set_aside()
            self._open()
        except (OSError, sqlite3.Error) as error:
            raise unusable(self.path, error) from None
        self.problem = self._lost.sentence

    @property
    def is_lost(self) -> bool:
        """Whether the tasks of a damaged store still have to be found at the service."""
        return self._lost.exists

    def found_again(self) -> None:
        """Record that the service has listed all the tasks it knows."""
        if (sentence := self._lost.forget()) is not None:
            self.problem = sentence

    # -------------------------------------------------------------------------
    # Connections

    def _connection(self) -> Connection:
        return self._connections.of_this_thread()

    def _connection_for_writing(self) -> Connection:
        return self._connections.for_writing()

    def close(self) -> None:
        """Close the connections of all threads. Later calls raise :class:`StoreError`."""
        with self._write_lock:
            self._connections.close()
            clean_end.mark(self.path)

    @contextlib.contextmanager
    def _writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """
        Open a write transaction.

        :param durable: wait until it is on the disk. Progress needs no such wait, because the service reports it again.
        :raises StoreError: the database cannot be written.
        """
        if self.read_only:
            raise StoreError(self.problem or Sentence.of("The list of tasks cannot be changed."))
        with self._write_lock:
            try:
                connection = self._connection_for_writing()
                connection.begin(durable=durable)
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise unusable(self.path, error) from None

    # -------------------------------------------------------------------------
    # Writing

    def add(self, record: TaskRecord, *, owner: str = "", lease_s: float = 0.0) -> TaskRecord:
        """
        Insert a new task. It is on the disk when this returns.

        :param owner: the engine that holds its lease from the start; "" for none.
        :param lease_s: duration of the lease in seconds.
        :returns: the stored record, or the one with this ``client_order_id`` that another Blender has stored.
        :raises StoreError: the database cannot be written.
        """
        return self.add_all([record], owner=owner, lease_s=lease_s)[0]

    def add_all(self, records: Sequence[TaskRecord], *, owner: str = "", lease_s: float = 0.0) -> list[TaskRecord]:
        """
        Insert several new tasks in one transaction: all of them are on the disk when this returns, or none.

        For parameters and errors see :meth:`add`.

        :returns: for each the stored record, or the one with its ``client_order_id`` that was there already.
        """
        added = []
        with self._writing() as connection:
            for record in records:
                known = self._rows.record(row_of_order(connection, record.client_order_id))
                if known is None:
                    known = record.with_(revision=next_revision(connection), updated_at_s=now_s())
                    insert(connection, known, owner=owner or None, lease_until_s=now_s() + lease_s)
                added.append(known)
        return added

    def take_in(self, tasks: Iterable[tuple[TaskRecord, Sequence[HistoryLine]]]) -> int:
        """
        Insert tasks of another store with their history, in one transaction. They have no lease.

        Tasks that are known here already, or were removed from this list, are left out.

        :returns: the number of new tasks.
        :raises StoreError: the database cannot be written.
        """
        with self._writing() as connection:
            return take_in(connection, tasks)

    def change(
        self,
        task_id: str,
        edit: Callable[[TaskRecord], TaskRecord | None],
        *,
        owner: str | None = None,
        history: tuple[str, Sentence] | None = None,
        durable: bool = True,
    ) -> TaskRecord:
        """
        Read a task, edit it and write it back, in one transaction.

        :param edit: gets the stored record and returns the new one, or None for no change.
        :param owner: the engine that must hold the lease; None if no lease is needed.
        :param history: level and sentence for the task's history.
        :param durable: wait until it is on the disk.
        :returns: the record as stored now.
        :raises NoSuchTaskError: the task was removed from the list.
        :raises LeaseLostError: another engine holds the lease.
        :raises ValueError: the transition to the new stage is not allowed.
        :raises StoreError: the database cannot be written.
        """
        with self._writing(durable=durable) as connection:
            return self._change(connection, task_id, edit, owner, history)

    def change_all(self, task_ids: Iterable[str], edit: Callable[[TaskRecord], TaskRecord | None]) -> list[TaskRecord]:
        """
        Change several tasks in one transaction: all of them, or none. Those that were removed are left out.

        For the other parameters and errors see :meth:`change`.

        :returns: the records as stored now.
        """
        changed = []
        with self._writing() as connection:
            for task_id in task_ids:
                with contextlib.suppress(NoSuchTaskError):
                    changed.append(self._change(connection, task_id, edit, None, None))
        return changed

    def _change(
        self,
        connection: Connection,
        task_id: str,
        edit: Callable[[TaskRecord], TaskRecord | None],
        owner: str | None,
        history: tuple[str, Sentence] | None,
    ) -> TaskRecord:
        row = connection.execute(f"SELECT {SELECT}, owner FROM tasks WHERE id = ?", (task_id,)).fetchone()
        if row is None:
            raise NoSuchTaskError(Sentence.of("This task was taken off the list."))
        if owner is not None and row[-1] != owner:
            raise LeaseLostError(Sentence.of("Another Blender works on this task."))
        old = self._rows.record(row)
        if old is None:
            raise NoSuchTaskError(Sentence.of("This task was taken off the list."))
        new = edit(old)
        if new is None or new == old:
            return old
        if new.stage is not old.stage and new.stage not in TRANSITIONS[old.stage]:
            raise ValueError(f"no way leads from {old.stage} to {new.stage}")
        new = new.with_(id=task_id, revision=next_revision(connection), updated_at_s=now_s())
        write(connection, new, None if task_id in self._rows.damaged else old, end_lease=ends_lease(old, new))
        self._rows.damaged.discard(task_id)
        if history is not None:
            add_history(connection, task_id, *history)
        return new

    def add_history(self, task_id: str, level: str, sentence: Sentence) -> None:
        """Add a line to a task's history."""
        with self._writing(durable=False) as connection:
            add_history(connection, task_id, level, sentence)

    def remove(self, task_id: str) -> TaskRecord | None:
        """Remove a task from the list. Return its last record; None if there is none."""
        with self._writing() as connection:
            row = connection.execute(f"SELECT {SELECT} FROM tasks WHERE id = ?", (task_id,)).fetchone()
            if row is None:
                return None
            remove(connection, task_id)
        return self._rows.record(row)

    # -------------------------------------------------------------------------
    # Leases

    def claim(
        self,
        owner: str,
        lease_s: float,
        *,
        is_dead: Callable[[str], bool],
        task_ids: Collection[str] | None = None,
        stages: Collection[Stage] = UNFINISHED,
    ) -> list[TaskRecord]:
        """
        Take the leases of all followed tasks in ``stages`` that no running engine holds.

        :param owner: the engine that takes them.
        :param lease_s: duration of the leases in seconds.
        :param is_dead: returns whether the engine of that name has certainly ended.
        :param task_ids: only these tasks; None for all.
        :param stages: only tasks in these stages.
        :returns: the tasks whose lease ``owner`` did not hold before, oldest first.
        """
        with self._writing(durable=False) as connection:
            found = self._rows.records(claimable(connection, owner, lease_s, is_dead, stages, task_ids))
            take_leases(connection, owner, lease_s, [record.id for record in found])
        return found

    def renew(self, owner: str, lease_s: float) -> None:
        """Renew the leases of ``owner`` to ``lease_s`` seconds from now."""
        with self._writing(durable=False) as connection:
            renew_leases(connection, owner, lease_s)

    def release(self, owner: str, task_id: str | None = None) -> None:
        """Release the lease of one task, or all leases of ``owner``."""
        with self._writing(durable=False) as connection:
            release_leases(connection, owner, task_id)

    # -------------------------------------------------------------------------
    # Damaged rows

    def repair_rows(self) -> list[TaskRecord]:
        """
        Repair the rows that were found damaged: write what could be recovered.

        :returns: the repaired tasks.
        """
        repaired = []
        while self._rows.damaged and not self.read_only:
            task_id = self._rows.damaged.pop()
            with self._writing() as connection:
                row = connection.execute(f"SELECT {SELECT} FROM tasks WHERE id = ?", (task_id,)).fetchone()
                record = self._rows.record(row)
                if record is None or task_id not in self._rows.damaged:
                    continue  # removed or rewritten in the meantime
                record = record.with_(revision=next_revision(connection), updated_at_s=now_s())
                write(connection, record, None)
                add_history(connection, task_id, "WARNING", record.error or record.status_note or Sentence.of(""))
                self._rows.damaged.discard(task_id)
            repaired.append(record)
        return repaired
