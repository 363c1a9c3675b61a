# SPDX-License-Identifier: GPL-3.0-or-later
"""
Download what a flow without a model has made: pictures, a model in another format, or a text.

Floor: first. Thread: worker. No ``bpy``.

In which form the service answers is not documented. What is tried, in this order: every URL in the output of its
status, those of a newer status, the link that the service gives, its own download, and the preview. What a file is, its
first bytes say; a text may be in the output or in a file.
"""

import functools
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...api.errors import (
    BadAnswerError,
    NotFoundError,
    NothingToDownloadError,
    RefusedAddressError,
    TransportError,
    TriverseError,
    UnavailableError,
)
from ...api.fields import prompt_of
from ...api.flows import output_format
from ...api.output_values import MOST_CHARACTERS, MOST_FILES, result_text
from ...api.picture_kinds import HEAD_BYTES, SUFFIX_OF, TAKEN, picture_kind
from ...api.sentence import Sentence
from ...api.urls import clean
from ..files.busy_files import replace_file
from ..files.download_errors import ExpiredLinkError, ForeignFileError
from ..files.resumable_download import DownloadSpec, Report, discard_part, fetch
from ..record.record import TaskRecord
from .context import EngineContext
from .model_download import (
    PATIENCE,
    OpenAt,
    asset_opener,
    fresh_links,
    is_dead_way,
    nothing_to_download,
    size_of_part,
    task_opener,
    with_status_check,
)

if TYPE_CHECKING:
    from ...api.client import Client

log = logging.getLogger(__name__)

#: Flows that make pictures, and those that write a text.
PICTURES = frozenset({"image-generation", "model-preview-render"})
TEXTS = frozenset({"prompt-optimization"})

