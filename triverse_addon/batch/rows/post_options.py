# SPDX-License-Identifier: GPL-3.0-or-later
"""
The table columns for what Blender does with a model (``tasks.record.processing``), and the check of their values.

Floor: between first and second. Thread: any (immutable). No ``bpy``.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...api.errors import InputError
from ...api.field_values import check_value, to_number
from ...api.flows import Field, Kind
from ...api.sentence import Sentence
from ...api.spelling import half_width
from ...tasks.work_limits import LEAST_TRIANGLES, MOST_LODS, MOST_TRIANGLES

#: Export formats in addition to the .blend, with their file suffixes.
EXPORTS = {"glb": ".glb", "fbx": ".fbx", "usd": ".usdz", "obj": ".obj"}

#: A greater height is a typing error: centimetres or millimetres were meant.
_MAX_HEIGHT_M = 1000


@dataclass(frozen=True, slots=True)
class Column:
    """A table column for post-processing."""

    name: str
    description: str
    check: Callable[[object, str], object]
    """Converts a cell, given the table's decimal mark, see :func:`api.spelling.number`."""
    sets: str
    """Name of the field of :class:`tasks.record.processing.Processing` that it sets."""


def _by_field(kind: Kind, name: str, minimum: int | None = None, maximum: int | None = None) -> Callable[..., object]:
    field = Field(name=name, kind=kind, label=name, description="", minimum=minimum, maximum=maximum)
    return lambda value, _decimal_mark: check_value(field, value)


_HEIGHT = Field(name="height", kind=Kind.INT, label="height", description="")


def _height(value: object, decimal_mark: str) -> object:
    height_m = to_number(_HEIGHT, value, decimal_mark=decimal_mark)
    if height_m is None or not 0 < height_m <= _MAX_HEIGHT_M:
        raise InputError(
            Sentence.of("height must be a number of metres above 0, at most {limit}.", limit=_MAX_HEIGHT_M),
            field="height",
        )
    return float(height_m)


def _exports(value: object, _decimal_mark: str) -> object:
    words = re.split(r"[,;、\s]", half_width(value)) if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        words = [str(value)]
    names = [word.strip().lower().lstrip(".") for word in words if word.strip()]
    for name in names:
        if name not in EXPORTS:
            raise InputError(Sentence.of("export must be of: {choices}.", choices=", ".join(EXPORTS)), field="export")
    return tuple(name for name in EXPORTS if name in names)


COLUMNS: Mapping[str, Column] = {
    column.name: column
    for column in (
        Column(
            "merge",
            "yes: merge vertices that are in one place; seams, normals and UVs stay",
            _by_field(Kind.BOOL, "merge"),
            "merge",
        ),
        Column(
            "smooth",
            "what has no normals of its own is shaded smooth up to this angle, 1 to 180 degrees",
            _by_field(Kind.INT, "smooth", 1, 180),
            "smooth_deg",
        ),
        Column(
            "cleanup",
            "yes: join equal materials, remove unused slots and pictures, name them after the model",
            _by_field(Kind.BOOL, "cleanup"),
            "cleanup",
        ),
        Column(
            "decimate",
            "triangles the model may have at most, 100 to 1,500,000",
            _by_field(Kind.INT, "decimate", LEAST_TRIANGLES, MOST_TRIANGLES),
            "decimate",
        ),
        Column("height", "height in metres the model is scaled to", _height, "height_m"),
        Column(
            "ground",
            "yes: lowest point on the ground, middle of the footprint in the origin",
            _by_field(Kind.BOOL, "ground"),
            "ground",
        ),
        Column(
            "lods",
            "levels of detail in addition to the model, 0 to 4, each with half the triangles of the one before",
            _by_field(Kind.INT, "lods", 0, MOST_LODS),
            "lods",
        ),
        Column("hull", "yes: add a convex collision hull", _by_field(Kind.BOOL, "hull"), "hull"),
        Column("export", "formats to export to in addition to the .blend: " + ", ".join(EXPORTS), _exports, "exports"),
    )
}
