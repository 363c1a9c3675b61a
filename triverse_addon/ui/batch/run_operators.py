# SPDX-License-Identifier: GPL-3.0-or-later
"""
Operators that check, run, resume, retry, stop and close a batch.

Floor: third. Thread: main. Imports ``bpy``. None of them waits for the network or for a disk.
"""

from typing import TYPE_CHECKING

import bpy

from .. import settings
from ..generate.cost import above_monthly_limit
from ..rna.members import OperatorMixin, window_props
from ..setup.operator_helpers import can_go_online
from ..state import runtime
from ..text.layout_text import paragraph, ui_scale
from ..text.translate import tr, translate
from ..timers import app_timer
from .file_operators import current, is_free

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    from ...batch.run.limits import Refusal
    from ..state.batch_session import BatchSession


#: Most files listed in the dialog about files outside the folder, and its width in pixels at UI scale 1.
_MOST_ASKED = 16
_ASKED_WIDTH = 520


class _OnBatch(OperatorMixin):
    """Base class of operators on the batch."""

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        """Call :meth:`act` with the current batch, if there is one."""
        batch = current()
        if batch is None:
            return {"CANCELLED"}
        self.act(context, batch)
        return app_timer.finish_operator()

    def act(self, context: bpy.types.Context, batch: "BatchSession") -> None:
        """Run the operator on the batch. To be overridden."""
        raise NotImplementedError


class _OnFreeBatch(_OnBatch):
    """Base class of operators on a batch without work in progress."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return False while work of the batch is in progress."""
        return is_free(cls)


class TRIVERSE_OT_batch_check(_OnFreeBatch, bpy.types.Operator):
    """Read the file again, after it was edited"""

    bl_idname = "triverse.batch_check"
    bl_label = "Check Again"
    bl_options = {"INTERNAL"}

    def act(self, _context: bpy.types.Context, batch: "BatchSession") -> None:
        """Start checking the file."""
        batch.check()


class _Runs(_OnBatch):
    """Base class of operators that start a run, after a confirmation of its price."""

    retry = False
    _asked: tuple[int, bool] | None = None
    """Price in the question, and whether it told of the monthly limit; None if nothing was asked."""

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True if the file was checked, and there are a usable key, online access and enough credits."""
        reason = _disabled_reason(current(), retry=cls.retry)
        if reason is not None:
            cls.poll_message_set(reason)
            return False
        return can_go_online(cls)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Ask, unless the run costs nothing, or resumes one whose price was confirmed, within the monthly limit."""
        batch = current()
        if batch is None:
            return {"CANCELLED"}
        count = len(batch.billable(retry=self.retry))
        if not count:
            return self.execute(context)
        cost = batch.cost(retry=self.retry) or 0
        over = above_monthly_limit(cost)
        if over is None and batch.is_agreed() and not self.retry:
            return self.execute(context)
        from . import presentation  # lazy import, as in runtime

        balance = presentation.balance(batch)
        message = tr(
            "You have {balance} {balance|credit|credits}. Each row is paid once, however often you stop.",
            balance=balance,
        )
        if unknown := batch.unknown_count(retry=self.retry):
            message = tr(
                "Rows without a price: {count}. The service tells it when it takes it, so no limit holds for them.",
                count=unknown,
            )
        if over is not None:
            message = over[1]
        self._asked = cost, over is not None
        return context.window_manager.invoke_confirm(
            self,
            event,
            title=tr("Make {count} {count|Model|Models} for {cost} {cost|Credit|Credits}?", count=count, cost=cost),
            message=message,
            confirm_text=tr("Make Them"),
        )

    def act(self, context: bpy.types.Context, batch: "BatchSession") -> None:
        """
        Start the run with the number of simultaneous tasks that the panel shows.

        Not if it has become dearer while the question was open: then it is asked about again.
        """
        asked, self._asked = self._asked, None
        cost = batch.cost(retry=self.retry) or 0
        if asked is not None and batch.offer is not None and cost > asked[0]:
            from ...scripting.batch_worker import Dearer  # lazy import, as in runtime

            batch.problem = Dearer.than_shown(batch.offer, cost, asked[0]).sentence
            return
        is_above = above_monthly_limit(cost) is not None if asked is None else asked[1]
        batch.run(
            window_props(context.window_manager).batch_jobs, retry=self.retry, refusal=_refusal(is_above=is_above)
        )


