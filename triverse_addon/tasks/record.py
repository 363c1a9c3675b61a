# SPDX-License-Identifier: GPL-3.0-or-later
"""
What is known of one task: its stage, what was asked, what the service said, which files lie where.

Floor: first. Thread: any (everything here is immutable). No ``bpy``.
"""

import dataclasses
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ..api.sentence import Sentence


class Stage(StrEnum):
    """Where a task is on its way from a wish to a model in the scene."""

    QUEUED = "queued"
    """Written down here; nothing was sent yet."""
    UPLOADING = "uploading"
    """Its pictures or models are on their way to the service."""
    SUBMITTING = "submitting"
    """The creation was sent, or is about to be; the service has not named the task yet."""
    WAITING = "waiting"
    """The service knows the task and works on it."""
    DOWNLOADING = "downloading"
    """The service has finished; the files are on their way here."""
    CONVERTING = "converting"
    """A child Blender reads the GLB and writes a .blend."""
    READY = "ready"
    """Everything is on disk; it can be imported, now and later."""
    IMPORTED = "imported"
    """It was imported at least once."""
    FAILED = "failed"
    """It ended without a model that can be used; :attr:`TaskRecord.error` says why."""
    CANCELLED = "cancelled"
    """The service cancelled it."""
    GONE = "gone"
    """The service does not know the task (any more)."""


#: Stages in which something still has to happen by itself.
UNFINISHED = frozenset(
    {Stage.QUEUED, Stage.UPLOADING, Stage.SUBMITTING, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING}
)
#: Stages in which the service has not been asked for anything yet.
NOT_SENT = frozenset({Stage.QUEUED, Stage.UPLOADING})
#: Stages that end a task's way on the service.
ENDED_BADLY = frozenset({Stage.FAILED, Stage.CANCELLED, Stage.GONE})

