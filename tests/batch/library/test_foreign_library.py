# SPDX-License-Identifier: GPL-3.0-or-later
"""A library that somebody else hands over: what its ledger says is checked, and nothing leaves its folder."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.batch.library.test_ledger import ROW
from triverse_addon.batch.library import catalogs
from triverse_addon.batch.library.asset_writer import AssetJob, GlbWriter
from triverse_addon.batch.library.entry import Entry, EntryError, entry_from_json, entry_to_json
from triverse_addon.batch.library.ledger import Ledger, LedgerError, build_hash_of
from triverse_addon.batch.library.safe_paths import inside, is_plain_relative, read_regular
from triverse_addon.batch.results import html_sheet, report
from triverse_addon.batch.results.finish import report_path, write_report
from triverse_addon.batch.run.request import BatchRequest

ENTRY = Entry(row_order_id="batch_1", row_key="key", stem="chair", state="done", files={"blend": "chair.blend"})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A folder of the user's with a file in it, which must stay as it is."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "marker").write_text("mine")
    return folder


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(tmp_path / "library")
    ledger.make()
    return ledger


def _put(ledger: Ledger, changes: dict[str, Any], name: str = "batch_1") -> None:
    value = json.loads(json.dumps(entry_to_json(ENTRY))) | changes
    (ledger.folder / "rows" / f"{name}.json").write_text(json.dumps(value))


BAD_PATHS = [
    "../mine/marker",
    "/etc/hostname",
    "a/../../mine/marker",
    "..",
    ".",
    "",
    "C:/Users/x.blend",
    "C:x.blend",
    "\\\\server\\share\\x.blend",
    "//server/share/x.blend",
    "a\\b.blend",
    "a//b.blend",
    "a/./b.blend",
    "a\x00.blend",
    "a\n.blend",
    "a/b/c/d/e.blend",
    "x" * 2000,
]


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_leaves_the_library_makes_the_entry_none(ledger: Ledger, path: str) -> None:
    assert not is_plain_relative(path)
    _put(ledger, {"files": {"blend": path}})
    assert ledger.get("batch_1") is None
    assert ledger.ignored == {"batch_1.json"}
    assert "batch_1.json" in str(ledger.notice())


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize(
    "stem", ["../mine/marker", "/etc/x", "a/b", "a.b", "", " ", "a b", "x" * 300, "a\x1b", 7, None, ["a"], {"a": 1}]
)
def test_a_name_of_files_is_letters_and_digits(ledger: Ledger, stem: object) -> None:
    _put(ledger, {"stem": stem})
    assert ledger.get("batch_1") is None
    assert ledger.claim(ROW, "batch_1", "key").stem == "chair"


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("order_id", "batch_2"),
        ("order_id", "../../batch_1"),
        ("order_id", 1),
        ("row_key", None),
        ("state", "paid"),
        ("state", ["done"]),
        ("order", "a b"),
        ("order", {"a": 1}),
        ("task_uuid", "../x"),
        ("task_uuid", 7),
        ("recipe", 7),
        ("name", ["x"]),
        ("prompt", "x" * 100_000),
        ("tags", "tags"),
        ("tags", [1]),
        ("files", ["chair.blend"]),
        ("files", {"blend": None}),
        ("files", {"Blend/..": "a.blend"}),
        ("files", {str(n): "a.blend" for n in range(100)}),
        ("triangles", -1),
        ("triangles", True),
        ("triangles", "many"),
        ("triangles", 10**400),
        ("cost_credits", 1.5),
        ("created_at_s", "today"),
        ("created_at_s", None),
        ("created_at_s", 10**400),
        ("created_at_s", -(10**400)),
        ("created_at_s", float("inf")),
        ("error", {}),
    ],
)
def test_every_field_has_a_type_and_a_pattern(ledger: Ledger, field: str, value: object) -> None:
    _put(ledger, {field: value})
    assert ledger.get("batch_1") is None
    assert list(ledger.entries()) == []
    assert ledger.by_row_key() == {}


@pytest.mark.kind("foreign-ledger")
def test_an_entry_of_our_own_is_believed(ledger: Ledger) -> None:
    entry = replace(ENTRY, files={"obj": "chair-obj/chair.obj", "thumbnail": "thumbnails/chair.png"}, triangles=7)
    ledger.put(entry)
    assert ledger.get("batch_1") == entry
    assert ledger.ignored == set()
    with pytest.raises(EntryError):
        entry_from_json(entry_to_json(entry) | {"tags": []}, "batch_2")


@pytest.mark.kind("foreign-ledger")
def test_an_entry_is_a_regular_file_of_limited_size(ledger: Ledger, mine: Path) -> None:
    rows = ledger.folder / "rows"
    (rows / "batch_1.json").symlink_to(mine / "marker")
    os.mkfifo(rows / "batch_2.json")  # would be waited for, for ever
    (rows / "batch_3.json").write_text(json.dumps(entry_to_json(ENTRY)) + " " * 2_000_000)
    (rows / "batch_4.json").mkdir()
    (rows / "batch_5.json").write_text("[" * 100_000)
    assert list(ledger.entries()) == []
    assert ledger.ignored == {f"batch_{number}.json" for number in range(1, 6)}
    ledger.put(replace(ENTRY, name="new"))
    assert (mine / "marker").read_text() == "mine"
    assert not (rows / "batch_1.json").is_symlink()


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize("name", [".triverse", ".triverse/rows", ".triverse/names", "thumbnails"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, mine: Path, name: str) -> None:
    library = tmp_path / "library"
    (library / name).parent.mkdir(parents=True)
    (library / name).symlink_to(mine)
    old = mine / ".a.1234abcd.part"
    old.touch()
    os.utime(old, (1, 1))
    with pytest.raises(LedgerError, match="is a link"):
        Ledger(library).make()
    assert sorted(path.name for path in mine.iterdir()) == [".a.1234abcd.part", "marker"]
    assert Ledger(library).get("batch_1") is None
    assert list(Ledger(library).entries()) == []


@pytest.mark.kind("foreign-ledger")
def test_a_file_behind_a_link_is_not_there(ledger: Ledger, mine: Path) -> None:
    (mine / "chair.blend").touch()
    build_hash = build_hash_of(ROW, with_blender=True)
    entry = replace(ENTRY, build_hash=build_hash, files={"blend": "sub/chair.blend"})
    (ledger.library / "sub").symlink_to(mine)
    assert not ledger.is_done(entry, build_hash)
    assert ledger.path_of(entry, "blend") is None
    assert ledger.path_of(entry, "fbx") is None
    (ledger.library / "sub").unlink()
    (ledger.library / "sub").mkdir()
    (ledger.library / "sub" / "chair.blend").touch()
    assert ledger.is_done(entry, build_hash)
    assert ledger.path_of(entry, "blend") == ledger.library / "sub" / "chair.blend"


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize(
    "name", ["thumbnails/chair.png", "chair-obj", "chair-lod1.blend", "chair-lod2-obj", "chair.txt"]
)
def test_files_that_a_row_would_write_over_keep_their_name(ledger: Ledger, name: str) -> None:
    (ledger.library / name).parent.mkdir(exist_ok=True)
    (ledger.library / name).write_text("mine")
    assert ledger.claim(ROW, "batch_11111111", "key").stem == "chair_11111111"


@pytest.mark.kind("foreign-ledger")
def test_a_name_that_only_begins_alike_is_free(ledger: Ledger) -> None:
    for name in ("chair-red.blend", "chairs.blend", "armchair.blend", "chair-lodge.blend"):
        (ledger.library / name).touch()
    assert ledger.claim(ROW, "batch_11111111", "key").stem == "chair"


@pytest.mark.kind("foreign-ledger")
def test_models_are_not_copied_through_a_link(ledger: Ledger, mine: Path, tmp_path: Path) -> None:
    (mine / "chair.png").write_text("mine")
    (ledger.library / "thumbnails").symlink_to(mine)
    model = tmp_path / "m.glb"
    model.touch()
    job = AssetJob(model_path=model, preview_path=model, library=ledger.library, stem="chair", name="Chair")
    with pytest.raises(Exception, match="cannot be written"):
        GlbWriter()(job, threading.Event())
    assert (mine / "chair.png").read_text() == "mine"


@pytest.mark.kind("foreign-ledger")
def test_a_page_shows_no_picture_from_elsewhere(ledger: Ledger, mine: Path) -> None:
    (mine / "a.png").touch()
    (ledger.library / "thumbnails").symlink_to(mine)
    line = report.ReportRow(1, 2, "a", "f", "", "", "done", "o", files={"thumbnail": "thumbnails/a.png"})
    assert [tile.picture for tile in html_sheet.tiles(ledger.library, [line])] == [None]


@pytest.mark.kind("foreign-ledger")
def test_a_catalog_file_that_is_a_link_is_not_copied(ledger: Ledger, mine: Path) -> None:
    (ledger.library / catalogs.FILE_NAME).symlink_to(mine / "marker")
    with pytest.raises(catalogs.CatalogError, match="cannot be read"):
        catalogs.merge(ledger.library, ["Props"])
    assert not (ledger.library / f"{catalogs.FILE_NAME}~").exists()


@pytest.mark.kind("foreign-ledger")
def test_only_parts_of_our_own_are_removed(ledger: Ledger, mine: Path) -> None:
    others = [ledger.library / name for name in (".notes.part", "a.1234abcd.part", ".x.1234abcd.part.txt")]
    for path in others:
        path.touch()
    folders = [ledger.library / name for name in (".photos.2024.part", ".photos.1234abcd.part", ".1234abcd.part")]
    for path in folders:
        path.mkdir()
        (path / "marker").write_text("mine")
    link = ledger.library / ".chair.1234abcd.part"
    link.symlink_to(mine)
    folder = ledger.library / ".chair-obj.1234abcd.part"
    folder.mkdir()
    for path in (*others, *folders, link, folder):
        os.utime(path, (1, 1), follow_symlinks=False)
    ledger.make()
    assert all(os.path.lexists(path) for path in (*others, *folders, link))
    assert all((path / "marker").exists() for path in folders)
    assert not folder.exists()
    assert (mine / "marker").exists()


@pytest.mark.kind("own-outputs")
def test_a_report_in_the_library_names_no_folder_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    request = BatchRequest(tmp_path / "props.csv", tmp_path / "library", rows="1:8")
    request.library.mkdir()
    error = f"{request.library}/chair.blend is gone, and {tmp_path}/home/models/a.glb too. See {request.library}."
    line = report.ReportRow(1, 2, "a", "f", "", "", "failed", "o", error=error)
    for target in (request.library / report.FILE_NAME, report_path(request)):
        write_report(target, request, [line], seconds=1.0)
        text = target.read_text()
        assert str(tmp_path) not in text
        found = json.loads(text)
        assert (found["file"], found["library"]) == ("../props.csv", ".")
        assert found["rows"][0]["error"] == "chair.blend is gone, and ~/models/a.glb too. See .."
    write_report(tmp_path / "report.json", request, [line], seconds=1.0)
    assert json.loads((tmp_path / "report.json").read_text())["file"] == str(request.file)


@pytest.mark.kind("own-outputs")
def test_a_report_does_not_go_through_a_link(tmp_path: Path, mine: Path) -> None:
    request = BatchRequest(tmp_path / "props.csv", tmp_path / "library", rows="1:8")
    (request.library / ".triverse").mkdir(parents=True)
    (request.library / ".triverse" / "reports").symlink_to(mine)
    with pytest.raises(report.ReportError, match="is a link"):
        write_report(report_path(request), request, [], seconds=1.0)
    assert [path.name for path in mine.iterdir()] == ["marker"]


@pytest.mark.kind("own-outputs")
def test_what_is_a_report_is_known(tmp_path: Path) -> None:
    request = BatchRequest(tmp_path / "props.csv", tmp_path / "library")
    request.library.mkdir()
    write_report(tmp_path / "r.json", request, [], seconds=1.0)
    assert report.is_report(tmp_path / "r.json")
    for text in ("", "[]", "{}", '{"version": 1}', "[" * 100_000, "name,prompt\n"):
        (tmp_path / "x").write_text(text)
        assert not report.is_report(tmp_path / "x")
    assert not report.is_report(tmp_path)
    assert not report.is_report(tmp_path / "nowhere")


def test_where_a_file_lies_is_told_as_far_as_it_travels(tmp_path: Path) -> None:
    library = tmp_path / "assets" / "props"
    assert report.portable_path(library / "props.csv", library) == "props.csv"
    assert report.portable_path(library.with_name("props.csv"), library) == "../props.csv"
    assert report.portable_path(tmp_path / "tables" / "props.csv", library) == "props.csv"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{library}/a.glb is missing.", "a.glb is missing."),
        ("{library} is full.", ". is full."),
        ("{library}-2/a.glb is missing.", "~/library-2/a.glb is missing."),
        ("{home}/b.png is missing.", "~/b.png is missing."),
        ("{home}a/b.png is missing.", "{home}a/b.png is missing."),
        ("Nothing can be written to {home}.", "Nothing can be written to ~."),
    ],
)
def test_paths_in_a_report_that_travels_end_at_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    home = tmp_path / "ann"
    monkeypatch.setenv("HOME", str(home))
    names = {"home": home, "library": home / "library"}
    assert report._portable_text(text.format(**names), home / "library") == expected.format(**names)


def test_paths_inside(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert inside(tmp_path, "a/b.glb") == tmp_path / "a" / "b.glb"
    assert inside(tmp_path, "link/b.glb") is None
    assert inside(tmp_path, "gone") is None
    with pytest.raises(OSError, match="regular"):
        read_regular(tmp_path / "link", max_bytes=10)
    with pytest.raises(OSError, match="regular"):
        read_regular(tmp_path, max_bytes=10)
    (tmp_path / "file").write_bytes(b"12345")
    assert read_regular(tmp_path / "file", max_bytes=5) == b"12345"
    with pytest.raises(OSError, match="too large"):
        read_regular(tmp_path / "file", max_bytes=4)


@pytest.mark.kind("foreign-ledger")
def test_what_cannot_be_removed_keeps_nobody_from_working(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of another worker of a farm, in a folder in which everybody may remove their own alone."""
    part = ledger.library / ".chair.blend.1234abcd.part"
    part.touch()
    os.utime(part, (1, 1))
    unlink = Path.unlink

    def refused(path: Path, missing_ok: bool = False) -> None:
        if path == part:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    ledger.make()
    assert part.exists()


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize("marker", [None, "batch_2", ""], ids=["none", "another row's", "empty"])
def test_a_name_that_is_not_the_rows_is_not_written_to(ledger: Ledger, marker: str | None) -> None:
    """Two rows of one name would replace each other's paid models, and a name without a mark may be the user's."""
    (ledger.library / "mine.blend").write_text("mine")
    _put(ledger, {"stem": "mine", "state": "ordered", "task_uuid": "known", "files": {}})
    if marker is not None:
        (ledger.folder / "names" / "mine").write_text(marker)
    entry = ledger.claim(ROW, "batch_1", "key")
    assert entry.stem == "chair"
    assert entry.task_uuid == "known", "what was ordered is not ordered again"
    assert ledger.claim(ROW, "batch_1", "key") == entry


@pytest.mark.kind("foreign-ledger")
def test_done_without_a_file_is_not_done(ledger: Ledger) -> None:
    build_hash = build_hash_of(ROW, with_blender=True)
    assert not ledger.is_done(replace(ENTRY, build_hash=build_hash, files={}), build_hash)


@pytest.mark.kind("foreign-ledger")
@pytest.mark.parametrize("kind", ["folder", "link", "file", "file from the future"])
def test_whatever_is_called_as_the_lock_is_waited_for_and_passed_by(
    ledger: Ledger, mine: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogs, "_WAIT_S", 0.1)
    lock = ledger.library / f".{catalogs.FILE_NAME}.0123456789abcdef.lock"
    if kind == "folder":
        lock.mkdir()
    elif kind == "link":
        lock.symlink_to(mine / "marker")
    else:
        lock.touch()
        at_s = lock.stat().st_mtime + (86400.0 if kind == "file from the future" else -86400.0)
        os.utime(lock, (at_s, at_s))
    assert "Props" in catalogs.merge(ledger.library, ["Props"])
    assert (mine / "marker").read_text() == "mine"