def _refusal(*, is_above: bool) -> "Refusal | None":
    """
    Return what refuses further orders of a run that is begun now, when the limit of the month is reached.

    :param is_above: the user was told that the run exceeds the limit.
    """
    from ..state.month_limit import MonthLimit  # lazy import, as in runtime

    session = runtime.current()
    if session is None:
        return None
    agreed = settings.preferences().monthly_limit if is_above else None
    return MonthLimit(
        lambda: session.spending.this_month(session.engine),
        lambda: settings.preferences().monthly_limit if settings.are_there() else 0,
        agreed,
    ).refusal


class TRIVERSE_OT_batch_run(_Runs, bpy.types.Operator):
    """Make the models of this file. You can go on working meanwhile"""

    bl_idname = "triverse.batch_run"
    bl_label = "Run"
    bl_options = {"INTERNAL"}


class TRIVERSE_OT_batch_retry(_Runs, bpy.types.Operator):
    """Try the rows again that failed, and only those"""

    bl_idname = "triverse.batch_retry"
    bl_label = "Retry Failed"
    bl_options = {"INTERNAL"}

    retry = True


class TRIVERSE_OT_batch_stop(_OnBatch, bpy.types.Operator):
    """Order nothing more. What was ordered goes on at the service, and is not paid again when the batch goes on"""

    bl_idname = "triverse.batch_stop"
    bl_label = "Stop Batch"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Return True while rows are being made."""
        from ..state.batch_session import Phase  # lazy import, as in runtime

        batch = current()
        if batch is None or batch.phase is not Phase.RUNNING:
            cls.poll_message_set(tr("No rows are being made right now."))
            return False
        return True

    def act(self, _context: bpy.types.Context, batch: "BatchSession") -> None:
        """Stop the run."""
        batch.stop_run()


class TRIVERSE_OT_batch_allow_outside(_OnFreeBatch, bpy.types.Operator):
    """Look at the files that lie outside the folder of this file, behind links or on other machines, and allow them"""

    bl_idname = "triverse.batch_allow_outside"
    bl_label = "Allow Files Outside"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> "set[OperatorReturnItems]":
        """Open a dialog that lists the files."""
        return context.window_manager.invoke_props_dialog(
            self,
            width=_ASKED_WIDTH,
            title=tr("Open These Files, and Send Them with the Batch?"),
            confirm_text=tr("Allow Them"),
        )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the first files of the list, and the number of the others."""
        batch = current()
        if batch is None or batch.checked is None:
            return
        column = self.layout.column(align=True)
        for one in batch.checked.outside[:_MOST_ASKED]:
            paragraph(column, translate(one.sentence), _ASKED_WIDTH * ui_scale(), icon="FILE")
        more = len(batch.checked.outside) - _MOST_ASKED
        if more > 0:
            column.label(text=tr("… and {count} more.", count=more), translate=False)

    def act(self, _context: bpy.types.Context, batch: "BatchSession") -> None:
        """Allow the files, and check again."""
        batch.allow_outside()


class TRIVERSE_OT_batch_close(_OnFreeBatch, bpy.types.Operator):
    """Put this file away. Models that were made stay in the library"""

    bl_idname = "triverse.batch_close"
    bl_label = "Close the Batch"
    bl_options = {"INTERNAL"}

    def act(self, _context: bpy.types.Context, batch: "BatchSession") -> None:
        """Close the batch and delete its saved state."""
        batch.close()


def _disabled_reason(batch: "BatchSession | None", *, retry: bool) -> str | None:
    """Return why a run cannot be started, translated, or None if it can."""
    if batch is None or batch.checked is None:
        return tr("Choose a file first.")
    if batch.is_busy:
        return tr("The batch is under way. Stop it first.")
    if batch.checked.problems:
        return tr("Fix the problems in the file first, then press Check Again.")
    if retry and not batch.checked.failed:
        return tr("No row has failed.")
    if not retry and not batch.checked.has_work:
        return tr("All rows are done, or have failed.")
    if not settings.api_key():
        return tr("No API key is set. Enter it in the panel or in the preferences of the add-on.")
    if (problem := settings.key_problem()) is not None:
        return translate(problem.sentence)
    cost = batch.cost(retry=retry)
    if cost is None:
        return tr("The price is not known yet.")
    from . import presentation  # lazy import, as in runtime

    if presentation.is_short(batch, retry=retry):
        missing = cost - presentation.balance(batch)
        return tr(
            "{missing} {missing|credit is|credits are} missing. Add API credits, or choose fewer rows.", missing=missing
        )
    return None


CLASSES = (
    TRIVERSE_OT_batch_check,
    TRIVERSE_OT_batch_run,
    TRIVERSE_OT_batch_retry,
    TRIVERSE_OT_batch_stop,
    TRIVERSE_OT_batch_allow_outside,
    TRIVERSE_OT_batch_close,
)
