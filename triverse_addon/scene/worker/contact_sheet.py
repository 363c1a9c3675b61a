# SPDX-License-Identifier: GPL-3.0-or-later
"""
Draw contact sheets: PNGs with the thumbnails of many models and their names.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.

A page is put together in an array, and written as a PNG. So it takes no renderer. The array has one plane for each
colour: an array of pixels would be worked on three numbers at a time, which takes numpy several times as long.
"""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
import numpy

if TYPE_CHECKING:
    from . import captions, png_bytes, thumbnail
    from .job_format import SheetTile
else:
    import captions
    import png_bytes
    import thumbnail
    from job_format import SheetTile

_log = logging.getLogger(__name__)

_COLUMNS = 8
_ROWS = 8
_PICTURE_PX = 160
_GAP_PX = 16
_LINE_PX = 16
_LINES = 2
_CELL_W = _PICTURE_PX + _GAP_PX
_CELL_H = _PICTURE_PX + _LINES * _LINE_PX + _GAP_PX
#: Distance of a line's baseline from its lower edge.
_DESCENT_PX = 3
#: Size of the font, line by line.
_SIZES_PX = (15, 12)
_PAPER = 0.93
_EMPTY = 0.82
_INK = 0.1
#: Number of rows that are turned into bytes at a time: as many as fit into the processor's cache.
_ROWS_AT_ONCE = 16


def draw(tiles: Sequence[SheetTile], target_stem: Path) -> list[Path]:
    """
    Draw all pages and return the paths of the files.

    :param tiles: the models.
    :param target_stem: path of the files without number and suffix.
    :raises gltf_import.RefusedError: Blender cannot draw text.
    :raises OSError: a file cannot be written.
    """
    scratch = target_stem.with_name(f"{target_stem.name}-captions.png")
    texts = [text for tile in tiles for text in tile.caption]
    pens = [captions.Pen(size_px, _PICTURE_PX + _GAP_PX // 2, scratch, texts) for size_px in _SIZES_PX]
    pages = [tiles[start : start + _COLUMNS * _ROWS] for start in range(0, len(tiles), _COLUMNS * _ROWS)]
    # One array for all pages: new memory costs more than filling it.
    paper = numpy.empty((3, _edge(_ROWS, _CELL_H), _edge(_COLUMNS, _CELL_W)), dtype=numpy.float32)
    paths = []
    for number, page in enumerate(pages, 1):
        path = target_stem.with_name(f"{target_stem.name}{f'-{number}' if len(pages) > 1 else ''}.png")
        path.write_bytes(_png(_draw_page(page, pens, paper)))
        paths.append(path)
    return paths


def _edge(cells: int, cell_px: int) -> int:
    """Return the length of a page with so many cells in a row, in pixels."""
    return cells * cell_px + _GAP_PX


def _draw_page(tiles: Sequence[SheetTile], pens: Sequence[captions.Pen], planes: numpy.ndarray) -> numpy.ndarray:
    """
    Draw a page.

    :param tiles: the models.
    :param pens: one for each line of the captions.
    :param planes: array for a page of full size, which is overwritten.
    :return: the page, in a part of that array: red, green and blue, each (height, width), from 0 to 1, the top first.
    """
    height, width = _edge(math.ceil(len(tiles) / _COLUMNS), _CELL_H), _edge(min(_COLUMNS, len(tiles)), _CELL_W)
    paper = planes[:, :height, :width]
    paper[:] = _PAPER
    cells = [
        (_GAP_PX + index % _COLUMNS * _CELL_W, _GAP_PX + index // _COLUMNS * _CELL_H) for index in range(len(tiles))
    ]
    for tile, (left, top) in zip(tiles, cells, strict=True):
        paper[:, top : top + _PICTURE_PX, left : left + _PICTURE_PX] = _EMPTY
        if tile.picture:
            _paste(Path(tile.picture), paper, left, top)
    for line, pen in enumerate(pens):
        texts = [tile.caption[line] if line < len(tile.caption) else "" for tile in tiles]
        for ink, (left, top) in zip(pen.draw(texts), cells, strict=True):
            baseline = top + _PICTURE_PX + (line + 1) * _LINE_PX - _DESCENT_PX
            _write(ink, paper, left, baseline - pen.baseline_px)
    return paper


def _paste(picture: Path, paper: numpy.ndarray, left: int, top: int) -> None:
    """
    Blend the image at ``picture`` into its cell of the page. If it cannot be read, the cell is left empty.

    :param paper: planes of the page (3, height, width), changed in place.
    :param left: left edge of the cell, in pixels.
    :param top: upper edge of the cell, in pixels.
    """
    try:
        thumbnail.pixel_size(picture)
        image = bpy.data.images.load(str(picture), check_existing=False)
    except (thumbnail.PictureError, RuntimeError) as error:
        _log.warning("%s: %s", picture, error)
        return
    try:
        factor = _PICTURE_PX / max(*image.size, 1)
        wide, high = (max(1, min(_PICTURE_PX, round(edge * factor))) for edge in image.size)
        image.scale(wide, high)
        pixels = numpy.empty(wide * high * 4, dtype=numpy.float32)
        image.pixels.foreach_get(pixels)
    except (RuntimeError, TypeError) as error:
        _log.warning("%s: %s", picture, error)
        return
    finally:
        bpy.data.images.remove(image)
    # Blender's first row is the lowest.
    red, green, blue, alpha = pixels.reshape(high, wide, 4)[::-1].transpose(2, 0, 1)
    x, y = left + (_PICTURE_PX - wide) // 2, top + (_PICTURE_PX - high) // 2
    _blend(paper[:, y : y + high, x : x + wide], (red, green, blue), alpha)


def _write(ink: numpy.ndarray, paper: numpy.ndarray, left: int, top: int) -> None:
    """Put a drawn line onto the page, without what is beyond its edges."""
    below = paper[:, top : top + ink.shape[0], left : left + ink.shape[1]]
    _blend(below, (_INK,) * 3, ink[: below.shape[1], : below.shape[2]])


def _blend(below: numpy.ndarray, above: Sequence[numpy.ndarray | float], share: numpy.ndarray) -> None:
    """Blend a part of the page, in place, with what is above it, which covers the given share of each pixel."""
    for plane, colour in zip(below, above, strict=True):
        plane += (colour - plane) * share


def _png(paper: numpy.ndarray) -> bytes:
    """Return a page as a PNG."""
    _, height, width = paper.shape
    rows = numpy.empty((height, width, 3), numpy.uint8)
    for start in range(0, height, _ROWS_AT_ONCE):
        part = paper[:, start : start + _ROWS_AT_ONCE] * numpy.float32(255.0)
        part += numpy.float32(0.5)
        rows[start : start + _ROWS_AT_ONCE] = part.transpose(1, 2, 0)
    return png_bytes.encode(rows)
