# SPDX-License-Identifier: GPL-3.0-or-later
"""
Download the files of a finished task: which URLs to try, in which order, and how to replace an expired one.

Floor: first. Thread: worker. No ``bpy``.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ...api.errors import (
    AuthenticationError,
    ConnectionLostError,
    NotFoundError,
    NothingToDownloadError,
    RefusedAddressError,
    ServiceError,
    TooManyRequestsError,
    TransportError,
    TriverseError,
    UnavailableError,
)
from ...api.payloads import Links
from ...api.responses import retry_after
from ...api.sentence import Sentence
from ..files.download_errors import DownloadBusyError, DownloadStopped, ExpiredLinkError, ForeignFileError
from ..files.download_resume import StreamResponse, part_of
from ..files.folders import DELIVERED, MODEL, PREVIEW
from ..files.resumable_download import DownloadSpec, Open, Report, discard_part, fetch
from ..glb import glb_check
from ..record.record import TaskRecord
from .context import EngineContext

if TYPE_CHECKING:
    import requests

    from ...api.client import Client

log = logging.getLogger(__name__)

#: Number of failed tries after which a way that gives nothing is no longer waited for. It may be blocked for good, as
#: by a firewall of a studio that lets only the service through.
PATIENCE = 2

_RANK = [ForeignFileError, RefusedAddressError, ExpiredLinkError, NotFoundError]

_MAX_PREVIEW_BYTES = 64 * 1024**2
#: HTTP status codes with which storage rejects an expired URL.
_EXPIRED = frozenset({400, 401, 403, 404, 410})

#: Opens a file at an offset in bytes, with the ETag or date of the partial file on disk.
OpenAt = Callable[[int, str | None], "requests.Response"]


def fetch_model(
    context: EngineContext, record: TaskRecord, folder: Path, report: Report
) -> tuple[Path, Mapping[str, str]]:
    """
    Download a task's model, trying each URL that the service offers.

    :param context: settings, client, stop event.
    :param record: the finished task.
    :param folder: the task's folder.
    :param report: progress callback.
    :returns: the file, and the URLs as they were valid at the end.
    :raises NothingToDownloadError: the task has no file.
    :raises DownloadError: the file cannot be stored or is not a model. If a URL yielded a file of the wrong type, the
        first such error is raised, regardless of later failures.
    :raises TriverseError: a temporary failure; try again later.
    """
    client = context.client()
    spec = DownloadSpec(folder / MODEL, context.settings.max_model_bytes, glb_check.looks_like_glb, "model")
    asset_urls = dict(record.asset_urls)
    if not record.model_path and _is_whole(spec.target):
        # It came, and that was not noted: the process ended, or the list of tasks could not be written.
        return spec.target, asset_urls
    problem: TriverseError | None = None
    passing: TriverseError | None = None
    candidates = _url_candidates(client, record, asset_urls)
    while True:
        try:
            source, open_at, found = next(candidates)
        except StopIteration:
            break
        except TriverseError as error:
            # A failure to find another URL says nothing about the model. The file that an earlier URL yielded does.
            if not isinstance(problem, ForeignFileError):
                raise
            log.info("there is no further way to the model of task %s: %s", record.id, error)
            break
        asset_urls |= found
        part_bytes = size_of_part(spec)
        try:
            _fetch_whole(context, record, spec, with_status_check(open_at), report)
        except (ExpiredLinkError, RefusedAddressError, NotFoundError, ForeignFileError) as error:
            log.info("the model of task %s did not come by %s: %s", record.id, source, error)
            discard_part(spec.target)
            # Keep the most informative error: a file of the wrong type, then an expired URL, then an unknown one.
            if problem is None or _rank(error) < _rank(problem):
                problem = error
            continue
        except (TransportError, ServiceError) as error:
            if not isinstance(problem, ForeignFileError):
                if not is_dead_way(context, record, error) or size_of_part(spec) > part_bytes:
                    raise
                passing = passing or error
            log.info("the model of task %s did not come by %s: %s", record.id, source, error)
            continue
        return spec.target, asset_urls
    # A way that may be open again says more than one that never leads to the model.
    raise passing or problem or nothing_to_download()


def _is_whole(path: Path) -> bool:
    """Return whether there is a GLB that is as long as its header says."""
    try:
        return _declared_size(path) == path.stat().st_size
    except OSError:
        return False


def _declared_size(path: Path) -> int | None:
    with path.open("rb") as file:
        return glb_check.declared_size(file.read(glb_check.HEADER_BYTES))


def _fetch_whole(
    context: EngineContext, record: TaskRecord, spec: DownloadSpec, open_url: Open, report: Report
) -> None:
    """
    Download a model, and compare its size with its own header.

    :raises ConnectionLostError: it is shorter, and the server has not said its size, so that it may have ended early.
        Not at the last of :data:`PATIENCE` tries: the header may be wrong.
    """
    total: int | None = None

    def noted(done_bytes: int, all_bytes: int | None) -> None:
        nonlocal total
        total = all_bytes
        report(done_bytes, all_bytes)

    size = fetch(spec, open_url, context.client().read_file, noted, context.stop)
    declared = _declared_size(spec.target)
    if declared is None or declared == size:
        return
    log.info("the model of task %s has %d bytes and says %d", record.id, size, declared)
    if size < declared and total is None and record.attempts < PATIENCE:
        raise ConnectionLostError(Sentence.of("The connection broke off while the {what} was fetched.", what=spec.what))


def expired() -> ExpiredLinkError:
    """Return the error about a link that leads to a file no longer."""
    return ExpiredLinkError(Sentence.of("The link to the file has expired. A new one is asked for."))


def is_dead_way(context: EngineContext, record: TaskRecord, error: TriverseError) -> bool:
    """
    Return whether a way that has given nothing, and may be blocked for good, is left for another one.

    Only if no more of the file came this time, see :func:`size_of_part`: what is on its way, however slowly, may begin
    anew by another way.
    """
    is_dead = isinstance(error, TransportError | UnavailableError) and record.attempts >= PATIENCE
    return is_dead and not context.stop.is_set()


def size_of_part(spec: DownloadSpec) -> int:
    """Return how much of a file is here, in bytes."""
    try:
        return part_of(spec.target).stat().st_size
    except OSError:
        return 0


def nothing_to_download() -> NothingToDownloadError:
    """Return the error about a finished task for which there is no way to any file."""
    return NothingToDownloadError(
        Sentence.of("Triverse finished this task, but it has no file to download."), http_status=404
    )


def _rank(error: TriverseError) -> int:
    return next(rank for rank, kind in enumerate(_RANK) if isinstance(error, kind))


def _url_candidates(
    client: "Client", record: TaskRecord, asset_urls: Mapping[str, str]
) -> Iterator[tuple[str, OpenAt, Mapping[str, str]]]:
    """
    Yield the download sources of a model, best first: a name for the log, a function that opens it, and new URLs.

    A later source is looked up only when the earlier ones have failed.
    """
    uuid = record.task_uuid or ""
    tried = set()

    # When the URL of the textured model has expired, a new URL is needed, not the untextured geometry.
    if url := asset_urls.get("textured") or asset_urls.get("geometry"):
        tried.add(url)
        yield "the link of its status", asset_opener(client, url), {}
    fresh, problem = fresh_links(client, record)
    if fresh is not None and fresh.download_url and fresh.download_url not in tried:
        found = {"textured": fresh.download_url}
        if fresh.preview_url:
            found["preview"] = fresh.preview_url
        tried.add(fresh.download_url)
        yield "a new link", asset_opener(client, fresh.download_url), found
    yield (
        "the service itself",
        task_opener(client, uuid),
        {},
    )
    # Services that sign URLs on each status query return new ones there.
    try:
        status = client.status(uuid)
    except TriverseError as error:
        log.info("the status of task %s did not come: %s", uuid, error)
    else:
        for url in status.model_urls:
            # There may be several formats.
            if url not in tried:
                yield "a link of its newest status", asset_opener(client, url), {"textured": url}
    if problem is not None:
        raise problem


def fresh_links(client: "Client", record: TaskRecord) -> tuple[Links | None, TriverseError | None]:
    """
    Return new links to a task's files, and why there are none if there may be some later.

    :raises TriverseError: there is none, and it is too early to try other ways.
    """
    try:
        return client.links(record.task_uuid or ""), None
    except (NothingToDownloadError, TooManyRequestsError, AuthenticationError):
        raise
    except NotFoundError:
        return None, None
    except (TransportError, ServiceError) as error:
        if record.attempts < PATIENCE:
            raise
        log.info("there is no new link to the files of task %s: %s", record.id, error)
        return None, error


def asset_opener(client: "Client", url: str) -> OpenAt:
    """Return a function that opens the file at a URL of the service."""
    return lambda offset, validator: client.open_asset(url, offset_bytes=offset, if_range=validator)


def task_opener(client: "Client", uuid: str) -> OpenAt:
    """Return a function that opens a task's file at the service itself."""
    return lambda offset, validator: client.open_task_download(uuid, offset_bytes=offset, if_range=validator)


