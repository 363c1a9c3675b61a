# SPDX-License-Identifier: GPL-3.0-or-later
"""
What the engine asks of a converter: a GLB in, a .blend that Blender can append out.

Floor: first. Thread: any. No ``bpy``. The converter itself stands on the scene floor and is handed to the engine.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..api.errors import TriverseError


@dataclass(frozen=True, slots=True)
class ConvertJob:
    """
    One model to convert.

    ``name`` becomes the collection's name; ``properties`` its custom properties; ``tags`` its asset tags. ``unit_m``
    (metres a unit) and ``frames_per_s`` are those of the scene that the model is for.
    """

    glb_path: Path
    preview_path: Path | None
    out_dir: Path
    name: str
    properties: Mapping[str, str | int | float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    unit_m: float = 1.0
    frames_per_s: float = 24.0


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion left on disk, and what is in it."""

    blend_path: Path
    thumbnail_path: Path | None
    collection_name: str
    triangles: int
    objects: int
    seconds: float


class ConvertError(TriverseError):
    """This model cannot be converted. Its GLB is kept; other tasks are not affected."""


class NoChildError(TriverseError):
    """No child Blender can be started on this machine; the driver imports the GLB in place."""


class ConvertStopped(TriverseError):
    """The conversion was stopped because the engine is closing. It starts again at the next start."""


class Converter(Protocol):
    """Turns a GLB into a .blend. Called in a worker thread."""

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model.

        :param job: what to convert, and where to.
        :param stop: set when the engine is closing; the call then ends within a second.
        :raises ConvertError: the model cannot be used.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        ...
