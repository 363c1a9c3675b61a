# SPDX-License-Identifier: GPL-3.0-or-later
"""
A task, as scripts see it.

Floor: between second and third. Thread: main. Imports ``bpy`` only to import a model.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..api.errors import TriverseError
from ..api.sentence import Sentence
from ..tasks.record.record import Stage, TaskRecord
from ..tasks.record.status_text import time_left_s
from .errors import TaskFailedError

if TYPE_CHECKING:
    import bpy

    from .connection import Connection


@dataclass(frozen=True, slots=True)
class Files:
    """
    The files of a task, as absolute paths; None for each that is not there.

    :ivar folder: the task's own folder.
    :ivar model: the model as delivered, a GLB.
    :ivar blend: the model as Blender has converted it, which an import appends.
    :ivar preview: the service's picture of the model.
    :ivar results: what a flow without a model has delivered, such as pictures.
    """

    folder: Path | None
    model: Path | None
    blend: Path | None
    preview: Path | None
    results: tuple[Path, ...] = ()


class Task:
    """
    One task. Its attributes are read-only, and follow what becomes of the task.

    Made by :meth:`Triverse.generate`, :meth:`Triverse.track` and :meth:`Triverse.tasks`.
    """

    def __init__(self, connection: "Connection", record: TaskRecord) -> None:
        self._connection = connection
        self._record = record

    def __repr__(self) -> str:
        return f"<Task {self.name!r} {self.stage}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    # -------------------------------------------------------------------------
    # What is known of it

    @property
    def record(self) -> TaskRecord:
        """The latest known record, from memory. For the add-on; a script reads the attributes below."""
        engine = self._connection.engine
        # One that has ended may not be in memory any more.
        known = (engine.get if self._record.is_unfinished else engine.task_cache.get)(self._record.id)
        if known is not None and known.revision >= self._record.revision:
            self._record = known
        return self._record

    @property
    def id(self) -> str:
        """The id of the task on this machine, there from the start. Operators take it as ``task_id``."""
        return self._record.id

    @property
    def uuid(self) -> str | None:
        """The UUID under which the service knows the task; None before it has answered."""
        return self.record.task_uuid

    @property
    def flow(self) -> str:
        """The name of the flow, such as "text-to-model"."""
        return self.record.flow

    @property
    def name(self) -> str:
        """The task's name in the list, and that of its collection."""
        return self.record.name

    @property
    def stage(self) -> Stage:
        """How far the task is; a text such as "waiting" equals its stage."""
        return self.record.stage

    @property
    def progress(self) -> int | None:
        """The service's estimate in percent, 0 to 100; None while there is none."""
        return self.record.progress

    @property
    def seconds_left(self) -> float | None:
        """An estimate of the time until the service has finished, in seconds; None while there is none."""
        return time_left_s(self.record)

    @property
    def cost_credits(self) -> int | None:
        """What the task costs, in credits; None while it is not known."""
        return self.record.cost_credits

    @property
    def note(self) -> str:
        """Why the task waits at the moment, in English; "" if it does not."""
        note = self.record.status_note
        return "" if note is None else str(note)

    @property
    def error(self) -> TriverseError | None:
        """Why the task ended without a model, or is not followed any more; None if neither is so."""
        from .waiting import error_of  # lazy import: loads the engine

        if self._is_gone():
            return TaskFailedError(Sentence.of("This task was taken off the list."))
        return error_of(self.record)

    @property
    def is_done(self) -> bool:
        """Whether nothing more will happen by itself: the result is there, or the task has ended without one."""
        return not self.record.is_unfinished or self._is_gone()

    @property
    def text(self) -> str:
        """The text that the service has written, such as an improved prompt; "" if the flow writes none."""
        return self.record.result_text

    @property
    def files(self) -> Files:
        """The files of the task on this machine."""
        record = self.record
        paths = (record.folder, record.model_path, record.blend_path, record.preview_path)
        folder, model, blend, preview = (Path(path) if path else None for path in paths)
        return Files(folder, model, blend, preview, tuple(map(Path, record.result_files)))

    def _is_gone(self) -> bool:
        """Return whether the task was taken off the list before it ended."""
        return self._record.is_unfinished and self._connection.engine.get(self._record.id) is None

    # -------------------------------------------------------------------------
    # Waiting

    def wait(self, timeout_s: float | None = None, on_change: "Callable[[Task], None] | None" = None) -> Self:
        """
        Wait until the model is on this machine. Not in a window, which it would block: see :meth:`on_done`.

        :param timeout_s: the longest wait, in seconds; None for no limit.
        :param on_change: called at each change of the task. What it raises ends the wait.
        :raises WouldBlockError: this is a Blender with windows.
        :raises WaitTimeoutError: the time is over. The task goes on.
        :raises TriverseError: the task has ended without a model, see :attr:`error`; or requests are blocked, or have
            failed for about half a minute, and the task goes on when this is over.
        """
        from .driving import wait_for  # lazy import: loads the engine

        (error,) = wait_for(self._connection, [self], on_change=on_change, timeout_s=timeout_s)
        if error is not None:
            raise error
        return self

    def on_change(self, function: "Callable[[Task], None]") -> Self:
        """
        Call ``function`` with the task at each change, on the main thread, until it is done.

        An error that it raises is told in the task's history.
        """
        self._connection.callbacks.add_changed(self, function)
        return self

    def on_done(self, function: "Callable[[Task], None]") -> Self:
        """
        Call ``function`` with the task once, on the main thread, when it is done; soon, if it is done already.

        The task may have failed: see :attr:`error`. An error that ``function`` raises is told in the task's history.
        """
        self._connection.callbacks.add_done(self, function)
        return self

    def __await__(self) -> "Generator[Any, None, Task]":
        """
        Wait for the task under asyncio, without blocking the loop.

        :raises TriverseError: as :meth:`wait`.
        """
        from .driving import until_done  # lazy import: loads the engine

        return until_done(self._connection, self).__await__()

    # -------------------------------------------------------------------------
    # What can be done with it

    def retry(self) -> Self:
        """
        Try a failed task again, from where it failed. Nothing happens to a task that has not failed.

        Only what the service itself has refused, failed or cancelled is ordered again.

        :raises TriverseError: the task was taken off the list, or the store cannot be written.
        """
        self._record = self._connection.engine.retry(self.id)
        return self

    def stop_following(self) -> None:
        """
        Leave the task alone. The service has no cancel: it goes on there, and may be charged.

        The same :meth:`Triverse.generate` follows it again.

        :raises TriverseError: the task was taken off the list, or the store cannot be written.
        """
        self._connection.engine.stop_following(self.id)

    def import_into(
        self,
        target: "bpy.types.Scene | bpy.types.Collection | None" = None,
        *,
        at: "Sequence[float] | bpy.types.Object" = (0.0, 0.0, 0.0),
        height: float | None = None,
        fit_to: "bpy.types.Object | str | None" = None,
        on_ground: bool = True,
        keep_fit_to: bool = False,
        geometry_only: bool = False,
    ) -> "bpy.types.Collection":
        """
        Import the model, as often as you like; it costs nothing. In a window it is one undo step.

        :param target: the scene, or a collection of a scene, to import into; None for the open scene.
        :param at: world coordinates in Blender units, or an object whose location they are.
        :param height: scale the model to this height, in Blender units; None keeps its own size.
        :param fit_to: an object of the scene, or its name: the model fills its bounding box as far as it goes
            unstretched, turned as it is. It counts instead of ``at``, ``height`` and ``on_ground``.
        :param on_ground: put the lowest point of the model at the height of ``at``, instead of its origin.
        :param keep_fit_to: leave the object of ``fit_to`` visible.
        :param geometry_only: import the mesh alone, without materials and textures.
        :returns: the collection with the model, named after the task.
        :raises NotReadyError: the model is not there yet; or, in a window, it has to be converted for this scene first,
            and is then imported by itself.
        :raises ImportFailedError: the model cannot be imported.
        :raises InputError: there is no such object or scene, or ``at`` or ``height`` cannot be used.
        """
        from .imports import import_into  # imports bpy

        return import_into(
            self._connection,
            self,
            target,
            at=at,
            height=height,
            fit_to=fit_to,
            on_ground=on_ground,
            keep_fit_to=keep_fit_to,
            geometry_only=geometry_only,
        )

    def renew(self) -> None:
        """Read the record from the store, after a change that is not in memory yet."""
        self._record = self._connection.engine.store.get(self.id) or self._record
