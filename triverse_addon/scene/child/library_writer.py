# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write models into an asset library, in child Blenders that process one model after another.

Floor: second. Thread: several workers at once, each with its own child. No ``bpy``: values that come from Blender are
passed to the constructor.
"""

import contextlib
import dataclasses
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ...batch.library.asset_writer import THUMBNAILS, Asset, AssetJob, Tile
from ...tasks.converter import ChildNotStartedError, ConvertError, Missing
from ...tasks.files.removal import remove_file
from ...tasks.glb import glb_check
from ...tasks.glb.gltf_reader import ANY_BLENDER, GltfReader
from ..worker import job_json
from ..worker.job_format import (
    AssetInput,
    AssetOutput,
    Processing,
    SheetInput,
    SheetOutput,
    SheetTile,
    TrialInput,
    TrialOutput,
)
from . import trial, work_folder
from .messages import sentence_for
from .persistent_process import JOBS_PER_CHILD, ChildSession
from .process import ChildEndedError, ChildMessages

#: Names of the files that :func:`worker.contact_sheet.draw` writes.
_SHEET = re.compile(r"contact-sheet(-[0-9]{1,4})?\.png")
#: Time limit of one model. One of 1.5M triangles takes 12 s, with four levels of detail 40 s (measured, two cores).
TIMEOUT_S = 900.0
#: Time limit of all contact sheets, which are one job. A page of 64 images takes 0.4 s (measured, two cores).
_SHEET_S = 3600.0


def _sentence_for(kind: str, detail: str = "") -> Sentence:
    if kind == "decimate":
        return Sentence.of(
            "This model does not get below {count} triangles: it consists of many small parts. Raise decimate.",
            count=detail,
        )
    if kind == "no_size":
        return Sentence.of("This model has no height or no volume, so it cannot be scaled or get a hull.")
    if kind == "sheet":
        return Sentence.of("The contact sheets cannot be drawn: {reason}.", reason=detail.rstrip("."))
    if kind == "work":
        return Sentence.of("The folder for work cannot be used: {reason}.", reason=detail)
    if kind == "disk":
        return Sentence.of(
            "The library cannot be written: {reason}. Free some disk space, then run the batch again.",
            reason=detail,
        )
    return sentence_for(kind, detail)


_MESSAGES = ChildMessages(
    too_slow=Sentence.of("Blender did not finish this model within {minutes} minutes. The downloaded file is kept."),
    killed=Sentence.of(
        "The system ended Blender while it worked on this model, most likely because memory ran out. "
        "The downloaded file is kept."
    ),
    crashed=Sentence.of(
        "Blender crashed while it worked on this model ({signal}). The downloaded file is kept; {log} says more."
    ),
    ended=Sentence.of(
        "Blender ended without finishing this model (exit code {code}). The downloaded file is kept; {log} says more."
    ),
    stopped=Sentence.of("The work was stopped. It starts again with the next run."),
    refused=_sentence_for,
)


class ChildAssetWriter:
    """
    Write assets with child Blenders: an :class:`batch.library.asset_writer.AssetWriter` for batches. Thread-safe.

    Keeps a pool of idle children. The child that was tried out, which has read nothing but our own cube, goes on with
    the first model.

    :param command: command that starts the child, from ``child_command("library_worker")``.
    :param work_dir: folder of this user for the children's temporary files and logs; created if it is missing.
    :param timeout_s: time limit of one model, in seconds.
    :param memory_bytes: memory limit of a child, see :class:`process.ChildProcess`.
    :param jobs_per_child: jobs after which a child is replaced, see :class:`persistent_process.ChildSession`.
    :param reader: the glTF extensions that this Blender supports.
    """

    with_blender = True
    tries_drawing = True

    def __init__(
        self,
        command: Sequence[str],
        work_dir: Path,
        *,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int | None = None,
        jobs_per_child: int = JOBS_PER_CHILD,
        reader: GltfReader = ANY_BLENDER,
    ) -> None:
        self._command = tuple(command)
        self._work_dir = work_dir
        self._reader = reader
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._jobs_per_child = jobs_per_child
        self._lock = threading.Lock()
        self._idle: list[ChildSession] = []
        self._closed = False

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """Write one asset, see :class:`batch.library.asset_writer.AssetWriter`."""
        try:
            with glb_check.readable(job.model_path, self._reader) as (path, _):
                return self._write(job, path, stop)
        except glb_check.GlbError as error:
            raise ConvertError(error.sentence) from None
        except OSError as error:
            raise _MESSAGES.disk_error(error) from None

    def _write(self, job: AssetJob, glb_path: Path, stop: threading.Event) -> Asset:
        given = AssetInput(
            glb_path=str(glb_path.resolve()),
            preview_path=str(job.preview_path.resolve()) if job.preview_path else None,
            library=str(job.library.resolve()),
            thumbnails=THUMBNAILS,
            stem=job.stem,
            name=job.name,
            properties=dict(job.properties),
            tags=job.tags,
            description=job.description,
            catalog_id=job.catalog_id,
            post=job_json.read_part(Processing, job.post.to_json()),
            may_draw=True,
        )
        with self._borrowed_session(_MESSAGES, self._timeout_s) as session:
            try:
                result = session.run(given, AssetOutput, job.library, stop)
            except ChildEndedError:
                # The cause may be a model that the child processed before, or the renderer. So try once more, in a new
                # child and without rendering.
                given = dataclasses.replace(given, may_draw=False)
                result = session.run(given, AssetOutput, job.library, stop)
            if result.missing.meshes:
                # Another process may read a mesh that this one did not. Otherwise the asset is tagged "Incomplete".
                session.close()
                with contextlib.suppress(ConvertError, ChildNotStartedError):
                    result = session.run(given, AssetOutput, job.library, stop)
        problem = _problem_of(result.lacking) or Missing(**dataclasses.asdict(result.missing)).warning
        return Asset(result.files, result.triangles, problem)

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """Test what writing a library needs, see :class:`batch.library.asset_writer.AssetWriter`."""

        def run(given: TrialInput) -> TrialOutput:
            with self._borrowed_session(trial.MESSAGES, trial.TIMEOUT_S) as session:
                return session.run(given, TrialOutput, self._work_dir, stop)

        return trial.try_out(run, exports, may_draw=self.tries_drawing)

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """Draw contact sheets, see :class:`batch.library.asset_writer.AssetWriter`."""
        if not tiles:
            return ()
        given = SheetInput(
            target_stem=str(library.resolve() / "contact-sheet"),
            tiles=tuple(
                SheetTile(str(tile.picture.resolve()) if tile.picture else None, tile.caption) for tile in tiles
            ),
        )
        with self._borrowed_session(_MESSAGES, _SHEET_S) as session:
            sheets = [Path(path) for path in session.run(given, SheetOutput, library, stop).files]
        # A larger batch before this one may have left more sheets than there are now.
        for old in library.iterdir():
            if _SHEET.fullmatch(old.name) and old.name not in {sheet.name for sheet in sheets}:
                remove_file(old)
        return sheets

    def close(self) -> None:
        """End the idle children at once; one that is busy ends after its job. No new child is kept afterwards."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    @contextlib.contextmanager
    def _borrowed_session(self, messages: ChildMessages, timeout_s: float) -> Iterator[ChildSession]:
        """
        Yield an idle child, or a new one, and return it to the pool afterwards.

        :param messages: error messages.
        :param timeout_s: time limit of one job, in seconds.
        """
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is None:
            session = self._new_session()
        session.use_for(messages, timeout_s)
        try:
            yield session
        finally:
            with self._lock:
                is_kept = not self._closed
                if is_kept:
                    self._idle.append(session)
            if not is_kept:
                session.close()

    def _new_session(self) -> ChildSession:
        try:
            work_folder.make_ready(self._work_dir)
        except OSError as error:
            raise ConvertError(_sentence_for("work", f"{self._work_dir}: {error.strerror}")) from None
        return ChildSession(
            self._command,
            _MESSAGES,
            self._work_dir,
            log=work_folder.log_name(),
            timeout_s=self._timeout_s,
            memory_bytes=self._memory_bytes,
            jobs_per_child=self._jobs_per_child,
        )


def _problem_of(lacking: Mapping[str, str]) -> Sentence | None:
    if not lacking:
        return None
    return Sentence.of(
        "The model is in the library, but not as {formats}. Blender says: {detail}.",
        formats=", ".join(kind.upper() for kind in lacking),
        detail=next(iter(lacking.values())).rstrip("."),
    )
