# SPDX-License-Identifier: GPL-3.0-or-later
"""
The record of a task: its stage, the request, the service's responses, and the paths of its files.

Floor: first. Thread: any (everything here is immutable). No ``bpy``.
"""

import dataclasses
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ...api.flows import FLOWS, yields_glb
from ...api.sentence import Sentence
from .processing import PLAIN, Processing


class Stage(StrEnum):
    """Progress of a task from the request to the imported model."""

    QUEUED = "queued"
    """Stored on this machine; nothing has been sent yet."""
    UPLOADING = "uploading"
    """Its images or models are being uploaded."""
    SUBMITTING = "submitting"
    """The creation request was sent, or is about to be; the service has not returned a UUID yet."""
    WAITING = "waiting"
    """The service knows the task and is working on it."""
    DOWNLOADING = "downloading"
    """The service has finished; the files are being downloaded."""
    CONVERTING = "converting"
    """A child Blender imports the GLB and writes a .blend."""
    READY = "ready"
    """All files are on disk; the model can be imported at any time."""
    IMPORTED = "imported"
    """The model was imported at least once."""
    FAILED = "failed"
    """The task ended without a usable model; :attr:`TaskRecord.error` gives the reason."""
    CANCELLED = "cancelled"
    """The service cancelled the task."""
    GONE = "gone"
    """The service does not know the task (any longer)."""
    DONE = "done"
    """The task has succeeded, and all of its files are on disk; there is no model to import."""


#: Stages that the engine still has to work on.
UNFINISHED = frozenset(
    {Stage.QUEUED, Stage.UPLOADING, Stage.SUBMITTING, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING}
)
#: Stages before the creation request is sent.
NOT_SENT = frozenset({Stage.QUEUED, Stage.UPLOADING})
#: Stages in which a task has ended without a model.
FAILED_STAGES = frozenset({Stage.FAILED, Stage.CANCELLED, Stage.GONE})