_MAX_PICTURE_BYTES = 64 * 1024**2
_MAX_TEXT_BYTES = 256 * 1024
#: Formats of models whose files may be ZIP archives.
_ZIPPED = frozenset({"usdz", "3mf", "zip"})
#: Suffixes of other formats by their first bytes.
_BEGINNINGS = (
    (b"glTF", ".glb"),
    (b"Kaydara FBX Binary", ".fbx"),
    (b"PXR-USDC", ".usdc"),
    (b"\x1f\x8b", ".gz"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
)
#: Key in :attr:`TaskRecord.asset_urls` of the URL of each file.
_KEY = "result {number}"
#: What a file that did not come by one way says about the others: nothing.
_OTHER_WAY = (ExpiredLinkError, RefusedAddressError, NotFoundError, NothingToDownloadError, ForeignFileError)


class _DeadWayError(Exception):
    """
    A way to a file has failed too often to be waited for, while there are others.

    :ivar error: why it failed.
    """

    def __init__(self, error: TriverseError) -> None:
        super().__init__()
        self.error = error


def url_entries(urls: Sequence[str]) -> dict[str, str]:
    """Return entries for :attr:`TaskRecord.asset_urls` with the URLs of a task's results."""
    return {_KEY.format(number=number): url for number, url in enumerate(urls, start=1)}


def fetch_results(
    context: EngineContext, record: TaskRecord, folder: Path, report: Report
) -> tuple[tuple[Path, ...], str]:
    """
    Return the files of a finished task, which are downloaded, and its text.

    :param folder: the task's folder.
    :param report: progress callback, called for each file.
    :returns: the files, pictures first; and the text, "" if there is none. Never neither.
    :raises NothingToDownloadError: the task has neither.
    :raises ForeignFileError: what arrived is not of the kind that the flow makes.
    :raises TriverseError: a temporary failure; try again later.
    """
    if record.flow in TEXTS and record.result_text:
        return (), record.result_text
    client = context.client()
    if record.flow in TEXTS and (text := client.status(record.task_uuid or "").result_text):
        return (), text
    problem: TriverseError | None = None
    passing: TriverseError | None = None
    is_early = record.attempts < PATIENCE
    best: list[Path] = []
    most = 0
    for openers in _ways(client, record):
        if len(openers) < most and (is_early or best or passing):
            break  # this way, and those after it, give fewer files than there are
        files = []
        for number, open_at in enumerate(openers, start=1):
            try:
                files.append(_fetch_one(context, client, record, folder, (number, len(openers)), open_at, report))
            except _OTHER_WAY as error:
                log.info("a result of task %s did not come: %s", record.id, error)
                if problem is None or isinstance(error, ForeignFileError):
                    problem = error
            except _DeadWayError as dead:
                log.info("a result of task %s did not come: %s", record.id, dead.error)
                passing = passing or dead.error
        if record.flow not in TEXTS:
            best, most = max(best, files, key=len), max(most, len(openers))
            if len(best) == len(openers):
                break
        elif texts := [text for path in files if (text := _text_in(path, record))]:
            return (), texts[0]
    if best and (len(best) == most or not (is_early or passing)):
        if len(best) < most and not any(path.suffix == ".zip" for path in best):  # which may hold them all
            _tell_of_missing(context, record, len(best), most)
        return tuple(sorted(best, key=lambda path: not is_picture(path))), ""
    # A way that may be open again says more than one that never leads to a file.
    raise passing or problem or nothing_to_download()


def _tell_of_missing(context: EngineContext, record: TaskRecord, count: int, most: int) -> None:
    sentence = Sentence.of(
        "Only {count} of the {all} files of this task came. Look for the others on the website of Triverse.",
        count=count,
        all=most,
    )
    context.store.add_history(record.id, "WARNING", sentence)
    context.notice("WARNING", sentence, record.id)


def is_picture(path: Path) -> bool:
    """Return whether a result is a picture that can be shown and sent, by the suffix that was chosen for it here."""
    return path.suffix in {SUFFIX_OF[kind] for kind in TAKEN}


def _ways(client: "Client", record: TaskRecord) -> Iterator[list[OpenAt]]:
    """Yield the ways to a task's files, best first. A later one is looked up only when the earlier ones have failed."""
    asset = functools.partial(asset_opener, client)
    uuid = record.task_uuid or ""
    known = [url for name, url in record.asset_urls.items() if name.startswith(_KEY.partition(" ")[0])]
    if known:
        yield list(map(asset, known))
    preview = record.asset_urls.get("preview", "")
    try:
        newest = client.status(uuid)
    except TriverseError as error:
        log.info("the status of task %s did not come: %s", uuid, error)
    else:
        preview = newest.preview_url or preview
        if newest.result_urls and list(newest.result_urls) != known:
            yield list(map(asset, newest.result_urls))
    problem: TriverseError | None = None
    try:
        links, problem = fresh_links(client, record)
    except (BadAnswerError, NothingToDownloadError):
        links = None
    if links is not None and links.download_url:
        yield [asset(links.download_url)]
    yield [task_opener(client, uuid)]
    if preview and record.flow in PICTURES:
        yield [asset(preview)]
    if problem is not None and not isinstance(problem, BadAnswerError):
        raise problem


def _fetch_one(
    context: EngineContext,
    client: "Client",
    record: TaskRecord,
    folder: Path,
    place: tuple[int, int],
    open_at: OpenAt,
    report: Report,
) -> Path:
    """
    Download one file, and give it the suffix of what it is.

    :param place: its number, from 1, and how many there are.
    :raises _DeadWayError: the way may be blocked for good.
    """
    stem, most_bytes, accept = _kind_of(context, record)
    stem = stem if place[1] == 1 else f"{stem}-{place[0]:0{len(str(MOST_FILES))}}"
    spec = DownloadSpec(folder / stem, most_bytes, accept, "file")
    part_bytes = size_of_part(spec)
    try:
        fetch(spec, with_status_check(open_at), client.read_file, report, context.stop)
    except _OTHER_WAY:
        discard_part(spec.target)
        raise
    except (TransportError, UnavailableError) as error:
        if not is_dead_way(context, record, error) or size_of_part(spec) > part_bytes:
            raise
        raise _DeadWayError(error) from error
    with spec.target.open("rb") as file:
        head = file.read(HEAD_BYTES)
    target = spec.target.with_name(stem + _suffix(head, record))
    replace_file(spec.target, target)
    return target


def _kind_of(context: EngineContext, record: TaskRecord) -> tuple[str, int, Callable[[bytes], bool]]:
    """Return name without suffix, largest size in bytes, and the check of the first bytes of a flow's files."""
    if record.flow in PICTURES:
        return "picture", _MAX_PICTURE_BYTES, _is_picture_or_archive
    if record.flow in TEXTS:
        return "text", _MAX_TEXT_BYTES, _is_no_page
    return "model", context.settings.max_model_bytes, _is_no_page


def _is_picture_or_archive(head: bytes) -> bool:
    return picture_kind(head) in TAKEN or head.startswith(b"PK\x03\x04")


def _is_no_page(head: bytes) -> bool:
    """Return whether this is not nothing, and not the page with which a proxy answers instead."""
    return bool(head) and not head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html"))


def _suffix(head: bytes, record: TaskRecord) -> str:
    """Return the suffix for a file that begins with ``head``. No part of it comes from the service."""
    kind = picture_kind(head)
    if kind in SUFFIX_OF:
        return SUFFIX_OF[kind]
    wanted = output_format(record.params) if record.flow not in PICTURES | TEXTS else ""
    wanted = wanted if wanted.isascii() and wanted.isalnum() and len(wanted) <= 8 else ""
    if head.startswith(b"PK\x03\x04"):
        return f".{wanted}" if wanted in _ZIPPED else ".zip"
    known = next((suffix for beginning, suffix in _BEGINNINGS if head.startswith(beginning)), "")
    return known or (f".{wanted}" if wanted else ".txt" if record.flow in TEXTS else ".bin")


def _text_in(path: Path, record: TaskRecord) -> str:
    """Return the text in a file, which may be JSON; "" if it is none. The file is removed: the record has the text."""
    data = path.read_bytes()
    path.unlink(missing_ok=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return clean(text, MOST_CHARACTERS)
    return result_text(value, prompt_of(record.params))


def done_changes(record: TaskRecord, folder: Path, files: Sequence[Path], text: str) -> dict[str, Any]:
    """Return the changes, except the stage, of a record whose results are here."""
    pictures = [path for path in files if is_picture(path)]
    size_bytes = sum(path.stat().st_size for path in files)
    return {
        "folder": str(folder) if files else record.folder,
        "preview_path": str(pictures[0]) if pictures else "",
        "result_files": tuple(map(str, files)),
        "result_text": text,
        "received_bytes": size_bytes,
        "size_bytes": size_bytes or None,
        "attempts": 0,
        "status_note": None,
    }
