# SPDX-License-Identifier: GPL-3.0-or-later
"""
What this machine must be able to do for a batch, tried before the first order.

Floor: between first and second. Thread: any that may write files and wait for a child Blender. No ``bpy``.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.converter import NoChildError
from ..library.asset_writer import BLENDER, AssetWriter
from ..post_options import EXPORTS
from ..problems import Problem
from ..row import Row
from .plan import Left, Planned

#: Of a model whose size is not asked for, as the service makes them.
_TRIANGLES, _TEXTURE_PX = 300_000, 2048
#: A triangle in a GLB: about half a vertex of 32 bytes to one, and three indices of 4 bytes. An estimate.
_TRIANGLE_BYTES = 40
#: Three maps, as PNG or JPEG, of so many bytes a pixel. An estimate: it is told as one, and refuses nothing.
_MAPS, _PIXEL_BYTES = 3, 0.6
_GB = 1e9


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What was found.

    :ivar problems: to mend before anything is ordered.
    :ivar notes: what will be lacking, or may not do; the models come all the same.
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def examine(
    planned: Iterable[Planned], library: Path, download_dir: Path, writer: AssetWriter, stop: threading.Event
) -> Examined:
    """
    Try what the rows that have anything left to do will need.

    :param download_dir: where models are downloaded to.
    :raises ConvertStopped: ``stop`` was set.
    """
    rows = [one.row for one in planned if one.left not in (Left.NOTHING, Left.LEAVE)]
    if not rows:
        return Examined()
    problems: list[Problem] = []
    notes: list[Problem] = []
    for folder in dict.fromkeys((library, download_dir)):
        reason = _why_not_writable(folder)
        if reason:
            problems.append(Problem(0, "", _not_writable(folder, reason)))
    exports = [kind for kind in EXPORTS if any(kind in row.post.exports for row in rows)]
    try:
        lacking = writer.try_out(exports, stop)
    except NoChildError as error:
        lacking = {BLENDER: error.sentence}
    for what, sentence in lacking.items():
        if what == BLENDER:
            problems.append(Problem(0, "", sentence))
        elif what in EXPORTS:
            problems += [Problem(row.line, "export", sentence) for row in rows if what in row.post.exports]
        else:
            notes.append(Problem(0, "", sentence))
    if not problems:
        coming = [one.row for one in planned if one.left in (Left.ORDER, Left.RETRY, Left.FOLLOW)]
        short = _short_of_room(coming, library, download_dir, with_blender=writer.with_blender)
        if short is not None:
            notes.append(short)
    return Examined(tuple(problems), tuple(notes))


# -----------------------------------------------------------------------------
# Folders


def _why_not_writable(folder: Path) -> str:
    """Return why nothing can be written in ``folder``, or where it will be; "" if it can. Nothing is left behind."""
    try:
        # Trying is the only answer that holds for read-only disks, quotas and foreign file systems alike.
        with tempfile.TemporaryFile(dir=_there(folder)):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def _there(folder: Path) -> Path:
    """Return ``folder``, or the nearest above it that is there."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def _not_writable(folder: Path, reason: str) -> Sentence:
    return Sentence.of(
        "The folder {path} cannot be written ({reason}). Choose another folder.", path=str(folder), reason=reason
    )


# -----------------------------------------------------------------------------
# Room


def _short_of_room(rows: Sequence[Row], library: Path, download_dir: Path, *, with_blender: bool) -> Problem | None:
    """Return from which row on the disks are probably full, None if there is room for all."""
    try:
        disks = [
            (os.stat(_there(folder)).st_dev, shutil.disk_usage(_there(folder)).free)
            for folder in (library, download_dir)
        ]
    except OSError:
        return None  # a file system that does not tell
    free = dict(disks)
    for row in rows:
        model_bytes = _model_bytes(row)
        copies = len(row.post.exports) + (1 if with_blender else 0)
        free[disks[0][0]] -= round(model_bytes * max(1, copies) * (2 - 0.5**row.post.lods))
        free[disks[1][0]] -= model_bytes
        if min(free.values()) < 0:
            sentence = Sentence.of(
                "There may be too little room on the disk for this row and those after it: {free_gb} GB are free.",
                free_gb=round(min(left for _, left in disks) / _GB, 1),
            )
            return Problem(row.line, "", sentence)
    return None


def _model_bytes(row: Row) -> int:
    """Return about how large a row's model is as it is delivered."""
    triangles = row.params.get("polygon_limit")
    edge_px = row.params.get("texture_size")
    triangles = triangles if isinstance(triangles, int) else _TRIANGLES
    edge_px = edge_px if isinstance(edge_px, int) else _TEXTURE_PX
    return round(triangles * _TRIANGLE_BYTES + _MAPS * edge_px**2 * _PIXEL_BYTES)
