# SPDX-License-Identifier: GPL-3.0-or-later
"""What was read of rows of a panel is known to all windows of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from scripts._dev import reader
from scripts._dev.pictures import Box
from scripts._dev.readings import Readings
from scripts._dev.sandbox import SandboxError
from scripts._dev.screen import Screen, Word, find_text


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVERSE_DEV_CACHE", str(tmp_path))


@pytest.fixture
def readings() -> Iterator[Readings]:
    made = Readings()
    yield made
    made.close()


def test_another_window_knows_what_was_read(readings: Readings) -> None:
    assert readings.known([b"a", b"b"]) == {}
    readings.keep({b"a": [["Generate", 1, 2, 30, 10, [0, 1]]], b"b": []})
    other = Readings()
    assert other.known([b"a", b"b", b"c"]) == {b"a": [["Generate", 1, 2, 30, 10, [0, 1]]], b"b": []}
    # A row is read again where something was missed in it.
    other.keep({b"a": [["Generate", 1, 2, 32, 10, [0, 1]]], b"c": []})
    other.close()
    assert readings.known([b"a"])[b"a"][0][3] == 32
    assert b"c" in readings.known([b"c"])


def test_more_rows_than_the_database_takes_in_one_question(readings: Readings) -> None:
    rows = {str(number).encode(): [[str(number), 0, 0, 1, 1, [number]]] for number in range(1201)}
    readings.keep(rows)
    assert readings.known(list(rows)) == rows


def test_a_file_that_was_closed_is_opened_anew(readings: Readings) -> None:
    readings.keep({b"a": []})
    readings.close()
    assert readings.known([b"a"]) == {b"a": []}


def test_a_button_that_is_misread_is_not_taken_for_a_word_of_a_sentence() -> None:
    below = [Word(text, Box(40 * at, 60, 30, 10), (2, 1)) for at, text in enumerate(("What", "you", "generate"))]
    misread = Word("GSTSrSIGe", Box(0, 0, 60, 10), (1, 1))
    assert find_text("Generate", [misread, *below]) == []
    button = Word("Generate", Box(0, 0, 60, 10), (1, 1))
    assert find_text("Generate", [button, *below]) == [button.box]
    assert find_text("generate", below) == [below[-1].box]
    # Alone, or behind an icon, it may be misread.
    entry = [Word("@", Box(0, 0, 9, 10), (1, 1)), Word("bring", Box(20, 0, 40, 10), (1, 1))]
    assert find_text("Bring", entry)


class TwoRows(Screen):
    """A screen with two rows, whose reader sees nothing unless it is given one row by itself."""

    def __init__(self) -> None:
        self.whole = Box(0, 0, 400, 400)
        self._read = {}
        self.asked: list[int] = []

    def picture(self, part: Box | None = None) -> Image.Image:
        made = Image.new("RGB", (400, 400), (40, 40, 40))
        for top, text in ((20, "Sending"), (60, "Sending it")):
            ImageDraw.Draw(made).text((20, top), text, (230, 230, 230))
        return made if part is None else made.crop((part.x, part.y, part.x + part.width, part.y + part.height))

    def _words(self, picture: Image.Image, scale: int) -> list[Word]:
        self.asked.append(picture.height)
        return [Word("Sending", Box(20, 2, 40, 10), (1, 1))] if picture.height < 25 else []


class Asked(Screen):
    """A screen that counts how often its reader is asked, which reads one word."""

    def __init__(self) -> None:
        self.count = 0

    def _table(self, picture: Image.Image) -> str:
        self.count += 1
        return "5\t1\t1\t1\t1\t1\t80\t8\t120\t40\t96\tSending\n"


def test_of_a_picture_the_reader_is_asked_once(readings: Readings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts._dev.screen._readings", readings)
    here, there = Asked(), Asked()
    picture = Image.new("RGB", (100, 30), (40, 40, 40))
    word = Word("Sending", Box(20, 2, 30, 10), (1, 1, 1, 1))
    assert here._words(picture, 4) == [word]
    assert there._words(picture, 4) == [word]
    assert (here.count, there.count) == (1, 0)
    # In another size it is another question, and so is a picture in which one pixel is another one.
    there._words(picture, 2)
    picture.putpixel((99, 29), (41, 41, 41))
    there._words(picture, 4)
    assert there.count == 2


def test_what_was_looked_for_in_vain_is_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts._dev.screen._words_of_single_strips", {})
    screen, part = TwoRows(), Box(0, 0, 300, 120)
    assert screen.find("Sending", part) == []
    found = screen.find("Sending", part)
    assert [abs(box.y - top) < 8 for box, top in zip(found, (20, 60), strict=True)] == [True, True]
    asked = len(screen.asked)
    assert screen.find("Sending", part) == found
    assert len(screen.asked) == asked, "each row is read once"


def test_where_the_reader_finds_its_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named, root = tmp_path / "named", tmp_path / "root"
    in_root = root / "usr/share/tesseract-ocr/5/tessdata"
    monkeypatch.delenv("TESSDATA_PREFIX", raising=False)
    for folder in (named, in_root):
        folder.mkdir(parents=True)
        (folder / "eng.traineddata").touch()
    assert reader.data_folder(root) == in_root
    monkeypatch.setenv("TESSDATA_PREFIX", str(named))
    assert reader.data_folder(root) == named
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert reader.data_folder(root) == in_root
    monkeypatch.setattr(reader, "_DATA", "nowhere/at/all")
    with pytest.raises(SandboxError, match="tesseract-ocr-eng"):
        reader.data_folder(root)
