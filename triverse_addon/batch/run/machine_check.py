# SPDX-License-Identifier: GPL-3.0-or-later
"""
Check before the first order whether this machine can do what a batch needs.

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
from ..library import catalogs
from ..library.asset_writer import BLENDER, AssetWriter
from ..library.catalogs import CatalogError
from ..rows.post_options import EXPORTS
from ..rows.problems import Problem
from ..rows.row import Row
from .plan import PlannedRow, RowAction

#: Triangles and texture size that the service uses when none are requested.
_TRIANGLES, _TEXTURE_PX = 300_000, 2048
#: Bytes of a triangle in a GLB: about half a vertex to one vertex of 32 bytes, and three indices of 4 bytes. An
#: estimate.
_TRIANGLE_BYTES = 40
#: Number of texture maps, and bytes of a pixel as PNG or JPEG. An estimate: it is reported as one, and blocks nothing.
_MAPS, _PIXEL_BYTES = 3, 0.6
_GB = 1e9


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """
    The result of the check.

    :ivar problems: problems to fix before anything is ordered.
    :ivar notes: things that will be missing or may fail; the models are delivered nevertheless.
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def check_machine(
    planned: Iterable[PlannedRow], library: Path, download_dir: Path, writer: AssetWriter, stop: threading.Event
) -> MachineCheck:
    """
    Test what the unfinished rows will need: writable folders, catalogs, a child Blender, export formats, disk space.

    :param planned: all rows of the run.
    :param library: the library folder.
    :param download_dir: folder of the downloaded models.
    :param writer: the asset writer.
    :param stop: set when the batch is ending.
    :raises ConvertStopped: ``stop`` was set.
    """
    rows = [one.row for one in planned if one.action not in (RowAction.NOTHING, RowAction.SKIP)]
    if not rows:
        return MachineCheck()
    problems: list[Problem] = []
    notes: list[Problem] = []
    for folder in dict.fromkeys((library, download_dir)):
        reason = _write_error(folder)
        if reason:
            problems.append(Problem(0, "", _not_writable_sentence(folder, reason)))
    if library.is_dir():
        try:
            catalogs.read(library)
        except CatalogError as error:
            problems.append(Problem(0, "", error.sentence))
    exports = [kind for kind in EXPORTS if any(kind in row.post.exports for row in rows)]
    try:
        missing = writer.try_out(exports, stop)
    except NoChildError as error:
        missing = {BLENDER: error.sentence}
    for what, sentence in missing.items():
        if what == BLENDER:
            problems.append(Problem(0, "", sentence))
        elif what in EXPORTS:
            problems += [Problem(row.line, "export", sentence) for row in rows if what in row.post.exports]
        else:
            notes.append(Problem(0, "", sentence))
    if not problems:
        coming = [one.row for one in planned if one.action in (RowAction.ORDER, RowAction.RETRY, RowAction.FOLLOW)]
        short = _disk_space_problem(coming, library, download_dir, with_blender=writer.with_blender)
        if short is not None:
            notes.append(short)
    return MachineCheck(tuple(problems), tuple(notes))


# -----------------------------------------------------------------------------
# Folders


def _write_error(folder: Path) -> str:
    """Return why ``folder``, which need not exist yet, cannot be written; "" if it can. Leaves no file behind."""
    try:
        # Only a trial write gives the right answer for read-only disks, quotas and network file systems alike.
        with tempfile.TemporaryFile(dir=_nearest_existing(folder)):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def _nearest_existing(folder: Path) -> Path:
    """Return ``folder``, or its nearest parent that exists."""
    return next((place for place in (folder, *folder.parents) if os.path.lexists(place)), folder)


def _not_writable_sentence(folder: Path, reason: str) -> Sentence:
    return Sentence.of(
        "The folder {path} cannot be written ({reason}). Choose another folder.", path=str(folder), reason=reason
    )


# -----------------------------------------------------------------------------
# Disk space


def _disk_space_problem(
    rows: Sequence[Row], library: Path, download_dir: Path, *, with_blender: bool
) -> Problem | None:
    """Return a problem at the first row for which a disk is probably too full; None if there is room for all."""
    try:
        disks = [
            (os.stat(_nearest_existing(folder)).st_dev, shutil.disk_usage(_nearest_existing(folder)).free)
            for folder in (library, download_dir)
        ]
    except OSError:
        return None  # the file system does not report its free space
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
    """Return the estimated size of a row's model as delivered, in bytes."""
    triangles = row.params.get("polygon_limit")
    edge_px = row.params.get("texture_size")
    triangles = triangles if isinstance(triangles, int) else _TRIANGLES
    edge_px = edge_px if isinstance(edge_px, int) else _TEXTURE_PX
    return round(triangles * _TRIANGLE_BYTES + _MAPS * edge_px**2 * _PIXEL_BYTES)