#: The only ways from one stage to another. READY and IMPORTED may go back to DOWNLOADING when a file was deleted by
#: hand; FAILED goes back to the stage that failed (a retry never pays for what was paid), CANCELLED to QUEUED as a new
#: order, GONE to WAITING to look again.
MOVES: Mapping[Stage, frozenset[Stage]] = {
    Stage.QUEUED: frozenset({Stage.UPLOADING, Stage.SUBMITTING, Stage.FAILED}),
    Stage.UPLOADING: frozenset({Stage.SUBMITTING, Stage.QUEUED, Stage.FAILED}),
    Stage.SUBMITTING: frozenset({Stage.WAITING, Stage.UPLOADING, Stage.QUEUED, Stage.FAILED}),
    Stage.WAITING: frozenset({Stage.DOWNLOADING, Stage.FAILED, Stage.CANCELLED, Stage.GONE}),
    Stage.DOWNLOADING: frozenset({Stage.CONVERTING, Stage.READY, Stage.FAILED, Stage.GONE}),
    Stage.CONVERTING: frozenset({Stage.READY, Stage.DOWNLOADING, Stage.FAILED}),
    Stage.READY: frozenset({Stage.IMPORTED, Stage.DOWNLOADING, Stage.CONVERTING, Stage.FAILED}),
    Stage.IMPORTED: frozenset({Stage.READY, Stage.DOWNLOADING, Stage.CONVERTING}),
    Stage.FAILED: frozenset({Stage.QUEUED, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING, Stage.READY}),
    Stage.CANCELLED: frozenset({Stage.QUEUED, Stage.WAITING}),
    Stage.GONE: frozenset({Stage.QUEUED, Stage.WAITING}),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """
    The file and scene that asked for a model.

    :ivar session: a token for the time between two file loads of one Blender.
    :ivar file: absolute path of the .blend, "" when it was not saved yet.
    :ivar scene_id: the id kept in the scene's ``triverse`` properties, "" when there is none.
    :ivar scene_name: the scene's name when the task was made.
    """

    session: str = ""
    file: str = ""
    scene_id: str = ""
    scene_name: str = ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """
    Objects whose place the model takes (a texture made for them).

    They were sent as they stood in the world, less the location of the first.

    :ivar names: of the objects; the first gives transform, parent and collection.
    :ivar matrix: world matrix of the first when it was sent, row after row, 16 numbers.
    :ivar low: lowest corner of what was sent, in Blender units.
    :ivar high: highest corner of it.
    :ivar uids: Blender's numbers of the objects, in the order of ``names``; see :attr:`Placement.session`.
    """

    names: tuple[str, ...]
    matrix: tuple[float, ...]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    uids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """
    Where the model is to stand, and what is made of the delivered file for it.

    :ivar location: world coordinates in Blender units; the 3D cursor's or the world origin's, as asked.
    :ivar height: height in Blender units the model is scaled to; None keeps its own size.
    :ivar on_ground: the lowest point of the model stands at ``location``'s z.
    :ivar placeholder: name of the object whose bounding box the model is fitted to, "" for none.
    :ivar placeholder_uid: Blender's number of that object, 0 where it is not known.
    :ivar session: the time within which Blender's numbers of objects hold, however those are renamed: it ends when a
        file is loaded. See ``scene.importing.origin``.
    :ivar keep_placeholder: False hides the placeholder once the model stands there.
    :ivar replaces: the objects the model takes the place of, which goes before all else; None for none.
    :ivar unit_m: metres that a Blender unit of that scene stands for.
    :ivar frames_per_s: its frame rate.
    :ivar merge: vertices in one place become one; seams, normals and UVs stay.
    :ivar smooth_deg: what has no normals of its own is shaded smooth, but for edges sharper than so many degrees; 0 for
        flat, as the format says.
    :ivar instead_of: name of the collection, imported for the same task before, whose place the model takes and which
        is removed; "" for none. If it is gone, the rest holds.
    """

    location: tuple[float, float, float] = (0.0, 0.0, 0.0)
    height: float | None = None
    on_ground: bool = False
    placeholder: str = ""
    placeholder_uid: int = 0
    session: str = ""
    keep_placeholder: bool = False
    replaces: Replaced | None = None
    instead_of: str = ""
    unit_m: float = 1.0
    frames_per_s: float = 24.0
    merge: bool = False
    smooth_deg: int = 0


@dataclass(frozen=True, slots=True)
class NewTask:
    """
    A wish, checked by :meth:`tasks.engine.engine.Engine.submit` before anything is written or sent.

    :ivar flow: a name of ``api.flows.FLOWS``.
    :ivar values: the flow's fields without its sources.
    :ivar sources: field name -> absolute path of a picture or model on this machine, or an https URL.
    :ivar allow_duplicate: the user asks for an equal model again, on purpose.
    :ivar client_order_id: idempotency key; "" lets the engine make one. A batch names its rows with it.
    :ivar convert: False for a model that is used as it is delivered, so that no .blend is made of it.
    """

    flow: str
    values: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    origin: Origin = Origin()
    placement: Placement = Placement()
    auto_import: bool = True
    allow_duplicate: bool = False
    client_order_id: str = ""
    convert: bool = True


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """
    One task. Times are seconds since the epoch (UTC), sizes are bytes, paths are absolute.

    ``id`` is ours and never changes; ``client_order_id`` names one paid request; ``task_uuid`` is the service's name.
    """

    id: str
    flow: str
    name: str
    stage: Stage = Stage.QUEUED
    params: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    file_keys: Mapping[str, str] = field(default_factory=dict)
    client_order_id: str = ""
    allow_duplicate: bool = False
    task_uuid: str | None = None
    service_status: str = ""
    progress: int | None = None
    queue_position: int | None = None
    queue_wait_s: float | None = None
    created_at_s: float = 0.0
    updated_at_s: float = 0.0
    submitted_at_s: float | None = None
    started_at_s: float | None = None
    finished_at_s: float | None = None
    imported_at_s: float | None = None
    cost_credits: int | None = None
    error: Sentence | None = None
    error_code: int | None = None
    error_message: str = ""
    """The service's own words about the error, cleaned and cut."""
    error_suggestion: str = ""
    """The service's own advice, likewise."""
    failed_stage: Stage | None = None
    note: Sentence | None = None
    """Why it waits right now, in words; None while all goes well."""
    following: bool = True
    auto_import: bool = True
    convert: bool = True
    origin: Origin = Origin()
    placement: Placement = Placement()
    geometry_only: bool = False
    """The next import leaves out materials and textures."""
    folder: str = ""
    model_path: str = ""
    preview_path: str = ""
    thumbnail_path: str = ""
    blend_path: str = ""
    blend_unit_m: float = 1.0
    """Metres that a Blender unit of the scene stands for that the .blend was made for."""
    blend_frames_per_s: float = 24.0
    """Frame rate of that scene."""
    blend_merge: bool = False
    """Whether its vertices were merged; see :attr:`Placement.merge`."""
    blend_smooth_deg: int = 0
    """Up to which angle it was shaded smooth; see :attr:`Placement.smooth_deg`."""
    blend_sha256: str = ""
    """Of what the child wrote; "" for one of an earlier version."""
    collection_name: str = ""
    triangles: int | None = None
    received_bytes: int = 0
    size_bytes: int | None = None
    attempts: int = 0
    """Failures in a row in the present stage; any success sets it back to 0."""
    is_settled: bool = False
    """The service has said its last word on the order (refused, failed, cancelled): a retry is a new order."""
    found_at_s: float | None = None
    """When it came to this list without having been ordered from it: the service named it, or the user did."""
    read_header: str = ""
    """Name of the header for reading right after the creation, as the service gave it."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Asset URLs the service gave last ("textured", "geometry", "preview"); they expire."""
    revision: int = 0
    """Counted up by the store at every write."""

    @property
    def is_unfinished(self) -> bool:
        """True while something has to happen by itself and the user has not said to stop following."""
        return self.stage in UNFINISHED and self.following

    @property
    def has_model(self) -> bool:
        """True once the model's files are on disk, as far as the store knows."""
        return self.stage in (Stage.READY, Stage.IMPORTED)

    @property
    def is_paid(self) -> bool:
        """True once the service accepted the order, so that a retry must not order again."""
        return self.task_uuid is not None

    def with_(self, **changes: Any) -> "TaskRecord":
        """Return a copy with ``changes``."""
        return dataclasses.replace(self, **changes)


def is_url(source: str) -> bool:
    """Tell a public URL from a path on this machine."""
    return source.startswith(("https://", "http://"))


def next_order_id(order_id: str) -> str:
    """Return the ``client_order_id`` after ``order_id``: ``x`` -> ``x_r2`` -> ``x_r3``, 64 characters at most."""
    match = re.fullmatch(r"(.*)_r(\d+)", order_id)
    stem, times = (match[1], int(match[2])) if match else (order_id, 1)
    suffix = f"_r{times + 1}"
    return stem[: 64 - len(suffix)] + suffix


def new_id() -> str:
    """Return a new id, usable as ``client_order_id`` (letters and digits, 32 characters)."""
    return uuid.uuid4().hex


def now_s() -> float:
    """Return the wall clock, in seconds since the epoch (UTC)."""
    return time.time()
