# SPDX-License-Identifier: GPL-3.0-or-later
"""
One file onto the disk: whole or not at all, resumed at any byte, and every way it can go wrong.

The server is a few lines that answer Range and If-Range as RFC 9110 says. One: ``python scripts/test.py
tests/tasks/files/test_downloads.py``.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triverse_addon.api.errors import ConnectionLostError, TriverseError
from triverse_addon.api.sentence import Sentence
from triverse_addon.tasks.files import resumable_download
from triverse_addon.tasks.files.download_errors import (
    DiskFullError,
    DownloadBusyError,
    DownloadStopped,
    FolderError,
    ForeignFileError,
    TooLargeError,
)
from triverse_addon.tasks.files.private_files import opener
from triverse_addon.tasks.files.resumable_download import DownloadSpec, fetch

BODY = b"glTF" + bytes(range(256)) * 40
ANY_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Answer:
    """What a server sent: status, headers, and the body up to where it breaks off."""

    status_code: int
    headers: dict[str, str]
    body: bytes
    breaks_off: bool = False
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Server:
    """Serves ``body``; each entry of ``cuts`` is after how many bytes one answer breaks off."""

    body: bytes = BODY
    etag: str | None = '"one"'
    date: str | None = None
    cuts: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    heeds_if_range: bool = True
    asked: list[tuple[int, str | None]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def open(self, offset: int, validator: str | None) -> Answer:
        self.asked.append((offset, validator))
        same = validator in (None, self.etag or self.date) or not self.heeds_if_range
        start = offset if same else 0
        body = self.body[start:]
        headers = {"Content-Length": str(len(body))}
        if self.etag is not None:
            headers["ETag"] = self.etag
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        cut = self.cuts.pop(0) if self.cuts else None
        answer = Answer(
            206 if start else 200, headers | self.headers, body if cut is None else body[:cut], cut is not None
        )
        self.answers.append(answer)
        return answer

    @staticmethod
    def read(answer: Any, chunk_bytes: int) -> Iterator[bytes]:
        for start in range(0, len(answer.body), min(chunk_bytes, 1000)):
            yield answer.body[start : start + min(chunk_bytes, 1000)]
        if answer.breaks_off:
            raise ConnectionLostError(Sentence.of("It broke off."))


def want(folder: Path, **changes: Any) -> DownloadSpec:
    values: dict[str, Any] = {
        "target": folder / "model.glb",
        "max_bytes": 10**6,
        "accept_head": lambda head: head.startswith(b"glTF"),
        "what": "model",
    }
    return DownloadSpec(**(values | changes))


def once(server: Server, wanted: DownloadSpec, stop: threading.Event | None = None) -> int:
    return fetch(wanted, server.open, server.read, lambda _done, _all: None, stop or threading.Event())


def until_whole(server: Server, wanted: DownloadSpec, tries: int = 10) -> int:
    for _ in range(tries):
        try:
            return once(server, wanted)
        except ConnectionLostError:
            assert not wanted.target.exists()
    raise AssertionError("it never became whole")


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# -----------------------------------------------------------------------------
# Whole, however often it breaks off


@ANY_FOLDER
@given(cuts=st.lists(st.integers(0, len(BODY)), max_size=4))
def test_a_download_that_breaks_off_anywhere_becomes_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("d")
    server = Server(cuts=list(cuts))
    assert until_whole(server, want(folder)) == len(BODY)
    assert (folder / "model.glb").read_bytes() == BODY
    assert left_over(folder) == ["model.glb"]
    # Not one byte is fetched twice.
    fetched = sum(len(answer.body) for answer in server.answers)
    assert fetched == len(BODY)
    assert all(answer.closed for answer in server.answers)
    shutil.rmtree(folder)


def test_what_broke_off_goes_on_by_range_with_its_etag(tmp_path: Path) -> None:
    server = Server(cuts=[5000])
    until_whole(server, want(tmp_path))
    assert server.asked == [(0, None), (5000, '"one"')]


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_nothing_is_resumed(tmp_path: Path, etag: str | None) -> None:
    server = Server(cuts=[5000], etag=etag)
    until_whole(server, want(tmp_path))
    assert server.asked == [(0, None), (0, None)]
    assert (tmp_path / "model.glb").read_bytes() == BODY


@pytest.mark.parametrize("heeds_if_range", [True, False], ids=["rfc", "ignores-if-range"])
def test_a_file_that_changed_meanwhile_is_fetched_from_its_beginning(tmp_path: Path, heeds_if_range: bool) -> None:
    server = Server(cuts=[5000], heeds_if_range=heeds_if_range)
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.body, server.etag = b"glTF" + bytes(20_000), '"two"'
    assert until_whole(server, want(tmp_path), tries=2) == 20_004
    assert (tmp_path / "model.glb").read_bytes() == server.body


def test_a_server_that_knows_no_ranges_starts_over(tmp_path: Path) -> None:
    server = Server(cuts=[5000])
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    assert fetch(
        want(tmp_path), lambda _offset, _etag: server.open(0, None), server.read, lambda *_: None, threading.Event()
    ) == len(BODY)
    assert (tmp_path / "model.glb").read_bytes() == BODY


def test_an_answer_that_goes_on_elsewhere_is_not_pieced_together(tmp_path: Path) -> None:
    server = Server(cuts=[5000])
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.headers = {"Content-Range": f"bytes 4000-{len(BODY) - 1}/{len(BODY)}"}
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.headers = {}
    assert once(server, want(tmp_path)) == len(BODY)
    assert (tmp_path / "model.glb").read_bytes() == BODY


def test_a_crash_between_note_and_bytes_mixes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(cuts=[5000])
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    server.body, server.etag = b"glTF" + bytes(20_000), '"two"'

    def dies(*_given: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(resumable_download, "_receive", dies)
        with pytest.raises(KeyboardInterrupt):
            once(server, want(tmp_path))
    once(server, want(tmp_path))
    assert (tmp_path / "model.glb").read_bytes() == server.body


@pytest.mark.parametrize(
    "note",
    [
        *("", "{}", "[]", '{"etag": 5}', '{"etag": ""}', "\x00", "[" * 100_000),
        *('{"last_modified": "Sun, 29 Nov 2026 10:00:00 GMT"}', '{"last_modified": 5, "size": 9}'),
    ],
)
def test_a_damaged_note_resumes_nothing(tmp_path: Path, note: str) -> None:
    (tmp_path / ".model.glb.part").write_bytes(b"something else")
    (tmp_path / ".model.glb.part.json").write_text(note)
    server = Server()
    once(server, want(tmp_path))
    assert server.asked == [(0, None)]
    assert (tmp_path / "model.glb").read_bytes() == BODY


@pytest.mark.parametrize("length", ["", "many", "-1", "9" * 5000])
def test_an_unknown_length_is_read_to_the_end(tmp_path: Path, length: str) -> None:
    assert once(Server(headers={"Content-Length": length}), want(tmp_path)) == len(BODY)


@pytest.mark.parametrize("off_by", [-1, 1])
def test_a_wrong_length_is_no_whole_file(tmp_path: Path, off_by: int) -> None:
    server = Server(headers={"Content-Length": str(len(BODY) + off_by)})
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    assert not (tmp_path / "model.glb").exists()


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "model.glb").write_bytes(b"old")
    server = Server(cuts=[100])
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    assert (tmp_path / "model.glb").read_bytes() == b"old"
    once(server, want(tmp_path))
    assert (tmp_path / "model.glb").read_bytes() == BODY


# -----------------------------------------------------------------------------
# Refused


@pytest.mark.parametrize("body", [b"", b"gl", b"<html>no</html>", b"PK\x03\x04" + bytes(100)])
def test_another_kind_of_file_is_refused_and_not_kept(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ForeignFileError, match="not a model"):
        once(Server(body=body), want(tmp_path))
    assert not (tmp_path / "model.glb").exists()


@pytest.mark.parametrize("known", [True, False], ids=["told-before", "found-out"])
def test_a_file_above_the_cap_is_not_taken(tmp_path: Path, known: bool) -> None:
    server = Server(headers={} if known else {"Content-Length": ""})
    with pytest.raises(TooLargeError, match="MB"):
        once(server, want(tmp_path, max_bytes=2000))
    assert not (tmp_path / "model.glb").exists()
    part = tmp_path / ".model.glb.part"
    assert not part.exists() or part.stat().st_size <= 2000


def test_no_room_is_seen_before_a_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=len(BODY)))
    with pytest.raises(DiskFullError, match="no room"):
        once(Server(), want(tmp_path))
    assert not (tmp_path / ".model.glb.part").exists()


def test_a_disk_that_fills_up_meanwhile_keeps_what_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    plain = server.read

    def full(answer: Answer, chunk_bytes: int) -> Iterator[bytes]:
        yield from list(plain(answer, chunk_bytes))[:3]
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFullError, match="Free some space"):
        fetch(want(tmp_path), server.open, full, lambda _done, _all: None, threading.Event())
    once(server, want(tmp_path))
    assert server.asked[-1] == (3000, '"one"')
    assert (tmp_path / "model.glb").read_bytes() == BODY


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").touch()
    server = Server()
    with pytest.raises(FolderError, match="Choose another download folder") as caught:
        once(server, want(tmp_path / "folder"))
    assert str(tmp_path / "folder") in str(caught.value)
    assert server.asked == []


def test_a_name_that_cannot_be_given_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_paths: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    server = Server()
    with monkeypatch.context() as during:
        during.setattr(os, "replace", denied)
        with pytest.raises(FolderError, match="Permission denied"):
            once(server, want(tmp_path))
    # All of it is here: nothing is fetched again but the answer that there is no more.
    server.body = BODY
    assert (tmp_path / ".model.glb.part").read_bytes() == BODY


def test_folders_of_any_name_and_length_do(tmp_path: Path) -> None:
    folder = tmp_path / "Ördner mit Leerzeichen" / "模型" / "👾"
    while len(str(folder)) < 250:
        folder /= "long" * 5
    assert once(Server(), want(folder)) == len(BODY)
    assert (folder / "model.glb").read_bytes() == BODY


def test_what_is_left_can_be_thrown_away(tmp_path: Path) -> None:
    with pytest.raises(ConnectionLostError):
        once(Server(cuts=[5000]), want(tmp_path))
    resumable_download.discard_part(tmp_path / "model.glb")
    resumable_download.discard_part(tmp_path / "model.glb")
    assert list(tmp_path.iterdir()) == []


# -----------------------------------------------------------------------------
# Two at a time


def test_what_another_one_writes_is_let_be(tmp_path: Path) -> None:
    """A lease may run out while its Blender is asleep; then it wakes up and writes on."""
    server, wanted = Server(), want(tmp_path)
    part = tmp_path / ".model.glb.part"
    seen: list[bytes] = []

    def read(answer: Any, chunk_bytes: int) -> Iterator[bytes]:
        for chunk in server.read(answer, chunk_bytes):
            yield chunk
            with pytest.raises(DownloadBusyError, match="Another Blender"):
                once(Server(body=b"glTF" + bytes(50_000), etag='"two"'), wanted)
            seen.append(part.read_bytes())

    fetch(wanted, server.open, read, lambda _done, _all: None, threading.Event())
    assert len(seen) > 5
    assert (tmp_path / "model.glb").read_bytes() == BODY
    assert left_over(tmp_path) == ["model.glb"]
    # And it goes on where the first broke off.
    (tmp_path / "model.glb").unlink()
    broken = Server(cuts=[5000])
    with pytest.raises(ConnectionLostError):
        once(broken, wanted)
    assert once(broken, wanted) == len(BODY)
    assert broken.asked[-1] == (5000, '"one"')


def test_a_file_that_gets_its_name_while_it_is_opened_is_not_written_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConnectionLostError):
        once(Server(cuts=[5000]), want(tmp_path))
    part, target = tmp_path / ".model.glb.part", tmp_path / "model.glb"

    def finished_meanwhile(_file: object) -> None:
        part.write_bytes(BODY)
        os.replace(part, target)

    server = Server(body=b"glTF" + bytes(50_000))
    with monkeypatch.context() as during:
        during.setattr(resumable_download, "lock", finished_meanwhile)
        with pytest.raises(DownloadBusyError):
            once(server, want(tmp_path))
    assert server.asked == []
    assert target.read_bytes() == BODY


def test_where_there_are_no_locks_it_is_fetched_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_file: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(resumable_download, "lock", none)
    assert once(Server(), want(tmp_path)) == len(BODY)


def test_what_the_report_raises_ends_it_before_the_next_byte_is_written(tmp_path: Path) -> None:
    """As when another Blender has taken the task over."""
    server = Server()

    def report(done: int, _all: int | None) -> None:
        if done:
            raise DownloadStopped(Sentence.of("No more."))

    with pytest.MonkeyPatch.context() as during:
        during.setattr(resumable_download, "_REPORT_S", 0.0)
        with pytest.raises(DownloadStopped, match="No more"):
            fetch(want(tmp_path), server.open, server.read, report, threading.Event())
    assert (tmp_path / ".model.glb.part").read_bytes() == BODY[:1000]


# -----------------------------------------------------------------------------
# Stopped, and told


def test_a_stop_ends_at_the_next_piece_and_goes_on_later(tmp_path: Path) -> None:
    server, stop = Server(), threading.Event()
    seen: list[tuple[int, int | None]] = []

    def report(done: int, size: int | None) -> None:
        seen.append((done, size))
        stop.set()

    with pytest.raises(DownloadStopped):
        fetch(want(tmp_path), server.open, server.read, report, stop)
    assert seen[0] == (0, len(BODY))
    once(server, want(tmp_path))
    assert server.asked[1] == (1000, '"one"')


def test_progress_counts_what_was_here_already(tmp_path: Path) -> None:
    server, seen = Server(cuts=[5000]), []
    with pytest.raises(ConnectionLostError):
        once(server, want(tmp_path))
    fetch(want(tmp_path), server.open, server.read, lambda done, size: seen.append((done, size)), threading.Event())
    assert seen[0] == (5000, len(BODY))
    assert seen[-1] == (len(BODY), len(BODY))


def test_a_connection_that_trickles_counts_as_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable_download, "_SLOW_AFTER_S", 0.0)
    monkeypatch.setattr(resumable_download, "_SLOWEST_BYTES_S", 10**12)
    with pytest.raises(ConnectionLostError, match="too slow"):
        once(Server(), want(tmp_path))


@ANY_FOLDER
@given(
    status=st.sampled_from([200, 206]),
    headers=st.dictionaries(
        st.sampled_from(["ETag", "Content-Length", "Content-Range", "Content-Encoding"]),
        st.text(st.characters(codec="latin-1"), max_size=20) | st.integers(0, 20_000).map(str),
    ),
    body=st.binary(max_size=3000) | st.just(BODY),
    part=st.none() | st.binary(max_size=40),
)
def test_whatever_a_server_answers_ends_whole_or_in_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, status: int, headers: dict[str, str], body: bytes, part: bytes | None
) -> None:
    folder = tmp_path_factory.mktemp("d")
    if part is not None:
        (folder / ".model.glb.part").write_bytes(part)
        (folder / ".model.glb.part.json").write_text('{"etag": "\\"one\\""}')
    try:
        size = fetch(
            want(folder),
            lambda _offset, _etag: Answer(status, headers, body),
            Server.read,
            lambda _done, _all: None,
            threading.Event(),
        )
    except TriverseError:
        assert not (folder / "model.glb").exists()
    else:
        assert (folder / "model.glb").stat().st_size == size
    shutil.rmtree(folder)


@pytest.mark.kind("foreign-values")
@pytest.mark.parametrize("name", [".model.glb.part", ".model.glb.part.json"])
@pytest.mark.parametrize("is_there", [True, False], ids=["file", "nothing"])
def test_nothing_is_written_through_a_link(tmp_path: Path, name: str, is_there: bool) -> None:
    """Put into a shared folder by somebody else."""
    mine, folder = tmp_path / "mine", tmp_path / "task"
    folder.mkdir()
    if is_there:
        mine.write_text("mine")
    (folder / name).symlink_to(mine)
    assert once(Server(), want(folder)) == len(BODY)
    assert (folder / "model.glb").read_bytes() == BODY
    assert mine.exists() is is_there
    assert not is_there or mine.read_text() == "mine"


@pytest.mark.kind("private-files")
def test_what_is_made_for_this_user_alone_is_not_made_behind_a_link(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "log").symlink_to(mine)
    with pytest.raises(OSError, match="symbolic links"), open(tmp_path / "log", "w", opener=opener):
        pass
    assert mine.read_text() == "mine"
