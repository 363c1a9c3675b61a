# SPDX-License-Identifier: GPL-3.0-or-later
"""
The interface of asset writers: a delivered model in, files of an asset library out.

Floor: between first and second. Thread: see each. No ``bpy``: the writer that uses Blender is on the scene floor.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...api.sentence import Sentence
from ...tasks.converter import ConvertError, ConvertNoRoomError, ConvertStopped
from ...tasks.files.atomic_write import copy_whole
from ...tasks.files.no_room import is_no_room
from ...tasks.record.processing import Processing
from .safe_paths import make_folder

#: Folder of the thumbnails for contact sheets, inside the library.
THUMBNAILS = "thumbnails"
#: Keys of :meth:`AssetWriter.try_out` in addition to the export formats: nothing can be written; no picture can be
#: drawn.
BLENDER, PICTURES = "blender", "pictures"
#: Written into every asset. The service's terms are not part of its API, so none are quoted.
LICENSE_NOTE = "Made with Triverse. The terms of the Triverse account that made it apply."


@dataclass(frozen=True, slots=True)
class AssetJob:
    """
    One model to be written into a library.

    :ivar model_path: the GLB as delivered.
    :ivar preview_path: the service's preview picture; None if there is none.
    :ivar library: the library folder; each file is written completely or not at all.
    :ivar stem: file name without suffix.
    :ivar name: name of the collection.
    :ivar properties: custom properties of the collection: the model's provenance.
    :ivar tags: asset tags.
    :ivar description: the asset's description.
    :ivar catalog_id: UUID of the asset catalog; "" for none.
    :ivar post: the post-processing.
    """

    model_path: Path
    preview_path: Path | None
    library: Path
    stem: str
    name: str
    properties: Mapping[str, str | int | float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    description: str = ""
    catalog_id: str = ""
    post: Processing = field(default_factory=Processing)


@dataclass(frozen=True, slots=True)
class Asset:
    """
    The result of writing an asset.

    :ivar files: paths relative to the library by kind: "blend", "thumbnail", "glb", "fbx"…
    :ivar triangles: number of triangles; None if unknown.
    :ivar problem: what is missing although the asset was written: a requested export, or a mesh that cannot be read;
        None if nothing is.
    """

    files: Mapping[str, str]
    triangles: int | None = None
    problem: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One model on a contact sheet.

    :ivar picture: path of the picture; None if there is none.
    :ivar caption: lines of text below the picture.
    """

    picture: Path | None
    caption: tuple[str, ...]


class AssetWriter(Protocol):
    """Writes assets. Called from several worker threads at once."""

    with_blender: bool
    """Whether .blend files are written."""
    tries_drawing: bool
    """Whether :meth:`try_out` also renders. A part of a batch saves that time: one check comes before all parts."""

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """
        Test once everything that writing a library needs, before anything is paid for.

        :param exports: export formats that will be needed, keys of ``post_options.EXPORTS``.
        :param stop: set when the batch is ending.
        :return: what is not possible, with the reason: :data:`BLENDER`, :data:`PICTURES` or a format.
        :raises NoChildError: no child Blender can be used here.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """
        Write one asset; files of an earlier attempt are replaced.

        :param stop: set when the batch is ending; the call then returns within a second.
        :raises ConvertError: this model cannot be used or written. The delivered files are kept.
        :raises ConvertNoRoomError: neither can any other, because the disk is full.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """
        Draw contact sheets as pictures into the library, and return their paths; empty if that is not possible.

        :raises ConvertError: the sheets cannot be drawn or written.
        """
        ...

    def close(self) -> None:
        """Stop the processes that are kept running between two assets."""
        ...


class GlbWriter:
    """An :class:`AssetWriter` without Blender: copies models into a folder as delivered."""

    with_blender = False
    tries_drawing = False

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """Return an empty mapping: only a folder is needed."""
        return {}

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """Copy the model and the preview, see :class:`AssetWriter`."""
        if stop.is_set():
            raise ConvertStopped(Sentence.of("The batch is ending."))
        files = {"glb": f"{job.stem}.glb"}
        try:
            copy_whole(job.model_path, job.library / files["glb"])
            if job.preview_path is not None and job.preview_path.is_file():
                files["thumbnail"] = f"{THUMBNAILS}/{job.stem}.png"
                make_folder(job.library / THUMBNAILS)
                copy_whole(job.preview_path, job.library / files["thumbnail"])
        except OSError as error:
            refusal = ConvertNoRoomError if is_no_room(error) else ConvertError
            raise refusal(
                Sentence.of(
                    "The library {path} cannot be written ({reason}). Free some disk space, then run the batch again.",
                    path=str(job.library),
                    reason=error.strerror or type(error).__name__,
                )
            ) from None
        return Asset(files)

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """Return no sheets: drawing them needs Blender."""
        return ()

    def close(self) -> None:
        """Do nothing: no process is kept running."""
