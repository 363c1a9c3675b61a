# SPDX-License-Identifier: GPL-3.0-or-later
"""
What a batch asks of the one who writes assets: a delivered model in, files of an asset library out.

Floor: between first and second. Thread: see each. No ``bpy``: the writer with Blender stands on the scene floor.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ...api.sentence import Sentence
from ...tasks.converter import ConvertError, ConvertStopped
from ..post_options import Post
from .atomic_write import copy_whole
from .safe_paths import make_folder

#: Folder of the pictures that contact sheets show, beside the assets.
THUMBNAILS = "thumbnails"
#: Keys of :meth:`AssetWriter.try_out` beside the formats of exports: nothing can be written; nothing can be drawn.
BLENDER, PICTURES = "blender", "pictures"
#: What is written into every asset. The service's terms are not part of its API, so none are quoted.
LICENSE_NOTE = "Made with Triverse. The terms of the Triverse account that made it apply."


@dataclass(frozen=True, slots=True)
class AssetJob:
    """
    One model to be put into a library.

    :ivar model_path: the GLB as it was delivered.
    :ivar preview_path: the service's picture, None if it gave none.
    :ivar library: the folder; everything is written into it whole or not at all.
    :ivar stem: name of the files without suffix.
    :ivar name: of the collection.
    :ivar properties: its custom properties: where the model comes from.
    :ivar catalog_id: UUID of its catalog, "" for none.
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
    post: Post = field(default_factory=Post)


@dataclass(frozen=True, slots=True)
class Asset:
    """
    What was written.

    :ivar files: paths relative to the library by kind: "blend", "thumbnail", "glb", "fbx"…
    :ivar problem: what lacks all the same: an export that was asked for, a mesh that cannot be read; None if nothing.
    """

    files: Mapping[str, str]
    triangles: int | None = None
    problem: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """
    One model on a contact sheet.

    :ivar picture: None where there is none.
    :ivar caption: lines below it.
    """

    picture: Path | None
    caption: tuple[str, ...]


class AssetWriter(Protocol):
    """Writes one asset. Called in several worker threads at once."""

    with_blender: bool
    """Whether .blend files are written."""

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """
        Try once whatever a library takes, before anything is paid for.

        :param exports: formats that will be asked for, keys of ``post_options.EXPORTS``.
        :return: what cannot be done, with the reason: :data:`BLENDER`, :data:`PICTURES` or a format.
        :raises NoChildError: there is no child Blender here, today or ever.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """
        Write one asset; files of an earlier try are replaced.

        :param stop: set when the batch is ending; the call then ends within a second.
        :raises ConvertError: this model cannot be used or written. What was delivered is kept.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """
        Draw contact sheets as pictures into the library, and return their paths; none where that cannot be.

        :raises ConvertError: they cannot be drawn or written.
        """
        ...

    def close(self) -> None:
        """End what is kept running between two assets."""
        ...


class GlbWriter:
    """Puts models into a folder as they were delivered, where there is no Blender. An :class:`AssetWriter`."""

    with_blender = False

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """Return nothing: what it takes is a folder."""
        return {}

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """Copy model and preview, see :class:`AssetWriter`."""
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
            raise ConvertError(
                Sentence.of(
                    "The library {path} cannot be written ({reason}). "
                    "Free some disk space, then run the failed rows again.",
                    path=str(job.library),
                    reason=error.strerror or type(error).__name__,
                )
            ) from None
        return Asset(files)

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """Return nothing: it takes Blender to draw."""
        return ()

    def close(self) -> None:
        """Nothing is kept running."""
