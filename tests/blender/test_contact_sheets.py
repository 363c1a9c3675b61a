# SPDX-License-Identifier: GPL-3.0-or-later
"""
What stands on contact sheets: names in any script, within their cells; pictures in their own colours.

One: ``python scripts/test.py tests/blender/test_contact_sheets.py``. The files' names and places are in
``test_library.py``.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.blender.test_library_children import Children
from triverse_addon.batch.library.asset_writer import Tile
from triverse_addon.scene.child.command import child_command
from triverse_addon.scene.child.library_writer import ChildAssetWriter
from triverse_addon.tasks.converter import ConvertError

pytestmark = pytest.mark.usefixtures("fresh_file")

#: Of the layout, in pixels.
GAP, EDGE, CELL_W, CELL_H, COLUMNS = 16, 160, 176, 208, 8
#: A caption's two lines, from the picture's lower edge: ink of the first is above the second's.
LINE_1, LINE_2 = (0, 20), (20, 40)
#: Values of the page's pixels, 0 to 255.
PAPER, EMPTY, DARK = 237, 209, 100

NAMES = {
    "latin": "12  A chair with a name that is far too long to fit below its picture",
    "japanese": "12  背もたれの長い古い木製の椅子とクッションと机",
    "wide": "12  " + "W" * 90,
    "narrow": "12  " + "i" * 200,
    "one-word": "12  " + "Donaudampfschifffahrtsgesellschaft" * 4,
    "marks-only": "12  " + "\N{COMBINING ACUTE ACCENT}" * 600,
    "arabic": "12  " + "كرسي خشبي قديم طويل الظهر " * 4,
}
SCRIPTS = {
    "japanese": "椅子",
    "kana": "いす",
    "chinese": "书柜",
    "korean": "의자",
    "arabic": "كرسي",
    "hebrew": "כיסא",
    "hindi": "कुर्सी",
    "thai": "เก้าอี้",
    "russian": "стул",
    "greek": "καρέκλα",
}


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChildAssetWriter]:
    """One for all tests, whose child draws one sheet after another."""
    writer = ChildAssetWriter(child_command("library_worker"), tmp_path_factory.mktemp("data") / "work")
    yield writer
    writer.close()


def drawn(writer: ChildAssetWriter, folder: Path, tiles: Sequence[Tile]) -> np.ndarray:
    """Draw one page, and return its pixels with the top first: (height, width, 3), 0 to 255."""
    [page] = writer.draw_sheets(folder, tiles, threading.Event())
    return pixels_of(page)


def pixels_of(page: Path) -> np.ndarray:
    """Read a page, with the top first: (height, width, 3), 0 to 255."""
    image = bpy.data.images.load(str(page), check_existing=False)
    try:
        width, height = image.size
        pixels = np.empty(width * height * 4, dtype=np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    colours = pixels.reshape(height, width, 4)[::-1, :, :3] * 255
    return np.rint(colours, out=colours).astype(np.int16)


def caption(page: np.ndarray, index: int, line: tuple[int, int] = LINE_1) -> np.ndarray:
    """A cell's caption, or one line of it, with the gap at its right."""
    left, top = GAP + index % COLUMNS * CELL_W, GAP + index // COLUMNS * CELL_H + EDGE
    return page[top + line[0] : top + line[1], left : left + CELL_W, 0]


def picture(page: np.ndarray, index: int) -> np.ndarray:
    left, top = GAP + index % COLUMNS * CELL_W, GAP + index // COLUMNS * CELL_H
    return page[top : top + EDGE, left : left + EDGE]


def named(*names: str) -> list[Tile]:
    return [Tile(None, (name, "")) for name in names]


# -----------------------------------------------------------------------------
# Names


