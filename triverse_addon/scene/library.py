# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write models into an asset library, in child Blenders that do one after another.

Floor: second. Thread: a worker's, several at once: each gets a child of its own. No ``bpy``: what must be asked of
Blender is handed to the constructor.
"""

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..api.sentence import Sentence
from ..batch.assets import THUMBNAILS, Asset, AssetJob, Tile
from ..batch.reading import LEDGER
from ..tasks import glb
from ..tasks.convert import ConvertError
from ..tasks.gltf_reader import ANY_BLENDER, GltfReader
from .child_process import ChildEndedError, Words
from .child_session import MOST_JOBS, ChildSession
from .refusals import sentence_for

#: Folder in the library for what children need meanwhile, and for their logs.
WORK = "work"
#: A model of 1.5M triangles takes 12 s, with four levels of detail 40 s (measured, two cores).
TIMEOUT_S = 900.0
#: Contact sheets are drawn in one go: a page of 64 pictures takes 4 s (measured, two cores).
_SHEET_S = 3600.0
#: What a child left behind that was killed with its Blender is removed after this time.
_LEFT_S = 24 * 3600.0


def _sentence_for(kind: str, detail: str = "") -> Sentence:
    if kind == "decimate":
        return Sentence.of(
            "This model does not get below {count} triangles: it consists of many small parts. Raise decimate.",
            count=detail,
        )
    if kind == "no_size":
        return Sentence.of("This model has no height or no volume, so it cannot be scaled or get a hull.")
    if kind == "exporter":
        return Sentence.of("This Blender cannot export {format}. Leave it out of export.", format=detail.upper())
    if kind == "export":
        return Sentence.of("The model could not be exported. Blender says: {detail}.", detail=detail.rstrip("."))
    if kind == "disk":
        return Sentence.of(
            "The library cannot be written: {reason}. Make room, then use --retry-failed.", reason=detail
        )
    return sentence_for(kind, detail)


_WORDS = Words(
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


class ChildLibrary:
    """
    The batch's writer with Blender: an :class:`batch.assets.AssetWriter`.

    :param command: how to start the child, from ``child_command("library_worker")``.
    :param timeout_s: how long one model may take.
    :param memory_bytes: see :class:`child_process.ChildProcess`.
    :param jobs_per_child: see :class:`child_session.ChildSession`.
    :param reader: what this Blender reads.
    """

    with_blender = True

    def __init__(
        self,
        command: Sequence[str],
        *,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int | None = None,
        jobs_per_child: int = MOST_JOBS,
        reader: GltfReader = ANY_BLENDER,
    ) -> None:
        self._command = tuple(command)
        self._reader = reader
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._jobs_per_child = jobs_per_child
        self._lock = threading.Lock()
        self._idle: list[tuple[Path, ChildSession]] = []
        self._closed = False

    def __call__(self, job: AssetJob, stop: threading.Event) -> Asset:
        """Write one asset, see :class:`batch.assets.AssetWriter`."""
        try:
            with glb.readable(job.model_path, self._reader) as (path, _):
                return self._write(job, path, stop)
        except glb.GlbError as error:
            raise ConvertError(error.sentence) from None
        except OSError as error:
            raise ConvertError(_sentence_for("disk", error.strerror or "")) from None

    def _write(self, job: AssetJob, glb_path: Path, stop: threading.Event) -> Asset:
        told = {
            "kind": "asset",
            "glb_path": str(glb_path.resolve()),
            "preview_path": str(job.preview_path.resolve()) if job.preview_path else None,
            "library": str(job.library.resolve()),
            "thumbnails": THUMBNAILS,
            "stem": job.stem,
            "name": job.name,
            "properties": dict(job.properties),
            "tags": list(job.tags),
            "description": job.description,
            "catalog_id": job.catalog_id,
            "post": job.post.to_json(),
            "may_draw": True,
        }
        with self._session(job.library, self._timeout_s) as session:
            try:
                result = session.run(told, job.library, stop)
            except ChildEndedError:
                # It had done other models before, or the renderer crashed: a new child, without it, has the last word.
                result = session.run({**told, "may_draw": False}, job.library, stop)
        return Asset(files=result["files"], triangles=result["triangles"])

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """Draw contact sheets, see :class:`batch.assets.AssetWriter`."""
        if not tiles:
            return ()
        for old in library.glob("contact-sheet*.png"):
            old.unlink(missing_ok=True)
        told = {
            "kind": "sheet",
            "target_stem": str(library.resolve() / "contact-sheet"),
            "tiles": [
                {"picture": str(tile.picture.resolve()) if tile.picture else None, "caption": list(tile.caption)}
                for tile in tiles
            ],
        }
        with self._session(library, _SHEET_S) as session:
            return [Path(path) for path in session.run(told, library, stop)["files"]]

    def close(self) -> None:
        """End all children."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for _, session in idle:
            session.close()

    @contextlib.contextmanager
    def _session(self, library: Path, timeout_s: float) -> Iterator[ChildSession]:
        """Lend a child that is idle, or a new one."""
        with self._lock:
            # A child with another time-out is another kind of child.
            fitting = [pair for pair in self._idle if pair[0] == library and pair[1].timeout_s == timeout_s]
            if fitting:
                self._idle.remove(fitting[0])
        session = fitting[0][1] if fitting else self._new(library, timeout_s)
        try:
            yield session
        finally:
            with self._lock:
                is_kept = not self._closed
                if is_kept:
                    self._idle.append((library, session))
            if not is_kept:
                session.close()

    def _new(self, library: Path, timeout_s: float) -> ChildSession:
        folder = library / LEDGER / WORK
        _remove_old(folder)
        return ChildSession(
            self._command,
            _WORDS,
            folder,
            log=f"child-{secrets.token_hex(4)}.log",
            timeout_s=timeout_s,
            memory_bytes=self._memory_bytes,
            most_jobs=self._jobs_per_child,
        )


def _remove_old(folder: Path) -> None:
    """Remove what children of killed batches left. Others may be at work right now: what is younger stays."""
    oldest_s = time.time() - _LEFT_S
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.stat().st_mtime < oldest_s:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
