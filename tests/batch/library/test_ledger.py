# SPDX-License-Identifier: GPL-3.0-or-later
"""What a library remembers of its rows. One: ``python scripts/test.py tests/batch/library/test_ledger.py``."""

from __future__ import annotations

import dataclasses
import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from triverse_addon.batch.library.ledger import Ledger, LedgerError, build_hash_of, stem_of
from triverse_addon.batch.rows.raw_rows import MAX_CHARACTERS
from triverse_addon.batch.rows.row import Row
from triverse_addon.tasks.record.processing import Processing

REPO = Path(__file__).resolve().parents[3]
ROW = Row(number=1, line=2, flow="text-to-model", params={"prompt": "a chair"}, name="Chair")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A library that is empty."""
    ledger = Ledger(tmp_path)
    ledger.make()
    return ledger


@pytest.mark.parametrize(
    ("title", "stem"),
    [
        ("A red chair!", "a-red-chair"),
        ("椅子 (大)", "椅子-大"),
        ("../../etc/passwd", "etc-passwd"),
        ("NUL", "nul-model"),
        ("COM1", "com1-model"),
        ("COM¹", "com¹-model"),
        ("???", "model"),
        ("", "model"),
        ("x" * 500, "x" * 80),
        ("Über", "über"),
        ("U\u0308ber", "über"),
        ("लकड़ी की कुर्सी", "लकड़ी-की-कुर्सी".replace("ड़", "ड\u093c")),
        ("เก้าอี้ไม้", "เก้าอี้ไม้"),
        ("کتاب\u200cخانه", "کتابخانه"),
        ("\u2764\ufe0f", "model"),
    ],
)
def test_names_of_files(title: str, stem: str) -> None:
    assert stem_of(title) == stem


def test_a_row_keeps_its_name(ledger: Ledger) -> None:
    entry = ledger.claim(ROW, "batch_1", "key")
    assert entry.stem == "chair"
    assert ledger.claim(dataclasses.replace(ROW, name="Other"), "batch_1", "key").stem == "chair"
    assert Ledger(ledger.library).get("batch_1") == entry


@pytest.mark.parametrize("char", ["x", "椅", "😀", "\u200b"])
def test_the_longest_cells_of_a_batch_can_be_read_back(ledger: Ledger, char: str) -> None:
    """As a prompt that a pipeline writes: its row counted as damaged at each run. What is read is only shorter."""
    text = char * MAX_CHARACTERS
    entry = ledger.claim(dataclasses.replace(ROW, name=text), "batch_1", "key")
    ledger.put(dataclasses.replace(entry, prompt=text, name=text, tags=(text, *map(str, range(2000))), error="e"))
    again = Ledger(ledger.library)
    found = again.get("batch_1")
    assert found is not None, again.ignored
    assert (found.stem, found.error, found.tags[1]) == (entry.stem, "e", "0")
    assert found.prompt == found.name == found.tags[0] == char * (len(found.prompt) - 1) + "…"
    assert len(found.prompt) >= 10_000


@pytest.mark.parametrize("names", [("Chair", "Chair LOD1"), ("Chair LOD1", "Chair")])
def test_no_row_has_the_name_of_anothers_level_of_detail(ledger: Ledger, names: tuple[str, str]) -> None:
    """They are exported as ``chair-lod1.glb``, which would be the file of the row Chair LOD1 too."""
    post = Processing(lods=2, exports=("glb",))
    rows = {name: dataclasses.replace(ROW, name=name, post=post if name == "Chair" else Processing()) for name in names}
    ids = dict(zip(names, ("batch_11111111", "batch_22222222"), strict=True))
    stems = {name: ledger.claim(rows[name], ids[name], name).stem for name in names}
    levels = {f"{stems['Chair']}-lod{level}" for level in (1, 2)}
    assert stems["Chair LOD1"] not in levels
    assert {name: ledger.claim(rows[name], ids[name], name).stem for name in names} == stems, "for good"


def test_levels_that_are_asked_for_later_take_no_name_of_another_row(ledger: Ledger) -> None:
    first = ledger.claim(ROW, "batch_11111111", "key")
    other = ledger.claim(dataclasses.replace(ROW, name="Chair LOD2"), "batch_22222222", "other")
    assert (first.stem, other.stem) == ("chair", "chair-lod2")
    row = dataclasses.replace(ROW, post=Processing(lods=2, exports=("glb",)))
    assert ledger.claim(row, "batch_11111111", "key").stem == "chair_11111111"


def test_two_rows_never_have_one_name(ledger: Ledger) -> None:
    stems = [ledger.claim(ROW, order, "key").stem for order in ("batch_11111111", "batch_22222222", "other_22222222")]
    assert stems == ["chair", "chair_22222222", "chair_other_22222222"]


@pytest.mark.parametrize(
    ("one", "other"), [("Chair", "CHAIR"), ("Stu\u0308hle", "Stühle"), ("a/b", "a:b"), ("AUX", "aux")]
)
def test_names_that_some_file_systems_take_for_one(ledger: Ledger, one: str, other: str) -> None:
    stems = [
        ledger.claim(dataclasses.replace(ROW, name=name), f"batch_{number:08}", "key").stem
        for number, name in enumerate((one, other))
    ]
    assert stems[1] == f"{stems[0]}_00000001"
    assert all(stem == stem.lower() for stem in stems)


@pytest.mark.parametrize("name", ["chair.blend", "chair.glb", "chair.anything"])
def test_foreign_files_are_left_alone(ledger: Ledger, name: str) -> None:
    (ledger.library / name).write_text("mine")
    assert ledger.claim(ROW, "batch_11111111", "key").stem == "chair_11111111"


@pytest.mark.parametrize("name", ["chair.fbx", "chair.usdz", "chair-obj", "chair-lod2.glb", "thumbnails/chair.png"])
def test_files_that_come_later_are_left_alone_too(ledger: Ledger, name: str) -> None:
    ledger.claim(dataclasses.replace(ROW, name="Table"), "batch_00000000", "key")
    (ledger.library / name).parent.mkdir(exist_ok=True)
    (ledger.library / name).write_text("mine")
    row = dataclasses.replace(ROW, post=Processing(lods=2))
    assert ledger.claim(row, "batch_11111111", "key").stem == "chair_11111111"


def test_the_library_is_not_listed_for_each_row(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, _noting(getattr(os, name), listed))
    for number in range(200):
        ledger.claim(dataclasses.replace(ROW, name=f"Chair {number}"), f"batch_{number:08}", "key")
    assert len(listed) == 1


def _noting(function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        calls.append(str(args[0]))
        return function(*args)

    return call


@pytest.mark.parametrize("with_links", [True, False])
def test_a_full_disk_uses_up_no_name(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, with_links: bool) -> None:
    original = Path.write_text

    def write_text(path: Path, *args: Any, **how: Any) -> int:
        if with_links or path.suffix != ".part":
            path.touch()
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(path, *args, **how)

    def link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", write_text)
        if not with_links:
            patch.setattr(os, "link", link)
        with pytest.raises(LedgerError, match="No space left"):
            ledger.claim(ROW, "batch_1", "key")
    assert ledger.claim(ROW, "batch_2", "key").stem == "chair"


def test_a_name_that_a_killed_process_took_is_not_taken_twice(ledger: Ledger) -> None:
    (ledger.folder / "names" / "chair").touch()
    assert ledger.claim(ROW, "batch_11111111", "key").stem == "chair_11111111"


def test_done_means_that_all_files_are_there(ledger: Ledger) -> None:
    build_hash = build_hash_of(ROW, with_blender=True)
    entry = dataclasses.replace(
        ledger.claim(ROW, "batch_1", "key"),
        state="done",
        build_hash=build_hash,
        files={"blend": "chair.blend", "glb": "c.glb"},
    )
    (ledger.library / "chair.blend").touch()
    assert not ledger.is_done(entry, build_hash)
    (ledger.library / "c.glb").touch()
    assert ledger.is_done(entry, build_hash)
    assert not ledger.is_done(dataclasses.replace(entry, state="ordered"), build_hash)


@pytest.mark.parametrize(
    "other", [{"name": "Stool"}, {"catalog": "Props"}, {"tags": ("x",)}, {"post": Processing(height_m=1.0)}]
)
def test_another_wish_is_written_anew(other: dict[str, object]) -> None:
    assert build_hash_of(dataclasses.replace(ROW, **other), with_blender=True) != build_hash_of(ROW, with_blender=True)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"order_id": 1}', b"\xff"])
def test_an_entry_in_pieces_counts_as_none(ledger: Ledger, data: bytes) -> None:
    ledger.claim(ROW, "batch_1", "key")
    (ledger.folder / "rows" / "batch_1.json").write_bytes(data)
    assert ledger.get("batch_1") is None
    assert list(ledger.entries()) == []
    assert ledger.claim(ROW, "batch_1", "key").stem == "chair"


def test_fields_of_a_newer_version_are_left_out(ledger: Ledger) -> None:
    entry = ledger.claim(ROW, "batch_1", "key")
    file = ledger.folder / "rows" / "batch_1.json"
    file.write_text(file.read_text().replace("{", '{"new": 1,', 1))
    assert ledger.get("batch_1") == entry


def test_a_library_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError) as caught:
        Ledger(tmp_path / "file").make()
    assert "cannot be written" in str(caught.value)


def test_what_killed_processes_left_is_removed_once_it_is_old(ledger: Ledger) -> None:
    parts = [
        ledger.library / ".chair.glb.1234.part",
        ledger.folder / "rows" / ".batch_1.json.1234.part",
        ledger.folder / "names" / ".1234.part",
        ledger.folder / "reports" / ".rows-1-2.json.1234abcd.part",
        ledger.library / "thumbnails" / ".chair.png.1234abcd.part",
    ]
    for part in parts:
        part.parent.mkdir(exist_ok=True)
        part.touch()
    ledger.make()
    assert all(part.exists() for part in parts), "somebody may be writing it"
    for part in parts:
        os.utime(part, (1, 1))
    ledger.make()
    assert not any(part.exists() for part in parts)


@pytest.mark.parametrize("ahead_s", [86400.0, -86400.0])
def test_what_is_old_is_told_by_the_clock_of_the_disk(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, ahead_s: float
) -> None:
    new, old = ledger.library / ".chair.glb.1234abcd.part", ledger.library / ".table.glb.1234abcd.part"
    new.touch()
    old.touch()
    os.utime(old, (new.stat().st_mtime - 7200,) * 2)
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + ahead_s)
    ledger.make()
    assert (new.exists(), old.exists()) == (True, False)


def test_the_next_worker_may_read_it(ledger: Ledger) -> None:
    """On a farm it may be another user: the rights are those of any new file, not a temporary file's."""
    ledger.claim(ROW, "batch_1", "key")
    plain = ledger.library / "plain"
    plain.touch()
    assert os.stat(ledger.folder / "rows" / "batch_1.json").st_mode == os.stat(plain).st_mode


