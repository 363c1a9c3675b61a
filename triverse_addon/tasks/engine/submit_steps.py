# SPDX-License-Identifier: GPL-3.0-or-later
"""
Submit a task: the stages QUEUED, UPLOADING and SUBMITTING.

Floor: first. Thread: worker. No ``bpy``.
"""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path

from ...api.backoff import backoff_s
from ...api.errors import DuplicateError, NotFoundError, ServiceError, TriverseError
from ...api.flows import FLOWS, Kind
from ...api.sentence import Sentence
from ...api.upload_checks import check_image, check_model
from ..files.download_errors import folder_error
from ..files.folders import folder_for, make
from ..glb import glb_check
from ..preparer import Preparer
from ..record.record import Stage, TaskRecord, is_url, now_s
from ..settings import Settings
from . import reconcile
from .context import EngineContext
from .pacing import UPLOADS, UPLOADS_SPAN_S, SlidingWindowLimiter, poll_interval_s
from .service_updates import apply_created, is_earlier_task
from .transitions import MAX_ATTEMPTS, Transitions, is_passing

#: Length of the mark of a key: one of 16 million others has the same.
_MARK_CHARS = 6


class SubmitSteps:
    """
    The steps that submit a task to the service. Only the create request costs credits.

    :param context: settings, client, store.
    :param transitions: writes the result of a step.
    :param preparer: None where source files are uploaded unchanged.
    :param report: called with the record, the bytes sent and the total size.
    """

    def __init__(
        self,
        context: EngineContext,
        transitions: Transitions,
        preparer: Preparer | None,
        report: Callable[[TaskRecord, int, int | None], None],
    ) -> None:
        self._preparer = preparer
        self._context = context
        self._store = context.store
        self._transitions = transitions
        self._report = report
        self._uploads = SlidingWindowLimiter(UPLOADS, UPLOADS_SPAN_S)

    def begin(self, record: TaskRecord) -> None:
        """
        Convert source files that cannot be uploaded unchanged, then move the task to UPLOADING or SUBMITTING.

        :raises TriverseError: a source file cannot be prepared, or the folder cannot be written.
        """
        for name, source in record.sources.items():
            kind = FLOWS[record.flow].field(name).kind
            if self._preparer is not None and not is_url(source) and self._preparer.takes(source, kind):
                record = self._prepare(record, name, kind, self._preparer)
        missing = [name for name in record.sources if name not in record.file_keys]
        self._transitions.move(
            record, stage=Stage.UPLOADING if missing else Stage.SUBMITTING, attempts=0, status_note=None
        )

    def _prepare(self, record: TaskRecord, name: str, kind: Kind, preparer: Preparer) -> TaskRecord:
        # A retry has another time, and goes on in the folder that it has.
        folder = Path(record.folder) if record.folder else folder_for(self._context.settings.download_dir, record)
        self._context.changed(record.with_(status_note=Sentence.of("The file is being prepared.")))
        try:
            make(folder)
            prepared = preparer(Path(record.sources[name]), kind, folder, self._context.stop)
            (check_image if kind is Kind.IMAGE else check_model)(prepared, field=name)
        except OSError as error:
            raise folder_error(folder, error) from None
        return self._store.change(
            record.id,
            lambda newest: newest.with_(sources={**newest.sources, name: str(prepared)}, folder=str(folder)),
            owner=self._context.owner.name,
        )

    def upload(self, record: TaskRecord) -> None:
        """
        Upload the source files that have no key yet, then move the task to SUBMITTING.

        Each key is stored as soon as it is known, so that a repeated step does not upload the file again.

        :raises TriverseError: an upload failed.
        """
        if pause_s := self._context.gate.pause_s(str(Stage.UPLOADING)):
            self._transitions.schedule(record, pause_s)
            return
        client = self._context.client()
        flow = FLOWS[record.flow]
        for name, source in record.sources.items():
            if name in record.file_keys:
                continue
            if is_url(source):
                key = source
            elif wait_s := self._uploads.delay_s():
                self._context.changed(record.with_(status_note=Sentence.of("The service takes 10 uploads a minute.")))
                self._transitions.schedule(record, wait_s)
                return
            elif flow.field(name).kind is Kind.IMAGE:
                key = client.upload_image(source, self._upload_report(record))
            else:
                # What gives a model new textures takes its geometry.
                is_textured = not flow.textured and glb_check.has_textures(Path(source))
                key = client.upload_model(
                    source, "textured" if is_textured else "geometry", progress=self._upload_report(record)
                )
            self._context.gate.succeeded(str(Stage.UPLOADING))
            record = self._keep_key(record, name, key)
        self._transitions.move(
            record,
            stage=Stage.SUBMITTING,
            # A failure before it is kept: if the service then does not find the files, they are not uploaded for ever.
            attempts=min(record.attempts, 1),
            status_note=None,
            received_bytes=0,
            size_bytes=None,
        )

    def _keep_key(self, record: TaskRecord, name: str, key: str) -> TaskRecord:
        return self._store.change(
            record.id,
            lambda newest: newest.with_(file_keys={**newest.file_keys, name: key}),
            owner=self._context.owner.name,
        )

    def _upload_report(self, record: TaskRecord) -> Callable[[int, int], None]:
        def report(sent_bytes: int, size_bytes: int) -> None:
            self._report(record, sent_bytes, size_bytes)

        return report

    def submit(self, record: TaskRecord) -> None:
        """
        Send the create request, then move the task to WAITING.

        A repeated request has the same ``client_order_id``, so that the service charges it once.

        :raises TriverseError: a temporary failure; see :func:`transitions.is_passing`.
        """
        if record.task_uuid is not None:
            self._transitions.move(record, stage=Stage.WAITING, attempts=0, status_note=None)
            return
        if pause_s := self._context.gate.pause_s(str(Stage.SUBMITTING)):
            self._transitions.schedule(record, pause_s)
            return
        client = self._context.client()
        # If the request was sent before without an answer, an error may refer to the repetition, not to the order.
        is_first_try = record.submitted_at_s is None
        mark = _mark_of_key(record, self._context.settings)
        if not is_first_try and record.sent_with not in ("", mark):
            # The service tells repetitions apart for each account: to another one this would be an order of its own.
            sentence = Sentence.of(
                "This order may have reached the service with another key. If both keys are of one account, press "
                "Retry: it is charged once. If not, enter that key first."
            )
            self._transitions.fail(record, TriverseError(sentence), is_final=False)
            return
        # Written to disk before the request is sent: from here on the service may have the order.
        record = self._store.change(
            record.id,
            lambda newest: (
                newest.with_(submitted_at_s=newest.submitted_at_s or now_s(), sent_with=mark)
                if newest.following
                else None
            ),
            owner=self._context.owner.name,
        )
        if not record.following:
            return  # held back a moment ago, see `cancel_unsent`
        try:
            created = client.create(
                record.flow,
                {**record.params, **record.file_keys},
                client_order_id=record.client_order_id,
                allow_duplicate=record.allow_duplicate,
            )
        except DuplicateError as error:
            self._resolve_duplicate(record, error, is_first_try and not _has_a_name(record))
            return
        except ServiceError as error:
            self._refused(record, error, is_first_try)
            return
        self._context.gate.succeeded(str(Stage.SUBMITTING))
        if self._belongs_to_another(record, created.task_uuid):
            self._refuse_duplicate(record)
            return
        self._take_over(record, created.task_uuid)
        self._transitions.move(
            record,
            after_s=0.0 if is_earlier_task(created) else poll_interval_s(0, queue_wait_s=None, live=self._context.live),
            history=Sentence.of("Accepted by the service as task {uuid}.", uuid=created.task_uuid),
            **apply_created(record, created),
        )

    def _refused(self, record: TaskRecord, error: ServiceError, is_first_try: bool) -> None:
        """
        Fail a rejected order, after making sure that the service has no such order.

        :param is_first_try: this order was never sent before.
        """
        if is_passing(error):
            raise error
        # Without the service's own error code, the answer may come from a proxy.
        is_certain = is_first_try and error.code is not None
        try:
            uuid = None if is_certain else reconcile.find_task(self._context, record)
        except reconcile.NotListedError as problem:
            if record.attempts + 1 < MAX_ATTEMPTS:
                # The same order is sent again, so it is charged once, and then searched for again.
                self._try_again(record, problem)
                return
            uuid = None
        if uuid is not None and not self._belongs_to_another(record, uuid):
            self._found(record, uuid)
        elif isinstance(error, NotFoundError) and record.file_keys and not record.attempts:
            # An uploaded file may have expired at the service: upload it once more.
            self._transitions.move(record, stage=Stage.UPLOADING, file_keys={}, attempts=1)
        else:
            # If final, a retry places a new order. If uncertain, it repeats the same order, which is charged once.
            self._transitions.fail(record, error, is_final=is_certain)

    def _try_again(self, record: TaskRecord, error: TriverseError) -> None:
        attempts = record.attempts + 1
        self._transitions.reschedule(record, error, backoff_s(attempts), attempts=attempts)

    def _found(self, record: TaskRecord, uuid: str) -> None:
        self._take_over(record, uuid)
        self._transitions.move(
            record,
            history=Sentence.of("The service had this order already, as task {uuid}.", uuid=uuid),
            stage=Stage.WAITING,
            task_uuid=uuid,
            attempts=0,
            status_note=None,
        )

    def _resolve_duplicate(self, record: TaskRecord, error: DuplicateError, is_first_try: bool) -> None:
        """
        Find the task of an order that the service reports as a duplicate, without placing a new order.

        :param is_first_try: this order was never sent before, so the service can only mean another order with the same
            content.
        """
        uuid = error.task_uuid
        if uuid is None and not is_first_try:
            with contextlib.suppress(reconcile.NotListedError):
                uuid = reconcile.find_task(self._context, record, ever=_has_a_name(record), is_there=True)
        if uuid is not None and not self._belongs_to_another(record, uuid):
            self._found(record, uuid)
        elif is_first_try or uuid is not None:
            self._refuse_duplicate(record)
        elif record.attempts + 1 < MAX_ATTEMPTS:
            self._try_again(record, error)
        else:
            sentence = Sentence.of(
                "The service has this order, but does not say which task it is. Press Find My Tasks to see it, or "
                "choose Use These Inputs Again to order another one."
            )
            self._transitions.fail(record, TriverseError(sentence), is_final=False)

    def _belongs_to_another(self, record: TaskRecord, uuid: str) -> bool:
        """Return whether the task that the service names for an order is the order of another record."""
        return not reconcile.may_be_ours(record, self._store.find_by_uuid(uuid), is_there=True)

    def _take_over(self, record: TaskRecord, uuid: str) -> None:
        """
        Remove the record that was added under the UUID of this order, and keep what the user has noted on it.

        A model that was imported from it is not imported by itself once more.
        """
        other = self._store.find_by_uuid(uuid)
        if other is None or other.id == record.id:
            return

        def labelled(newest: TaskRecord) -> TaskRecord:
            return newest.with_(
                starred=newest.starred or other.starred,
                tags=tuple(dict.fromkeys((*newest.tags, *other.tags))),
                project=newest.project or other.project,
                auto_import=newest.auto_import and other.imported_at_s is None,
            )

        if labelled(record) != record:
            self._store.change(record.id, labelled, owner=self._context.owner.name)
        self._store.remove(other.id)

    def _refuse_duplicate(self, record: TaskRecord) -> None:
        sentence = Sentence.of(
            "The service takes this for a repetition of a task sent a moment ago. Press Retry to make it once more on "
            "purpose."
        )
        self._transitions.move(
            record,
            history=sentence,
            level="WARNING",
            stage=Stage.FAILED,
            failed_stage=Stage.SUBMITTING,
            is_final=True,
            allow_duplicate=True,
            error=sentence,
            status_note=None,
        )


def _has_a_name(record: TaskRecord) -> bool:
    """
    Return whether a batch chose the order's ``client_order_id``, so that another machine may have sent it at any time.

    A duplicate was allowed for such an order, so a duplicate that the service reports can only be this very order.
    """
    return record.allow_duplicate and not record.client_order_id.startswith(record.id)


def _mark_of_key(record: TaskRecord, settings: Settings) -> str:
    """
    Return a mark of the key and the service that an order is sent with, for :attr:`TaskRecord.sent_with`.

    It differs from order to order, and is too short to tell anything of the key.
    """
    text = "\0".join((record.client_order_id, settings.api_url, settings.api_key))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARK_CHARS]
