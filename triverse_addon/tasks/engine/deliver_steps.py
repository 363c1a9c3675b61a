# SPDX-License-Identifier: GPL-3.0-or-later
"""
Deliver a finished task: the stages DOWNLOADING and CONVERTING.

Floor: first. Thread: worker. No ``bpy``.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...api.backoff import backoff_s
from ...api.errors import AuthenticationError, NothingToDownloadError, TransportError, TriverseError, UnavailableError
from ...api.sentence import Sentence
from ..converter import (
    ChildNotStartedError,
    Converted,
    Converter,
    ConvertError,
    ConvertJob,
    ExpectedFiles,
    NoChildError,
)
from ..files.download_errors import (
    DiskFullError,
    DownloadBusyError,
    DownloadError,
    DownloadStopped,
    ExpiredLinkError,
    FolderError,
    ForeignFileError,
    TooLargeError,
)
from ..files.download_resume import part_of
from ..files.folders import MODEL, folder_for, make
from ..files.resumable_download import discard_part
from ..glb import glb_check
from ..record.processing import PLAIN
from ..record.provenance import collection_name, properties, tags
from ..record.record import Stage, TaskRecord, now_s
from . import model_download, result_download
from .context import EngineContext
from .expected_conversions import ExpectedConversions
from .retry import without_work
from .transitions import MAX_ATTEMPTS, Transitions

log = logging.getLogger(__name__)

#: Retry delay in seconds while another Blender downloads the same file.
_BUSY_S = 2.0
#: Why Blender cannot work on a model.
_NO_CHILD_TO_WORK = Sentence.of("This needs a second Blender, and none can be started here. The model stays as it was.")
#: Attempts when the delivered file has the wrong type: a proxy's error page may be gone at the next one.
_FOREIGN_TRIES = 3


class DeliverSteps:
    """
    The steps that produce files ready to be imported.

    :param context: settings, client, store.
    :param transitions: writes the result of a step.
    :param converter: None where conversion is not possible; models are then imported from their GLB.
    :param report: called with the record, the bytes received and the total size (None if unknown).
    :param expected: is told which models will soon be there.
    """

    def __init__(
        self,
        context: EngineContext,
        transitions: Transitions,
        converter: Converter | None,
        report: Callable[[TaskRecord, int, int | None], None],
        expected: ExpectedConversions,
    ) -> None:
        self._context = context
        self._transitions = transitions
        self._converter = converter
        self._report = report
        self._expected = expected
        self._foreign: dict[str, ForeignFileError] = {}
        """Task id -> the error of the first file of the wrong type."""
        self._previews: dict[str, dict[str, Path | None]] = {}
        """Task id -> URL of its preview -> the file, None if it did not come; until its model is here."""

    def download(self, record: TaskRecord) -> None:
        """
        Download the files of a finished task, then move it to CONVERTING, or to DONE if its flow makes no model.

        :raises TriverseError: a temporary failure that the caller schedules again.
        """
        # The first link leads past the service, to the storage, and may not last for as long as the service is busy.
        asks_service = record.attempts > 0 or not record.asset_urls
        if asks_service and (pause_s := self._context.gate.pause_s(str(record.stage))):
            self._transitions.schedule(record, pause_s)
            return
        try:
            if record.gives_model:
                self._download_model(record)
            else:
                self._download_results(record)
            self._context.gate.has_come(str(record.stage))
        except NothingToDownloadError as error:
            self._transitions.fail(record, error, is_final=False)
        except ForeignFileError as error:
            self._no_model(record, self._foreign.setdefault(record.id, error))
        except DownloadStopped:
            raise
        except AuthenticationError as error:
            if self._context.is_key_refused(error):
                raise
            self._not_fetched(record, model_download.expired())
        except DownloadBusyError as error:
            self._transitions.reschedule(record, error, _BUSY_S, attempts=record.attempts)
        except (TransportError, UnavailableError, ExpiredLinkError) as error:
            # The first file was not a model. That error says more than a later failure to get any file.
            if (first := self._foreign.get(record.id)) is not None:
                log.info("the model of task %s did not come at another try: %s", record.id, error)
                self._no_model(record, first)
            elif isinstance(error, DownloadError):
                self._not_fetched(record, error)
            else:
                raise
        except DownloadError as error:
            self._not_fetched(record, error)

    def _download_model(self, record: TaskRecord) -> None:
        """
        Download the model and the preview.

        :raises TriverseError: see :func:`model_download.fetch_model`.
        """
        folder = self._folder(record)
        self._context.client()  # raises if nothing may be requested now
        self._expected.soon(record)
        preview = self._preview(record, record.asset_urls, folder)
        part = part_of(folder / MODEL)
        self._expected.files(record, ExpectedFiles(part_path=part, preview_path=preview, out_dir=folder))
        model, asset_urls = model_download.fetch_model(
            self._context, record, folder, lambda done, size: self._report(record, done, size)
        )
        self._foreign.pop(record.id, None)
        preview = self._preview(record, asset_urls, folder)
        self._previews.pop(record.id, None)
        size_bytes = model.stat().st_size
        self._transitions.move(
            record,
            history=Sentence.of("Downloaded to {folder}.", folder=str(folder)),
            stage=Stage.CONVERTING,
            folder=str(folder),
            model_path=str(model),
            preview_path=str(preview or ""),
            asset_urls=asset_urls,
            received_bytes=size_bytes,
            size_bytes=size_bytes,
            attempts=0,
            status_note=None,
        )

    def _preview(self, record: TaskRecord, asset_urls: Mapping[str, str], folder: Path) -> Path | None:
        """
        Return a task's preview, which is downloaded before the model, so that it can be worked on meanwhile.

        It is tried once at each URL. Failures are logged, not raised.

        :param asset_urls: the URLs as they are known now.
        """
        tried = self._previews.setdefault(record.id, {})
        for path in tried.values():
            if path is not None and path.exists():
                return path
        url = asset_urls.get("preview", "")
        if url not in tried or tried[url] is not None:  # not tried, or gone since
            tried[url] = model_download.fetch_preview(self._context, record.with_(asset_urls=asset_urls), folder)
        return tried[url]

    def _download_results(self, record: TaskRecord) -> None:
        """
        Download what a flow without a model has made. That is the end of the task.

        :raises TriverseError: see :func:`result_download.fetch_results`.
        """
        folder = self._folder(record)
        files, text = result_download.fetch_results(
            self._context, record, folder, lambda done, size: self._report(record, done, size)
        )
        self._foreign.pop(record.id, None)
        self._transitions.move(
            record,
            history=Sentence.of("Downloaded to {folder}.", folder=str(folder)) if files else None,
            stage=Stage.DONE,
            **result_download.done_changes(record, folder, files, text),
        )

    def _no_model(self, record: TaskRecord, error: ForeignFileError) -> None:
        """Retry a few times. Then keep the file as it is for the user, and fail the task."""
        attempts = record.attempts + 1
        if attempts < _FOREIGN_TRIES:
            self._transitions.reschedule(record, error, backoff_s(attempts), attempts=attempts)
            return
        self._foreign.pop(record.id, None)
        folder = self._folder(record)
        model_download.keep_undecodable_file(self._context, record, folder)
        self._transitions.fail(record, error, is_final=False, folder=str(folder))

    def _not_fetched(self, record: TaskRecord, error: DownloadError) -> None:
        if record.attempts + 1 < MAX_ATTEMPTS and not _is_of_this_machine(error):
            self._transitions.reschedule(record, error, backoff_s(record.attempts + 1), attempts=record.attempts + 1)
        elif isinstance(error, FolderError):
            # The task's own folder may be on a disk that is gone, and every Retry would meet it again. Cleared, the
            # next Retry takes the folder from the preferences.
            self._transitions.fail(record, error, is_final=False, folder="")
        else:
            never = isinstance(error, ExpiredLinkError)
            self._transitions.fail(record, _never_renewed() if never else error, is_final=False)

    def _folder(self, record: TaskRecord) -> Path:
        """Return the task's folder. It does not change after the first download."""
        return Path(record.folder) if record.folder else folder_for(self._context.settings.download_dir, record)

    def convert(self, record: TaskRecord) -> None:
        """
        Check a downloaded GLB, convert it to a .blend where a converter is available, and move the task to READY.

        A missing file, or a damaged one at the next Retry, is downloaded again.

        :raises ConvertError: the conversion failed.
        """
        model = Path(record.model_path)
        if not record.model_path or not model.exists():
            self._transitions.move(record, stage=Stage.DOWNLOADING)
            return
        try:
            verdict = glb_check.check(model, self._context.settings.reader)
        except glb_check.GlbError as error:
            if error.kind == "damaged":
                # A new download may be complete. The damaged file is kept until then.
                discard_part(model)
            self._transitions.fail(
                record, error, stage=Stage.DOWNLOADING if error.kind == "damaged" else None, is_final=False
            )
            return
        except OSError as error:
            sentence = Sentence.of(
                "The model at {path} cannot be read ({reason}). Check its folder, then press Retry.",
                path=str(model),
                reason=error.strerror or type(error).__name__,
            )
            self._transitions.fail(record, TriverseError(sentence), is_final=False)
            return
        try:
            converted = self._converted(record, model, verdict)
        except (ConvertError, ChildNotStartedError) as error:
            may_pass = isinstance(error, ChildNotStartedError) and record.attempts + 1 < MAX_ATTEMPTS
            # A .blend of before is as good as it was, for another scene or without what was asked for.
            is_usable = record.is_worked_on or bool(record.blend_path and Path(record.blend_path).exists())
            if not is_usable or may_pass:
                raise
            self._leave_as_it_was(record, error)
            return
        finally:
            self._expected.converted()
        for note in verdict.notes:
            self._context.store.add_history(record.id, "WARNING", note)
        if converted is None:
            self._ready(record, blend_path="", blend_sha256="", collection_name="")
        else:
            self._context.seals.remember(converted.blend_path, converted.blend_sha256)
            aside = [("WARNING", converted.warning)] if converted.warning is not None else []
            for level, sentence in converted.missing.history_lines() + aside:
                self._context.store.add_history(record.id, level, sentence)
                if level == "WARNING":
                    self._context.notice(level, sentence, record.id)
            self._ready(
                record,
                blend_path=str(converted.blend_path),
                blend_unit_m=record.placement.unit_m,
                blend_frames_per_s=record.placement.frames_per_s,
                blend_merge=record.placement.merge,
                blend_smooth_deg=record.placement.smooth_deg,
                blend_work=record.placement.work,
                blend_sha256=converted.blend_sha256,
                thumbnail_path=str(converted.thumbnail_path or ""),
                collection_name=converted.collection_name,
                # That of the model itself, whatever was done with it for one import.
                triangles=converted.triangles if record.placement.work == PLAIN else record.triangles,
            )

    def _leave_as_it_was(self, record: TaskRecord, error: TriverseError) -> None:
        """Say why Blender could not do what was asked of it. The task keeps its model, and has not failed."""
        self._transitions.move(record, history=error.sentence, level="ERROR", **without_work(record))
        self._context.notice("ERROR", error.sentence, record.id)

    def _converted(self, record: TaskRecord, model: Path, verdict: glb_check.Verdict) -> Converted | None:
        """
        Return the converter's result; None when the driver has to import the GLB itself.

        :raises ConvertError: the model or its folder cannot be used.
        """
        if self._converter is None or not (record.convert or record.is_worked_on):
            if record.is_worked_on and record.placement.work.needs_child:
                raise ConvertError(_NO_CHILD_TO_WORK)
            return None
        job = ConvertJob(
            glb_path=model,
            preview_path=Path(record.preview_path) if record.preview_path else None,
            out_dir=Path(record.folder),
            name=collection_name(record),
            properties=properties(record),
            tags=tags(record),
            unit_m=record.placement.unit_m,
            frames_per_s=record.placement.frames_per_s,
            processing=record.placement.processing,
        )
        try:
            make(job.out_dir)
            with self._context.stop_event(record.id) as stop:
                if verdict.is_as_it_is:
                    return self._converter(job, stop)
                with glb_check.readable(model, self._context.settings.reader) as (path, _):
                    return self._converter(replace(job, glb_path=path), stop)
        except glb_check.GlbError as error:
            # The file was replaced after the check a moment ago.
            raise ConvertError(error.sentence) from None
        except NoChildError as error:
            if record.is_worked_on and record.placement.work.needs_child:
                raise ConvertError(_NO_CHILD_TO_WORK) from None
            # Always report this: the user's own Blender will then read the file.
            log.info("task %s is imported in place: %s", record.id, error)
            sentence = Sentence.of(
                "No second Blender can be started here, so this Blender itself reads the model, and waits while it "
                "does."
            )
            self._context.store.add_history(record.id, "WARNING", sentence)
            self._context.notice("WARNING", sentence)
            return None
        except ConvertError:
            raise
        except OSError as error:
            raise ConvertError(
                Sentence.of(
                    "The folder {folder} cannot be written to ({reason}). Check it, then press Retry.",
                    folder=record.folder,
                    reason=error.strerror or type(error).__name__,
                )
            ) from None

    def _ready(self, record: TaskRecord, **files: Any) -> None:
        self._transitions.move(
            record,
            history=Sentence.of("Ready to import."),
            stage=Stage.READY,
            attempts=0,
            status_note=None,
            error=None,
            error_code=None,
            failed_stage=None,
            finished_at_s=record.finished_at_s or now_s(),
            **files,
        )


def _never_renewed() -> ExpiredLinkError:
    return ExpiredLinkError(
        Sentence.of(
            "Triverse does not give out the file of this model at the moment. The model is made and paid for. Press "
            "Retry later to ask for it again, which costs nothing."
        )
    )


def _is_of_this_machine(error: DownloadError) -> bool:
    """Return whether only the user can fix an error, so that retrying does not help."""
    return isinstance(error, DiskFullError | FolderError | TooLargeError)