def test_many_processes_claim_one_row_at_once(ledger: Ledger) -> None:
    """Two runs of one batch: a row has one name, whoever was first."""
    code = (
        "import sys; from pathlib import Path; from triverse_addon.batch.library.ledger import Ledger; "
        "from tests.batch.library.test_ledger import ROW; import dataclasses\n"
        "ledger = Ledger(Path(sys.argv[1])); sys.stdin.read()\n"
        "for n in range(200): ledger.claim(dataclasses.replace(ROW, name=f'Chair {n}'), f'batch_{n:08}', 'key')"
    )
    command = [sys.executable, "-c", code, str(ledger.library)]
    runs = [subprocess.Popen(command, cwd=REPO, stdin=subprocess.PIPE) for _ in range(4)]
    for run in runs:
        assert run.stdin is not None
        run.stdin.close()
    assert [run.wait() for run in runs] == [0] * 4
    assert sorted(path.name for path in (ledger.folder / "names").iterdir()) == sorted(f"chair-{n}" for n in range(200))


def test_many_processes_claim_at_once(ledger: Ledger) -> None:
    code = (
        "import sys; from pathlib import Path; from triverse_addon.batch.library.ledger import Ledger; "
        "from tests.batch.library.test_ledger import ROW\n"
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "for n in range(50): ledger.claim(ROW, f'batch_{sys.argv[2]}{n:06}', 'key')"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(ledger.library), name], cwd=REPO) for name in "1234"]
    assert [run.wait() for run in runs] == [0] * 4
    entries = list(ledger.entries())
    assert len(entries) == 200
    assert len({entry.stem for entry in entries}) == 200


@pytest.mark.parametrize("kind", ["glb", "obj"])
def test_levels_of_detail_of_an_earlier_run_are_removed(ledger: Ledger, kind: str) -> None:
    """They lay beside files of another height, where a pipeline takes them for levels of these."""

    def file(name: str) -> Path:
        path = ledger.library / (f"{name}-obj/{name}.obj" if kind == "obj" else f"{name}.{kind}")
        path.parent.mkdir(exist_ok=True)
        path.write_text("a level")
        return path

    row = dataclasses.replace(ROW, post=Processing(lods=2, exports=(kind,)))
    entry = ledger.claim(row, "batch_1", "key")
    model, first, second = file("chair"), file("chair-lod1"), file("chair-lod2")
    foreign, other = file("chair-lod3"), ledger.library / "chair-lod2.usdz"
    other.write_text("another format, which is not written now")
    names = {one: path.relative_to(ledger.library).as_posix() for one, path in ((kind, model), (f"{kind}_lod1", first))}
    ledger.remove_old_levels(dataclasses.replace(entry, files=names))
    assert [path.exists() for path in (model, first, second)] == [True, True, False]
    assert not second.parent.exists() or kind != "obj"
    assert foreign.exists(), "it is not the row's"
    assert other.exists()
