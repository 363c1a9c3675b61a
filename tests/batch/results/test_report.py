# SPDX-License-Identifier: GPL-3.0-or-later
"""Report, table and contact sheet. One: ``python scripts/test.py tests/batch/results/test_report.py``."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from triverse_addon.batch.input.order_ids import Identities, identities_of, row_key
from triverse_addon.batch.library.ledger import Entry, Ledger
from triverse_addon.batch.results import html_sheet, report
from triverse_addon.batch.results.report import ReportRow
from triverse_addon.batch.rows.row import Row
from triverse_addon.batch.run.outcome import untouched
from triverse_addon.batch.run.plan import PlannedRow, RowAction

ROW = Row(number=1, line=2, flow="text-to-model", params={"prompt": "a chair"}, name="Chair", catalog="Props")
LINE = ReportRow(
    number=1,
    line=2,
    name="Chair",
    flow="text-to-model",
    catalog="Props",
    prompt="a chair",
    state="done",
    order_id="batch_1",
    triangles=20_000,
    cost_credits=20,
    files={"blend": "chair.blend", "thumbnail": "thumbnails/chair.png"},
)
EVIL = "\"'><script>alert(1)</script>&<img src=x onerror=alert(2)>"


VOID = {"meta", "img", "input"}


class Page(HTMLParser):
    """
    What a browser makes of a page, as far as its elements are well-formed: each is closed, in the right order.

    ``elements`` with their attributes, ``words`` outside scripts and styles, ``scripts``, and ``items`` of the list
    with their text.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.items: list[tuple[dict[str, str | None], str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag == "li":
            self.items.append((dict(attrs), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside == "script":
            self.scripts.append(data)
        elif inside != "style":
            self.words.append(data)
        if "li" in self._open:
            attributes, text = self.items[-1]
            self.items[-1] = (attributes, text + data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_a_sheet_shows_every_row() -> None:
    failed = dataclasses.replace(LINE, number=2, state="failed", error="No luck.", files={}, triangles=None)
    page = Page(html_sheet.page([LINE, failed], "props"))
    first, second = page.of("li")
    assert first["data-triangles"] == "20000"
    assert second["data-triangles"] == ""
    assert [image["src"] for image in page.of("img")] == ["thumbnails/chair.png"]
    assert [link["href"] for link in page.of("a")] == ["chair.blend"]
    words = " ".join(page.words)
    for part in ("Chair", "a chair", "20,000 triangles", "20 credits", "No luck.", "1 done, 1 failed"):
        assert part in words


@pytest.mark.parametrize("field", ["name", "catalog", "prompt", "error", "state"])
def test_a_row_never_becomes_code(field: str) -> None:
    line = dataclasses.replace(LINE, **{field: EVIL, **({"state": "failed"} if field == "error" else {})})
    page = Page(html_sheet.page([line], EVIL))
    assert len(page.of("script")) == 1
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert EVIL in "".join(page.words)


def test_it_asks_nobody_for_anything() -> None:
    text = html_sheet.page([dataclasses.replace(LINE, prompt=EVIL)], "x")
    page = Page(text)
    assert not page.of("link")
    assert not page.of("iframe")
    assert "url(" not in text
    assert "src" not in page.of("script")[0]
    for tag, name in (("img", "src"), ("a", "href")):
        for attributes in page.of(tag):
            assert ":" not in (attributes[name] or ""), "only files beside it"
    (policy,) = [one["content"] or "" for one in page.of("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_odd_file_names_are_links_that_work() -> None:
    page = Page(html_sheet.page([dataclasses.replace(LINE, files={"blend": "椅子 #1%.blend"})], "x"))
    assert page.of("a")[0]["href"] == "%E6%A4%85%E5%AD%90%20%231%25.blend"


def test_the_table_of_a_small_batch_has_every_row() -> None:
    lines = report.table([LINE, dataclasses.replace(LINE, number=12, state="failed", error="No luck.")])
    assert len(lines) == 3
    assert lines[1].split() == ["1", "2", "Chair", "done", "20,000", "20", "chair.blend"]
    assert lines[2].endswith("No luck.")


def test_the_table_of_a_large_batch_has_what_needs_a_look() -> None:
    many = [dataclasses.replace(LINE, number=n) for n in range(1, 1000)]
    assert report.table(many) == []
    assert len(report.table([*many, dataclasses.replace(LINE, number=1000, state="failed")])) == 2


def test_the_report_is_one_json_object(tmp_path: Path) -> None:
    was_there = dataclasses.replace(LINE, number=2, was_there=True)
    report.write(tmp_path / "a" / "report.json", report.to_json([LINE, was_there], exit_code=0))
    found = json.loads((tmp_path / "a" / "report.json").read_bytes())
    assert found["counts"] == {"done": 2}
    assert (found["credits"], found["credits_of_this_run"]) == (40, 20)
    assert [row["number"] for row in found["rows"]] == [1, 2]


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(report.ReportError):
        report.write(tmp_path / "file" / "report.json", {})


@pytest.mark.parametrize(
    ("entry", "state", "words"),
    [
        (None, "open", "not ordered"),
        (Entry("batch_1", "key", "chair"), "open", "not ordered"),
        (Entry("batch_1", "key", "chair", state="ordered", task_uuid="u"), "open", "not here yet"),
        (Entry("batch_1", "key", "chair", state="failed", error="No luck."), "failed", "No luck."),
        (Entry("batch_1", "key", "chair", state="done", task_uuid="u"), "done", ""),
    ],
)
def test_rows_that_other_machines_ran(entry: Entry | None, state: str, words: str) -> None:
    line = report.row_of_entry(ROW, entry)
    assert line.state == state
    assert words in line.error


@pytest.mark.parametrize(("is_final", "cost"), [(True, None), (False, 20)], ids=["released", "paid"])
def test_a_failed_row_costs_what_was_not_released(is_final: bool, cost: int | None) -> None:
    """As this machine's next run tells it, another's without the task, and ``--merge``."""
    entry = Entry("batch_1", "key", "chair", state="ordered", task_uuid="u", cost_credits=20)
    entry = entry.failed("No luck.", "recipe", is_final=is_final)
    assert report.row_of_entry(ROW, entry).cost_credits == cost
    planned = PlannedRow(ROW, "batch_1", "key", with_blender=False, action=RowAction.SKIP, entry=entry)
    assert report.row_of_outcome(untouched(planned)).cost_credits == cost


def test_the_rows_of_all_machines_are_read_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand records on a disk of the network are a thousand round trips."""
    picture = tmp_path / "chair.png"
    picture.write_bytes(b"a chair")
    words = [dataclasses.replace(ROW, number=n, params={"prompt": f"a chair {n}"}) for n in (1, 2, 3)]
    rows = [*words, dataclasses.replace(ROW, number=4, flow="image-to-model", sources={"image_file": str(picture)})]
    identities = identities_of(rows, Identities())
    ledger = Ledger(tmp_path / "library")
    ledger.library.mkdir()
    ledger.make()
    for number, (order_id, key) in identities.items():
        if number != 3:
            ledger.put(Entry(order_id, key, f"chair-{number}", state="failed", error="No luck."))
    ledger.put(Entry("batch_of_another", "key", "vase", state="done"))
    read: list[str] = []
    get = Ledger.get
    monkeypatch.setattr(Ledger, "get", lambda self, order_id: read.append(order_id) or get(self, order_id))  # type: ignore[func-returns-value]
    keys = {row.number: row_key(row) for row in rows}
    found = report.rows_from_ledger(rows, keys, ledger, identities, with_blender=False)
    assert [one.state for one in found] == ["failed", "failed", "open", "failed"]
    assert sorted(read) == sorted({*read, "batch_of_another"})
    assert len(read) == 4
