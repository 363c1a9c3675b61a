# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write models into an asset library, in child Blenders that do one after another.

Floor: second. Thread: a worker's, several at once: each gets a child of its own. No ``bpy``: what must be asked of
Blender is handed to the constructor.
"""

import contextlib
import re
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...api.sentence import Sentence
from ...batch.library.asset_writer import THUMBNAILS, Asset, AssetJob, Tile
from ...batch.library.safe_paths import make_folder
from ...tasks.converter import ConvertError, Missing
from ...tasks.glb import glb_check
from ...tasks.gltf_reader import ANY_BLENDER, GltfReader
from ...tasks.removal import remove_file
from .messages import sentence_for
from .persistent_process import MOST_JOBS, ChildSession
from .process import SCRATCH, ChildEndedError, Words
from .trial import try_out

#: Folder in the user's data folder for what children need meanwhile, and for their logs. Not in the library: what is
#: removed there must not be for somebody else to choose.
WORK = "work"
#: What lies in it: a child's folder, and its log.
_OURS = re.compile(re.escape(SCRATCH) + r"[0-9a-f]{8}|child-[0-9a-f]{8}\.log")
#: What :func:`worker.contact_sheet.draw` writes.
_SHEET = re.compile(r"contact-sheet(-[0-9]{1,4})?\.png")
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
    if kind == "work":
        return Sentence.of("The folder for work cannot be used: {reason}.", reason=detail)
    if kind == "disk":
        return Sentence.of(
            "The library cannot be written: {reason}. Free some disk space, then run the failed rows again.",
            reason=detail,
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
    The batch's writer with Blender: an :class:`batch.library.asset_writer.AssetWriter`.

    :param command: how to start the child, from ``child_command("library_worker")``.
    :param work_dir: folder of this user for what children need meanwhile; made if it is missing.
    :param timeout_s: how long one model may take.
    :param memory_bytes: see :class:`process.ChildProcess`.
    :param jobs_per_child: see :class:`persistent_process.ChildSession`.
    :param reader: what this Blender reads.
    """

    with_blender = True

    def __init__(
        self,
        command: Sequence[str],
        work_dir: Path,
        *,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int | None = None,
        jobs_per_child: int = MOST_JOBS,
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
        with self._session(self._timeout_s) as session:
            try:
                result = session.run(told, job.library, stop)
            except ChildEndedError:
                # It had done other models before, or the renderer crashed: a new child, without it, has the last word.
                result = session.run({**told, "may_draw": False}, job.library, stop)
            if result["missing"]["meshes"]:
                # Another process may read what this one could not. Else the asset is tagged "Incomplete".
                session.close()
                with contextlib.suppress(ConvertError):
                    result = session.run(told, job.library, stop)
        problem = _problem_of(result["lacking"]) or Missing(**result["missing"]).warning
        return Asset(result["files"], result["triangles"], problem)

    def try_out(self, exports: Sequence[str], stop: threading.Event) -> Mapping[str, Sentence]:
        """Try whatever a library takes, see :class:`batch.library.asset_writer.AssetWriter`."""
        return try_out(self._command, self._work_dir, exports, stop)

    def draw_sheets(self, library: Path, tiles: Sequence[Tile], stop: threading.Event) -> Sequence[Path]:
        """Draw contact sheets, see :class:`batch.library.asset_writer.AssetWriter`."""
        if not tiles:
            return ()
        told = {
            "kind": "sheet",
            "target_stem": str(library.resolve() / "contact-sheet"),
            "tiles": [
                {"picture": str(tile.picture.resolve()) if tile.picture else None, "caption": list(tile.caption)}
                for tile in tiles
            ],
        }
        with self._session(_SHEET_S) as session:
            sheets = [Path(path) for path in session.run(told, library, stop)["files"]]
        # Those of a larger batch are left over, now that the new ones are there.
        for old in library.iterdir():
            if _SHEET.fullmatch(old.name) and old.name not in {sheet.name for sheet in sheets}:
                remove_file(old)
        return sheets

    def close(self) -> None:
        """End all children."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()

    @contextlib.contextmanager
    def _session(self, timeout_s: float) -> Iterator[ChildSession]:
        """Lend a child that is idle, or a new one."""
        with self._lock:
            # A child with another time-out is another kind of child.
            session = next((one for one in self._idle if one.timeout_s == timeout_s), None)
            if session is not None:
                self._idle.remove(session)
        session = session or self._new(timeout_s)
        try:
            yield session
        finally:
            with self._lock:
                is_kept = not self._closed
                if is_kept:
                    self._idle.append(session)
            if not is_kept:
                session.close()

    def _new(self, timeout_s: float) -> ChildSession:
        try:
            make_folder(self._work_dir)
        except OSError as error:
            raise ConvertError(_sentence_for("work", f"{self._work_dir}: {error.strerror}")) from None
        _remove_old(self._work_dir)
        return ChildSession(
            self._command,
            _WORDS,
            self._work_dir,
            log=f"child-{secrets.token_hex(4)}.log",
            timeout_s=timeout_s,
            memory_bytes=self._memory_bytes,
            most_jobs=self._jobs_per_child,
        )


def _problem_of(lacking: Mapping[str, str]) -> Sentence | None:
    if not lacking:
        return None
    return Sentence.of(
        "The model is in the library, but not as {formats}. Blender says: {detail}.",
        formats=", ".join(kind.upper() for kind in lacking),
        detail=next(iter(lacking.values())).rstrip("."),
    )


def _remove_old(folder: Path) -> None:
    """Remove what children of killed batches left, by its name. Others may be at work: what is younger stays."""
    oldest_s = time.time() - _LEFT_S
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            found = path.lstat()
            if not _OURS.fullmatch(path.name) or found.st_mtime >= oldest_s:
                continue
            if stat.S_ISDIR(found.st_mode):
                shutil.rmtree(path)
            else:
                remove_file(path)