def test_a_name_that_is_too_long_ends_within_its_cell(writer: ChildAssetWriter, tmp_path: Path) -> None:
    page = drawn(writer, tmp_path, [*named(*NAMES.values()), Tile(None, ("", ""))])
    for index, name in enumerate(NAMES):
        ink = caption(page, index) < DARK
        assert ink[:, :40].any(), name
        assert not ink[:, EDGE + GAP // 2 :].any(), name
        # It is shortened where the room ends, and not long before; only marks without a width take none.
        assert ink[:, 110:].any() or name == "marks-only", name
    assert (caption(page, len(NAMES), (0, 40)) == PAPER).all(), "no name, no ink"


@pytest.mark.parametrize("name", [NAMES["japanese"], NAMES["latin"], "12  กุ้ง ผู้ใหญ่ หญิง", "12  gjpqy|ÀÉ"])
def test_a_name_stands_alike_in_all_cells(writer: ChildAssetWriter, tmp_path: Path, name: str) -> None:
    """Many are drawn at once, and none may get what belongs to its neighbours."""
    page = drawn(writer, tmp_path, [Tile(None, (name, name))] * 64)
    assert page.shape == (8 * CELL_H + GAP, COLUMNS * CELL_W + GAP, 3)
    for line in LINE_1, LINE_2:
        first = caption(page, 0, line)
        assert (first < DARK).any()
        assert all((caption(page, index, line) == first).all() for index in range(1, 64))


@pytest.mark.parametrize("script", SCRIPTS)
def test_names_of_other_scripts_are_drawn(writer: ChildAssetWriter, tmp_path: Path, script: str) -> None:
    """Letter by letter, none is the box that stands for one that the font lacks, nor like the others."""
    letters = [letter for letter in dict.fromkeys(SCRIPTS[script]) if letter.isalpha()]
    boxes = ["\U00013000", "\U00012000"]
    page = drawn(writer, tmp_path, named(*letters, *boxes))
    looks = {caption(page, index).tobytes() for index in range(len(letters))}
    assert len(looks) == len(letters)
    lacking = {caption(page, len(letters) + index).tobytes() for index in range(len(boxes))}
    assert not looks & lacking
    assert all((caption(page, index) < 170).any() for index in range(len(letters)))


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_letters_of_a_name_are_drawn(writer: ChildAssetWriter, tmp_path: Path, script: str) -> None:
    """Blender may draw a letter that stands alone, or ends its line, and boxes for those before it."""
    letters = [letter for letter in dict.fromkeys(SCRIPTS[script]) if letter.isalpha()]
    page = drawn(writer, tmp_path, named(*(letter + "." for letter in letters), "\U00013000."))
    looks = {caption(page, index).tobytes() for index in range(len(letters))}
    assert len(looks) == len(letters)
    assert caption(page, len(letters)).tobytes() not in looks


def test_the_font_of_the_interface_has_all_letters_that_it_draws(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """With it, an m is wider than an i; with the one that has all scripts, they are alike. None of its is a box."""
    ranges = (0x21, 0x7F), (0xA1, 0x17F), (0x391, 0x3A2), (0x3A3, 0x3CA), (0x401, 0x460), (0x1EA0, 0x1EFA)
    letters = [chr(number) for first, end in ranges for number in range(first, end) if number != 0xAD]
    letters += "–—‘’“”„…"
    lines = ["mmmmmmmmmm", "iiiiiiiiii", *(letter + "." for letter in letters)]
    pages = writer.draw_sheets(tmp_path, named(*lines, *("i." for _ in range(-len(lines) % 64))), threading.Event())
    shown = [pixels_of(page) for page in pages]
    wide, narrow = (np.flatnonzero((caption(shown[0], at) < DARK).any(axis=0))[-1] for at in range(2))
    assert wide > 1.5 * narrow
    looks = [caption(shown[at // 64], at % 64).tobytes() for at in range(2, len(lines))]
    # A letter that the font lacks is a box: all of them are alike. Few letters share their looks, as A and Alpha do.
    assert max(looks.count(look) for look in looks) <= 3


def test_line_breaks_and_control_characters_are_spaces(writer: ChildAssetWriter, tmp_path: Path) -> None:
    page = drawn(writer, tmp_path, named("a b", "a\nb", "a\tb", "a\x00b", "a\u2028b", "a\r\nb", "b", "\n\n"))
    same = caption(page, 0)
    assert all((caption(page, index) == same).all() for index in range(1, 5))
    assert (caption(page, 5)[:, 45:] == PAPER).all()
    assert (caption(page, 6) < DARK).any()
    assert (caption(page, 7, (0, 40)) == PAPER).all()


def test_names_with_their_marks_apart_are_drawn_as_one(writer: ChildAssetWriter, tmp_path: Path) -> None:
    """As macOS has them in names of files."""
    page = drawn(writer, tmp_path, named("Übergröße é ガ", "U\u0308bergro\u0308ße e\u0301 カ\u3099"))
    assert (caption(page, 0) == caption(page, 1)).all()


def test_the_second_line_is_below_the_first_and_smaller(writer: ChildAssetWriter, tmp_path: Path) -> None:
    page = drawn(writer, tmp_path, [Tile(None, ("HHH", "HHH")), Tile(None, ("HHH",))])
    rows = [np.flatnonzero((caption(page, 0, line) < DARK).any(axis=1)) for line in (LINE_1, LINE_2)]
    assert len(rows[1]) < len(rows[0])
    assert rows[0][-1] - rows[0][0] == len(rows[0]) - 1, "whole letters, not cut through"
    assert rows[1][-1] - rows[1][0] == len(rows[1]) - 1
    assert (caption(page, 0, LINE_1) == caption(page, 1, LINE_1)).all()
    assert (caption(page, 1, LINE_2) == PAPER).all()


# -----------------------------------------------------------------------------
# Pictures


def test_pictures_have_their_own_colours_and_shape(writer: ChildAssetWriter, tmp_path: Path) -> None:
    colour = (200, 100, 50)
    path = tmp_path / "wide.png"
    image = bpy.data.images.new("wide", 320, 160, alpha=True)
    half = np.ones((160, 320, 4), dtype=np.float32)
    half[..., :3] = np.array(colour, dtype=np.float32) / 255
    half[:, 160:, 3] = 0.0
    image.pixels.foreach_set(half.ravel())
    image.file_format = "PNG"
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    page = drawn(writer, tmp_path, [Tile(path, ("wide", ""))])
    cell = picture(page, 0)
    assert (abs(cell[60:100, 20:70] - colour) <= 1).all()
    assert (cell[60:100, 90:] == EMPTY).all(), "where it is transparent, the empty cell is behind it"
    assert (cell[:38] == EMPTY).all()
    assert (cell[122:] == EMPTY).all()


def test_a_missing_or_broken_picture_leaves_its_cell_empty(writer: ChildAssetWriter, tmp_path: Path) -> None:
    broken, text = tmp_path / "broken.png", tmp_path / "text.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x40\x00\x00\x00\x40\x08\x06\x00\x00\x00")
    text.write_text("no picture")
    paths = [None, tmp_path / "gone.png", broken, text]
    page = drawn(writer, tmp_path, [Tile(path, (f"{number}", "")) for number, path in enumerate(paths)])
    for index in range(len(paths)):
        assert (picture(page, index) == EMPTY).all()
        assert (caption(page, index) < DARK).any()
    assert (page[:GAP] == PAPER).all()


# -----------------------------------------------------------------------------
# What a Blender may lack


@pytest.mark.parametrize(
    "changes",
    [
        "import bpy; bpy.ops.preferences.addon_disable(module='cycles')",
        # Without the file of the font that captions are drawn in.
        "import pathlib, bpy; bpy.utils.system_resource = lambda *_, **__: ''",
    ],
    ids=["renderer", "font"],
)
def test_sheets_are_drawn_without(tmp_path: Path, changes: str) -> None:
    writer = Children(tmp_path, changes).writer
    try:
        page = drawn(writer, tmp_path, named("1  Chair", "2  背もたれの長い古い木製の椅子とクッションと机"))
    finally:
        writer.close()
    assert all((caption(page, index)[:, :60] < DARK).any() for index in range(2))
    assert not (caption(page, 1)[:, EDGE + GAP // 2 :] < DARK).any()


def test_a_blender_that_cannot_draw_text_says_so(tmp_path: Path) -> None:
    old = tmp_path / "contact-sheet.png"
    old.write_text("old")
    changes = (
        "import bpy, numpy, captions\n"
        "captions.Pen._render = lambda self, texts, height: numpy.zeros((height, 8), numpy.float32)"
    )
    writer = Children(tmp_path, changes).writer
    try:
        with pytest.raises(ConvertError, match="this Blender cannot draw text"):
            writer.draw_sheets(tmp_path, named("1"), threading.Event())
    finally:
        writer.close()
    assert old.read_text() == "old"