#: The allowed transitions. READY, IMPORTED and DONE may return to DOWNLOADING if a file was deleted by the user. FAILED
#: returns to the stage that failed (a retry never pays again for a paid order), CANCELLED to QUEUED as a new order,
#: GONE to WAITING to query the service again. DOWNLOADING and CONVERTING return to IMPORTED if what Blender was to do
#: with an imported model is stopped, or is not possible.
TRANSITIONS: Mapping[Stage, frozenset[Stage]] = {
    Stage.QUEUED: frozenset({Stage.UPLOADING, Stage.SUBMITTING, Stage.FAILED, Stage.CANCELLED}),
    Stage.UPLOADING: frozenset({Stage.SUBMITTING, Stage.QUEUED, Stage.FAILED, Stage.CANCELLED}),
    Stage.SUBMITTING: frozenset({Stage.WAITING, Stage.UPLOADING, Stage.QUEUED, Stage.FAILED, Stage.CANCELLED}),
    Stage.WAITING: frozenset({Stage.DOWNLOADING, Stage.FAILED, Stage.CANCELLED, Stage.GONE}),
    Stage.DOWNLOADING: frozenset({Stage.CONVERTING, Stage.READY, Stage.IMPORTED, Stage.DONE, Stage.FAILED, Stage.GONE}),
    Stage.CONVERTING: frozenset({Stage.READY, Stage.IMPORTED, Stage.DOWNLOADING, Stage.FAILED}),
    Stage.READY: frozenset({Stage.IMPORTED, Stage.DOWNLOADING, Stage.CONVERTING, Stage.FAILED}),
    Stage.IMPORTED: frozenset({Stage.READY, Stage.DOWNLOADING, Stage.CONVERTING}),
    Stage.DONE: frozenset({Stage.DOWNLOADING}),
    Stage.FAILED: frozenset({Stage.QUEUED, Stage.WAITING, Stage.DOWNLOADING, Stage.CONVERTING, Stage.READY}),
    Stage.CANCELLED: frozenset({Stage.QUEUED, Stage.WAITING}),
    Stage.GONE: frozenset({Stage.QUEUED, Stage.WAITING}),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """
    The file and scene that requested a model.

    :ivar session: a token that is valid from one file load of a Blender to the next.
    :ivar file: absolute path of the .blend; "" if it had not been saved yet.
    :ivar scene_id: the id stored in the scene's ``triverse`` properties; "" if there is none.
    :ivar scene_name: the scene's name when the task was created.
    """

    session: str = ""
    file: str = ""
    scene_id: str = ""
    scene_name: str = ""


@dataclass(frozen=True, slots=True)
class Replaced:
    """
    Objects that the model replaces (when a texture was generated for them).

    They were uploaded in world space, relative to the location of the first object.

    :ivar names: the objects' names; the first object gives transform, parent and collection.
    :ivar matrix: world matrix of the first object when it was uploaded, row-major, 16 numbers.
    :ivar low: minimum corner of the uploaded geometry, in Blender units.
    :ivar high: maximum corner of the uploaded geometry, in Blender units.
    :ivar uids: Blender's session UIDs of the objects, in the order of ``names``; see :attr:`Placement.session`.
    """

    names: tuple[str, ...]
    matrix: tuple[float, ...]
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    uids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """
    Where the model is placed, and how its geometry is processed.

    :ivar location: world coordinates in Blender units; of the 3D cursor or the world origin, as requested.
    :ivar height: height in Blender units that the model is scaled to; None keeps its own size.
    :ivar on_ground: whether the lowest point of the model is placed at the z of ``location``.
    :ivar placeholder: name of the object whose bounding box the model is fitted to; "" for none.
    :ivar placeholder_uid: session UID of that object; 0 if unknown.
    :ivar session: the period in which session UIDs are valid, even if objects are renamed. It ends when a file is
        loaded. See ``scene.importing.origin``.
    :ivar keep_placeholder: False hides the placeholder once the model is placed.
    :ivar replaces: the objects that the model replaces, which has priority over all other settings; None for none.
    :ivar unit_m: metres per Blender unit in that scene.
    :ivar frames_per_s: frame rate of that scene.
    :ivar merge: whether vertices at the same position are merged; seams, normals and UVs are kept.
    :ivar smooth_deg: geometry without normals is shaded smooth, except edges sharper than this angle in degrees; 0 for
        flat shading, as glTF specifies.
    :ivar instead_of: name of a collection with an earlier import of the same task. The model takes its place and the
        collection is removed; "" for none. If it no longer exists, the other settings apply.
    :ivar instead_of_uuid: UUID of the task whose import ``instead_of`` is, if that is another task; "" for the same.
    :ivar step_aside: whether the model moves along the ground to the nearest free place if other objects are where it
        would be.
    :ivar share_data: whether a model that is already in the file shares its meshes, materials and images with the new
        import.
    :ivar work: what Blender does with the model for this import only. Of merging, ``merge`` decides.
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
    step_aside: bool = False
    share_data: bool = False
    instead_of_uuid: str = ""
    work: Processing = PLAIN

    @property
    def processing(self) -> Processing:
        """All that Blender does with the model."""
        return dataclasses.replace(self.work, merge=self.merge, smooth_deg=self.smooth_deg)


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """
    A request for a model. :meth:`tasks.engine.engine.Engine.submit` checks it before anything is written or sent.

    :ivar flow: a key of ``api.flows.FLOWS``.
    :ivar values: the flow's fields without its sources.
    :ivar sources: field name -> absolute path of an image or model on this machine, or an https URL.
    :ivar allow_duplicate: the user wants another model from an equal request.
    :ivar client_order_id: idempotency key; if "", the engine generates one. A batch identifies its rows with it.
    :ivar convert: False for a model that is used as delivered, so that no .blend is written.
    :ivar is_checked: ``values`` is a result of ``api.flows.check`` for this flow, so it is not checked again.
    :ivar group: id of the variants that were ordered together, see ``variants``; "" for a single task.
    :ivar variant: its number among them, from 1; 0 for a single task.
    :ivar variants: how many were ordered together; 0 for a single task.
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
    is_checked: bool = False
    group: str = ""
    variant: int = 0
    variants: int = 0


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """
    One task. Times are seconds since the epoch (UTC), sizes are bytes, paths are absolute.

    ``id`` is ours and never changes; ``client_order_id`` identifies one paid request; ``task_uuid`` is the service's
    id.
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
    """The service's own error message, cleaned and truncated."""
    error_suggestion: str = ""
    """The service's own advice about the error, cleaned and truncated."""
    failed_stage: Stage | None = None
    status_note: Sentence | None = None
    """Why the task waits at the moment; None if it does not."""
    following: bool = True
    auto_import: bool = True
    convert: bool = True
    origin: Origin = Origin()
    placement: Placement = Placement()
    geometry_only: bool = False
    """Whether the next import leaves out materials and textures."""
    folder: str = ""
    model_path: str = ""
    preview_path: str = ""
    thumbnail_path: str = ""
    blend_path: str = ""
    blend_unit_m: float = 1.0
    """Metres per Blender unit in the scene that the .blend was written for."""
    blend_frames_per_s: float = 24.0
    """Frame rate of the scene that the .blend was written for."""
    blend_merge: bool = False
    """Whether the vertices in the .blend were merged; see :attr:`Placement.merge`."""
    blend_smooth_deg: int = 0
    """Angle of smooth shading in the .blend; see :attr:`Placement.smooth_deg`."""
    blend_sha256: str = ""
    """SHA-256 of the .blend as the child wrote it; "" for a .blend of an earlier version."""
    collection_name: str = ""
    triangles: int | None = None
    received_bytes: int = 0
    size_bytes: int | None = None
    attempts: int = 0
    """Consecutive failures in the current stage; reset to 0 by any success."""
    is_final: bool = False
    """Whether the service's decision (refused, failed, cancelled) is final, so that a retry is a new order."""
    found_at_s: float | None = None
    """When the task was added to this list, if it was found at the service or by its UUID and not created here."""
    sent_with: str = ""
    """A mark of the key and the service that the order was sent with last. It tells others apart, and nothing else."""
    read_header: str = ""
    """Name of the header to send with queries right after the creation, as returned by the service."""
    visible_by_s: float | None = None
    """When the service must know the task; if it does not find it before, that means "not yet". None if unknown."""
    asset_urls: Mapping[str, str] = field(default_factory=dict)
    """The latest asset URLs of the service ("textured", "geometry", "preview"); they expire."""
    revision: int = 0
    """Incremented by the store at every write."""
    group: str = ""
    """Id of the variants that were ordered together; "" for a single task. See :attr:`TaskRequest.group`."""
    variant: int = 0
    """Its number among them, from 1."""
    variants: int = 0
    """How many were ordered together."""
    put_away: bool = False
    """Whether the user has put it away: the list shows it only when asked. Nothing else changes, nothing is deleted."""
    starred: bool = False
    """Whether the user has made it a favourite."""
    tags: tuple[str, ...] = ()
    """The user's own tags; see :mod:`tasks.record.labels`."""
    project: str = ""
    """The project that the user has put it into; "" for none."""
    blend_work: Processing = PLAIN
    """What was done with the model in the .blend; see :attr:`Placement.work`."""
    result_files: tuple[str, ...] = ()
    """What a flow without a model has delivered: pictures, or a model in another format. Empty for a model."""
    result_text: str = ""
    """The text that the service has written: an improved prompt."""

    @property
    def is_unfinished(self) -> bool:
        """Whether the engine still has to work on the task: it is not finished, and the user follows it."""
        return self.stage in UNFINISHED and self.following

    @property
    def waits_for_import(self) -> bool:
        """Whether the engine is to import the model as soon as its file is open."""
        return self.stage is Stage.READY and self.auto_import and self.following

    @property
    def has_model(self) -> bool:
        """Whether the model's files are on disk, according to the record."""
        return self.stage in (Stage.READY, Stage.IMPORTED)

    @property
    def has_result(self) -> bool:
        """Whether the task has succeeded, and its files are on disk: a model, or what its flow makes instead."""
        return self.has_model or self.stage is Stage.DONE

    @property
    def gives_model(self) -> bool:
        """Whether the task makes a model that can be imported. True as long as its flow is not known."""
        flow = FLOWS.get(self.flow)
        return flow is None or yields_glb(flow, self.params)

    @property
    def is_worked_on(self) -> bool:
        """Whether Blender works on the model that is here already; see :attr:`Placement.work`."""
        return self.placement.work != PLAIN and self.stage in (Stage.DOWNLOADING, Stage.CONVERTING) and self.following

    @property
    def is_blend_as_asked(self) -> bool:
        """Whether the .blend was made with what is asked of Blender now."""
        made = dataclasses.replace(self.blend_work, merge=self.blend_merge, smooth_deg=self.blend_smooth_deg)
        return made == self.placement.processing

    @property
    def is_unsent(self) -> bool:
        """Whether the creation request was never sent, so that the service cannot have the order."""
        return self.stage in NOT_SENT or (self.stage is Stage.SUBMITTING and self.submitted_at_s is None)

    @property
    def is_paid(self) -> bool:
        """Whether the service has accepted the order, so that a retry must not order again."""
        return self.task_uuid is not None

    def with_(self, **changes: Any) -> "TaskRecord":
        """Return a copy with ``changes``."""
        return dataclasses.replace(self, **changes)


def is_url(source: str) -> bool:
    """Return whether a source is a public URL, and not a path on this machine."""
    return source.startswith(("https://", "http://"))


def new_id() -> str:
    """Return a new id, also valid as ``client_order_id`` (32 hexadecimal digits)."""
    return uuid.uuid4().hex


def now_s() -> float:
    """Return the current time in seconds since the epoch (UTC)."""
    return time.time()
