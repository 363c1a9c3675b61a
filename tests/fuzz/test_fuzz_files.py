# SPDX-License-Identifier: GPL-3.0-or-later
"""
Files and headers from outside, from valid to anything: tables, ledgers, catalogs, stored rows, row ranges, remembered
batches, download headers, addresses and redirects. Understood, or refused with the error meant, and never a path.

The settings used last are in ``tests/blender/test_last_used_fuzz.py``, a Flamenco job's settings in
``tests/package/test_farm_fuzz.py``. More tries by hand: see :mod:`tests.fuzz.test_fuzz`.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import seeds
from tests.fuzz.test_fuzz import ANYTHING, FUZZ, broken, changed
from triverse_addon.api.errors import BadAnswerError, ConnectionLostError, InputError
from triverse_addon.api.http_session import _redirected
from triverse_addon.api.urls import check_asset_url, check_base_url
from triverse_addon.batch.input import reader
from triverse_addon.batch.input.row_range import rows_in
from triverse_addon.batch.input.validation import check
from triverse_addon.batch.library import catalogs
from triverse_addon.batch.library.entry import EntryError, entry_from_json
from triverse_addon.batch.library.ledger import Ledger, stem_of
from triverse_addon.batch.run import resume
from triverse_addon.batch.run.request import BatchRequest
from triverse_addon.tasks.files import download_resume
from triverse_addon.tasks.record.record import TaskRecord, now_s
from triverse_addon.tasks.store import codec
from triverse_addon.tasks.store import rows as store_rows

pytestmark = pytest.mark.kind("fuzz")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".txt"])
@FUZZ
@given(seed=st.sampled_from(seeds.TABLES), data=st.data())
def test_tables(tmp_path: Path, suffix: str, seed: bytes, data: st.DataObject) -> None:
    file = tmp_path / f"rows{suffix}"
    file.write_bytes(data.draw(broken(seed)))
    raw = reader.read(file)
    rows, problems = check(raw)
    assert raw.rows or raw.problems
    for problem in problems:
        assert str(problem.sentence).strip()
        assert problem.line >= 0
    for row in rows:
        assert row.title.isprintable()
        assert "/" not in stem_of(row.title)
        assert row.line >= 1


@FUZZ
@given(text=st.text(alphabet="0123456789:- +٣３", max_size=12) | st.text(max_size=12), count=st.integers(0, 10**6))
def test_row_ranges(text: str, count: int) -> None:
    said = "."
    found = range(1, 1)
    try:
        found = rows_in(text, count)
    except InputError as error:
        said = str(error.sentence)
    assert said.endswith(".")
    assert found.step == 1
    assert found.start >= 1
    assert found.stop <= max(count + 1, found.start + 1)


@FUZZ
@given(value=changed(seeds.ENTRY))
def test_entries_of_a_ledger(value: object) -> None:
    try:
        entry = entry_from_json(value, "batch_1")
    except EntryError:
        return
    assert entry.row_order_id == "batch_1"
    assert not set(entry.stem) & set("/\\.:\0")
    for path in entry.files.values():
        joined = os.path.normpath(os.path.join("/library", path))
        assert joined.startswith("/library/")
    json.dumps(dataclasses.asdict(entry))


@FUZZ
@given(data=st.data())
def test_files_of_a_ledger(tmp_path: Path, data: st.DataObject) -> None:
    ledger = Ledger(tmp_path / "library")
    ledger.make()
    (ledger.folder / "rows" / "batch_1.json").write_bytes(data.draw(broken(json.dumps(seeds.ENTRY).encode())))
    found = ledger.get("batch_1")
    assert (found is None) == bool(ledger.ignored)
    assert len(list(ledger.entries())) == (found is not None)


@FUZZ
@given(seed=st.sampled_from(seeds.CATALOGS), data=st.data(), paths=st.lists(st.text(max_size=20), max_size=3))
def test_catalogs(tmp_path: Path, seed: bytes, data: st.DataObject, paths: list[str]) -> None:
    folder = tmp_path / "library"
    folder.mkdir(exist_ok=True)
    file = folder / catalogs.FILE_NAME
    before = data.draw(broken(seed))
    file.write_bytes(before)
    wanted = [path for text in paths if (path := catalogs.clean_path(text))]
    try:
        ids = catalogs.merge(folder, wanted)
    except catalogs.CatalogError:
        assert file.read_bytes() == before
        return
    assert set(wanted) <= ids.keys()
    # Every line that was there is there, and what was added is found again.
    assert before.decode().removeprefix("\ufeff").rstrip("\n") in file.read_bytes().decode()
    assert catalogs.read(folder).keys() >= set(wanted) - set(_renamed(ids, wanted))


def _renamed(ids: dict[str, str], wanted: list[str]) -> list[str]:
    """Paths whose catalog the user has given another name: they are not written again."""
    others = {uuid for path, uuid in ids.items() if path not in wanted}
    return [path for path in wanted if ids[path] in others]


@FUZZ
@given(value=changed(seeds.STORED), columns=changed(seeds.COLUMNS))
def test_stored_rows(value: object, columns: Any) -> None:
    if not isinstance(columns, dict) or columns.keys() != seeds.COLUMNS.keys():
        columns = dict(seeds.COLUMNS)
    try:
        record = codec.from_row(columns, json.dumps(value))
    except ValueError:
        saved = codec.recover_from_columns(columns)
        assert saved is None or saved.id == columns["id"]
        return
    assert isinstance(record, TaskRecord)
    codec.to_json(record).encode()
    str(record.error)
    str(record.status_note)


@FUZZ
@given(data=st.data())
def test_lines_of_a_history(data: st.DataObject) -> None:
    at_s, level, template, args = (data.draw(ANYTHING) for _ in range(4))
    text = data.draw(st.sampled_from(['{"a": 1}', "[]", "{", "null", '{"name": {"a": []}}'])) if args else args
    line = store_rows.line_of(at_s, level, template, text)
    assert line is None or str(line.sentence) is not None


@FUZZ
@given(value=changed(seeds.REMEMBERED), data=st.data())
def test_remembered_batches(tmp_path: Path, value: object, data: st.DataObject) -> None:
    folder = tmp_path / resume.FOLDER
    folder.mkdir(exist_ok=True)
    text = json.dumps(value).encode()
    (folder / "a.json").write_bytes(data.draw(broken(text)) if data.draw(st.booleans()) else text)
    saved = resume.load_batch(tmp_path, lambda name: True)
    if saved is not None:
        assert isinstance(saved.request, BatchRequest)
        assert saved.jobs >= 1
        assert saved.credits >= 0
        assert saved.request.file.is_absolute()
        assert saved.request.library.is_absolute()


class _Answer:
    def __init__(self, status_code: int, headers: dict[str, str]) -> None:
        self.status_code = status_code
        self.headers = headers

    def close(self) -> None:
        """Nothing is open."""


_HEADER = st.sampled_from(seeds.HEADER_VALUES) | st.text(max_size=30)


@FUZZ
@given(
    status=st.sampled_from([200, 206, 416]),
    offset=st.integers(0, 10**9),
    etag=st.none() | _HEADER,
    headers=st.dictionaries(
        st.sampled_from(["Content-Range", "ETag", "Content-Length", "Content-Encoding", "Last-Modified", "Date"]),
        _HEADER,
        max_size=6,
    ),
    total=st.none() | st.integers(0, 10**9),
)
def test_headers_of_a_download(
    status: int, offset: int, etag: str | None, headers: dict[str, str], total: int | None
) -> None:
    answer = _Answer(status, headers)
    try:
        start = download_resume.accepted_offset(answer, offset, etag, total)
    except ConnectionLostError:
        start = 0
    assert start in (0, offset)
    total = download_resume.total_bytes(answer, start)
    assert total is None or start <= total < 10**20 + start
    date = download_resume.strong_date(answer)
    assert date is None or (date.isascii() and not headers.get("ETag", "").strip())
    strong = download_resume.strong_etag(answer)
    assert strong is None or not strong.startswith("W/")


@FUZZ
@given(
    note=changed({"etag": '"abc"'}) | changed({"last_modified": "Sun, 29 Nov 2026 10:00:00 GMT", "size": 9}),
    data=st.data(),
)
def test_notes_of_a_partial_download(tmp_path: Path, note: object, data: st.DataObject) -> None:
    path = tmp_path / "note.json"
    path.write_bytes(data.draw(broken(json.dumps(note).encode())))
    part = tmp_path / "part"
    part.write_bytes(b"12345")
    with part.open("r+b") as file:
        partial = download_resume.resumable(file, path)
    assert (partial.size == 5 and bool(partial.validator)) or (partial.size == 0 and partial.validator is None)


@FUZZ
@given(seed=st.sampled_from(seeds.ADDRESSES), data=st.data())
def test_addresses(seed: str, data: st.DataObject) -> None:
    text = data.draw(broken(seed.encode())).decode("utf-8", "replace")
    for judge, error in ((check_asset_url, BadAnswerError), (check_base_url, InputError)):
        try:
            found = judge(text)
        except error:
            continue
        assert found.startswith(("https://", "HTTPS://", "http://", "HTTP://")) or found.lower().startswith("http")
        assert not set(found) & set(" \t\r\n\0")
        assert "@" not in found.split("/")[2]


@FUZZ
@given(start=st.sampled_from(["https://x.invalid/a/b?c", "http://127.0.0.1:8000/a"]), data=st.data())
def test_redirects(start: str, data: st.DataObject) -> None:
    location = data.draw(broken(data.draw(st.sampled_from(seeds.LOCATIONS)).encode())).decode("utf-8", "replace")
    try:
        target = _redirected(start, location)
    except BadAnswerError:
        return
    assert check_asset_url(target) == target
    assert not (start.startswith("https:") and not target.startswith("https:"))


def test_the_seeds_are_understood(tmp_path: Path) -> None:
    assert entry_from_json(seeds.ENTRY, "batch_1").stem == "chair"
    assert codec.from_row(dict(seeds.COLUMNS), json.dumps(seeds.STORED)).name == "A chair"
    for number, table in enumerate(seeds.TABLES):
        (tmp_path / f"{number}.csv").write_bytes(table)
        assert reader.read(tmp_path / f"{number}.csv").rows
    for text in seeds.CATALOGS:
        (tmp_path / catalogs.FILE_NAME).write_bytes(text)
        catalogs.merge(tmp_path, ["Props"])
    (tmp_path / resume.FOLDER).mkdir()
    (tmp_path / resume.FOLDER / "a.json").write_text(json.dumps(seeds.REMEMBERED))
    assert resume.load_batch(tmp_path, lambda name: True) is not None
    assert now_s() > 0
    assert io.BytesIO(seeds.TABLES[0]).read()
