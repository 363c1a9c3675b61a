# SPDX-License-Identifier: GPL-3.0-or-later
"""
Convert a model in a child Blender. See ``process`` for how the user's Blender is protected from it.

Floor: second. Thread: a worker's. No ``bpy``: values that come from Blender are passed to the constructor.
"""

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ...tasks.converter import ChildNotStartedError, Converted, ConvertError, ConvertJob, ExpectedFiles, Missing
from ...tasks.files.removal import remove_leftovers
from ..worker import job_json
from ..worker.job_format import ConvertInput, ConvertOutput, ExpectedInput, Processing
from .asset_library import CATALOG_ID
from .messages import sentence_for
from .process import ChildMessages
from .ready_process import ReadyChildProcess

BLEND = "model.blend"
THUMBNAIL = "thumbnail.png"
LOG = "convert.log"

#: Time limit of one conversion, which also stops a malicious model. One of 1.5M triangles with 4k textures takes 9 s on
#: two busy cores (measured).
TIMEOUT_S = 600.0

_MESSAGES = ChildMessages(
    too_slow=Sentence.of(
        "Blender did not finish reading this model within {minutes} minutes. The downloaded file is kept."
    ),
    killed=Sentence.of(
        "The system ended Blender while it read this model, most likely because memory ran out. "
        "The downloaded file is kept."
    ),
    crashed=Sentence.of(
        "Blender crashed while it read this model ({signal}). The downloaded file is kept; {log} next to it says more."
    ),
    ended=Sentence.of(
        "Blender ended without reading this model (exit code {code}). "
        "The downloaded file is kept; {log} next to it says more."
    ),
    stopped=Sentence.of("The conversion was stopped. It starts again by itself."),
    refused=sentence_for,
)


class ChildConverter:
    """
    Convert GLBs in child Blenders: the engine's :class:`tasks.converter.PreparingConverter`. Thread-safe.

    :param command: command that starts the child, from :func:`command.child_command`.
    :param timeout_s: time limit of one conversion, in seconds.
    :param memory_bytes: memory limit of the child, see :class:`process.ChildProcess`.
    """

    def __init__(
        self, command: Sequence[str], *, timeout_s: float = TIMEOUT_S, memory_bytes: int | None = None
    ) -> None:
        self._child = ReadyChildProcess(command, _MESSAGES, log=LOG, timeout_s=timeout_s, memory_bytes=memory_bytes)

    def expect_job(self, work_dir: Path) -> None:
        """Start a child that waits for the next model, see :meth:`ready_process.ReadyChildProcess.expect_job`."""
        self._child.expect_job(work_dir)

    def prepare(self, expected: ExpectedFiles) -> None:
        """Let the child that waits work on files of the model, see :meth:`ready_process.ReadyChildProcess.prepare`."""
        # Windows cannot rename a file that another process has open. Elsewhere, only the folder is resolved: the child
        # refuses a link in place of the file.
        part = None if os.name == "nt" else str(expected.part_path.parent.resolve() / expected.part_path.name)
        preview = str(expected.preview_path.resolve()) if expected.preview_path else None
        self._child.prepare(ExpectedInput(part, preview), expected.out_dir)

    def close(self) -> None:
        """End the child that waits, if there is one."""
        self._child.close()

    def __call__(self, job: ConvertJob, stop: threading.Event) -> Converted:
        """
        Convert one model and return when the .blend is in ``job.out_dir``. An existing one is replaced atomically.

        :param job: the model to convert.
        :param stop: event that cancels the conversion.
        :return: what was written, and facts about the model.
        :raises ConvertError: the model cannot be used; the GLB is kept, and ``convert.log`` next to it has details.
        :raises NoChildError: no child Blender can be started here.
        :raises ConvertStopped: ``stop`` was set.
        """
        started = time.monotonic()
        for name in (BLEND, THUMBNAIL):
            remove_leftovers(job.out_dir, Path(name).stem)
        out_dir = job.out_dir.resolve()
        given = ConvertInput(
            glb_path=str(job.glb_path.resolve()),
            preview_path=str(job.preview_path.resolve()) if job.preview_path else None,
            blend_path=str(out_dir / BLEND),
            thumbnail_path=str(out_dir / THUMBNAIL),
            name=job.name,
            properties=dict(job.properties),
            tags=job.tags,
            catalog_id=CATALOG_ID,
            unit_m=job.unit_m,
            frames_per_s=job.frames_per_s,
            post=job_json.read_part(Processing, job.processing.to_json()),
        )
        result = self._child.run(given, ConvertOutput, job.out_dir, stop)
        if result.missing.meshes:
            # Try once more: another Blender process may read a mesh that this one did not, because the failure was
            # random or memory was short.
            with contextlib.suppress(ConvertError, ChildNotStartedError):
                result = self._child.run(given, ConvertOutput, job.out_dir, stop)
        return Converted(
            blend_path=job.out_dir / BLEND,
            thumbnail_path=job.out_dir / THUMBNAIL if result.thumbnail else None,
            collection_name=result.collection_name,
            triangles=result.triangles,
            objects=result.objects,
            seconds=time.monotonic() - started,
            blend_sha256=result.blend_sha256,
            missing=Missing(**dataclasses.asdict(result.missing)),
        )