def with_status_check(open_at: OpenAt) -> Open:
    """Return a function that opens a file like ``open_at``, but raises an error for a response without it."""

    def open_checked(offset: int, validator: str | None) -> StreamResponse:
        response = open_at(offset, validator)
        status = response.status_code
        if status == 416:
            # The partial file is longer than the remote file, so it belongs to something else.
            response.close()
            response = open_at(0, None)
            status = response.status_code
        if status in (200, 206):
            return cast(StreamResponse, response)
        response.close()
        if status in _EXPIRED:
            raise expired()
        raise UnavailableError(
            Sentence.of("The file storage is not available at the moment. It is tried again."),
            http_status=status,
            retry_after_s=retry_after(response.headers),
        )

    return open_checked


def fetch_preview(context: EngineContext, record: TaskRecord, folder: Path) -> Path | None:
    """
    Download a task's preview picture. Failures are logged, not raised: the model is usable without it.

    :returns: the file, or None.
    :raises DownloadStopped: the engine is closing.
    """
    url = record.asset_urls.get("preview")
    if not url:
        return None
    spec = DownloadSpec(folder / PREVIEW, _MAX_PREVIEW_BYTES, _looks_like_picture, "preview")
    try:
        client = context.client()
        opened = with_status_check(asset_opener(client, url))
        fetch(spec, opened, client.read_file, lambda _done, _all: None, context.stop)
    except DownloadBusyError:
        return None
    except TriverseError as error:
        _raise_if_stopped(context, error)
        log.info("the preview of task %s did not come: %s", record.id, error)
        discard_part(spec.target)
        return None
    return spec.target


def _raise_if_stopped(context: EngineContext, error: TriverseError) -> None:
    """Tell the end of the engine, which closes connections in the middle of an answer, from a failed download."""
    if isinstance(error, DownloadStopped) or context.stop.is_set():
        raise DownloadStopped(error.sentence) from None


def _looks_like_picture(head: bytes) -> bool:
    return head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def keep_undecodable_file(context: EngineContext, record: TaskRecord, folder: Path) -> Path | None:
    """
    Download a paid file that is not a GLB, unchanged, so that the user has it.

    :returns: the file, or None if it cannot be downloaded.
    :raises DownloadStopped: the engine is closing.
    """
    spec = DownloadSpec(folder / DELIVERED, context.settings.max_model_bytes, bool, "file")
    try:
        client = context.client()
        for _, open_at, _ in _url_candidates(client, record, record.asset_urls):
            try:
                fetch(spec, with_status_check(open_at), client.read_file, lambda _done, _all: None, context.stop)
            except (ExpiredLinkError, RefusedAddressError, NotFoundError, ForeignFileError):
                continue
            return spec.target
    except TriverseError as error:
        _raise_if_stopped(context, error)
        log.info("the file of task %s could not be kept: %s", record.id, error)
    discard_part(spec.target)
    return None
