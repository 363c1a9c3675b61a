# SPDX-License-Identifier: GPL-3.0-or-later
"""
Serializes task records as JSON, and reads the JSON of any version of the add-on.

Floor: first. Thread: any. No ``bpy``.
"""

import dataclasses
import json
import math
import types
import typing
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from ...api.calendar import bounded, is_in_calendar
from ...api.sentence import Sentence
from ..record.labels import clean_name, clean_tags
from ..record.processing import PLAIN, Processing, from_stored
from ..record.record import FAILED_STAGES, Origin, Placement, Replaced, Stage, TaskRecord, now_s

#: Fields with their own column in the store; all other fields are in the JSON.
COLUMNS = (
    "id",
    "task_uuid",
    "client_order_id",
    "stage",
    "flow",
    "name",
    "created_at_s",
    "updated_at_s",
    "following",
    "revision",
)


def _kinds(hint: Any) -> tuple[type, ...]:
    """Return the types that JSON may use for a field whose type hint is ``hint``."""
    if isinstance(hint, types.UnionType):
        return tuple(kind for part in hint.__args__ for kind in _kinds(part))
    if hint in (float, int):
        return (float, int)
    if typing.get_origin(hint) is Mapping or hint in (Origin, Placement, Processing, Sentence):
        return (dict,)
    if typing.get_origin(hint) is tuple:
        return (list,)
    return (str,) if hint is Stage else (hint,)


_KINDS = {name: _kinds(hint) for name, hint in typing.get_type_hints(TaskRecord).items()}

#: Names in the JSON of the fields that were renamed after a release. They are never changed: other versions of the
#: add-on read and write the same store.
_STORED_NAMES = {"is_final": "is_settled", "asset_urls": "links", "status_note": "note"}
#: Name in the JSON -> name of the field.
FIELD_OF = {_STORED_NAMES.get(name, name): name for name in _KINDS}
#: Of each field that is in the JSON: its name, its name there, and its default.
_IN_JSON = tuple(
    (f.name, _STORED_NAMES.get(f.name, f.name), f.default)
    for f in dataclasses.fields(TaskRecord)
    if f.name not in COLUMNS
)
#: Made once: with these separators, ``json.dumps`` makes an encoder for each text.
_encoded = json.JSONEncoder(separators=(",", ":")).encode
_NUMBERS = frozenset(name for name, kinds in _KINDS.items() if int in kinds)
#: No number in a record is larger; a float represents it exactly.
_LARGEST = 2**53


def to_json(record: TaskRecord) -> str:
    """Return the fields of ``record`` that have no column, as JSON text."""
    data: dict[str, Any] = {}
    for name, stored_name, default in _IN_JSON:
        value = getattr(record, name)
        if value is default or value == default:
            continue
        if isinstance(value, Sentence):
            value = value.to_json()
        elif isinstance(value, Placement):
            value = dataclasses.asdict(value) | {"work": value.work.to_json()}
        elif isinstance(value, Origin):
            value = {name: getattr(value, name) for name in Origin.__slots__}
        elif isinstance(value, Processing):
            value = value.to_json()
        data[stored_name] = value
    # ASCII, because SQLite rejects lone surrogates, which represent non-UTF-8 bytes in paths.
    return _encoded(data)


def from_row(columns: dict[str, Any], text: str) -> TaskRecord:
    """
    Return the record of a row. Fields that this version does not know are ignored.

    :param columns: values of :data:`COLUMNS` by name.
    :param text: the JSON text.
    :raises ValueError: the row is damaged.
    """
    try:
        data = json.loads(text) if isinstance(text, str) else None
    except RecursionError:
        raise ValueError("the row is nested beyond measure") from None
    if not isinstance(data, dict):
        raise ValueError("the row holds no record")
    values = checked(data, columns)
    for name in ("error", "status_note"):
        if values.get(name) is not None:
            values[name] = Sentence.from_json(values[name])
    if values.get("failed_stage") is not None:
        values["failed_stage"] = Stage(values["failed_stage"])
    if "tags" in values:
        values["tags"] = clean_tags(tag for tag in values["tags"] if isinstance(tag, str))
    if "result_files" in values:
        values["result_files"] = tuple(path for path in values["result_files"] if isinstance(path, str))
    if "project" in values:
        values["project"] = clean_name(values["project"])
    if "blend_work" in values:
        values["blend_work"] = from_stored(values["blend_work"])
    values["stage"] = Stage(values["stage"])
    try:
        if "origin" in values:
            values["origin"] = _known(Origin, values["origin"])
        if "placement" in values:
            values["placement"] = _placement(values["placement"])
        return TaskRecord(**values)
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None


def checked(
    data: Mapping[str, Any], columns: dict[str, Any], fields: Collection[str] = _KINDS.keys()
) -> dict[str, Any]:
    """
    Return the values of a row by field, with numbers in their valid range.

    :param data: what its JSON holds.
    :param fields: of the JSON, only these fields.
    :raises ValueError: a value is of another type than its field.
    """
    values = {FIELD_OF[name]: value for name, value in data.items() if FIELD_OF.get(name) in fields}
    values |= columns
    values["following"] = bool(values["following"])
    return in_range(values)


def in_range(values: dict[str, Any]) -> dict[str, Any]:
    """
    Return the same values by field, with numbers in their valid range.

    :raises ValueError: a value is of another type than its field.
    """
    for name, value in values.items():
        if not isinstance(value, _KINDS[name]):
            raise ValueError(f"{name} is {type(value).__name__}")
        if name in _NUMBERS and value is not None:
            values[name] = _usable(name, values[name])
    return values


def _usable(name: str, number: float) -> float:
    """Return a number in the valid range of its field: the database can be edited, so any number may be in it."""
    if name.endswith("_s"):
        return bounded(number)
    return number if -_LARGEST <= number <= _LARGEST else 0


def _lost(name: str, uuid: str | None) -> Sentence:
    if uuid:
        return Sentence.of(
            "What the list held of “{name}” was damaged, and its settings are lost. It is asked for at Triverse again.",
            name=name,
        )
    return Sentence.of(
        "What the list held of “{name}” was damaged, and its settings are lost. If it had been sent, Find My Tasks "
        "brings it back; else make it again.",
        name=name,
    )


def recover_from_columns(columns: Mapping[str, Any]) -> TaskRecord | None:
    """
    Recover a record from the columns of a damaged row. If its UUID is known, the service is queried again.

    :returns: None if even its id cannot be read.
    """

    def text(name: str) -> str:
        value = columns.get(name)
        return value if isinstance(value, str) else ""

    task_id, uuid = text("id"), text("task_uuid") or None
    if not task_id:
        return None
    try:
        stage = Stage(text("stage"))
    except ValueError:
        stage = Stage.WAITING
    name = text("name") or uuid or task_id
    lost = _lost(name, uuid)
    error = lost if stage in FAILED_STAGES else None
    if uuid is None:
        stage, error = Stage.FAILED, lost
    elif stage in (Stage.QUEUED, Stage.UPLOADING, Stage.SUBMITTING):
        stage = Stage.WAITING
    elif stage in (Stage.CONVERTING, Stage.READY, Stage.DONE):
        stage = Stage.DOWNLOADING
    created_at_s, revision = columns.get("created_at_s"), columns.get("revision")
    is_time = isinstance(created_at_s, float | int) and is_in_calendar(created_at_s)
    return TaskRecord(
        id=task_id,
        flow=text("flow"),
        name=name,
        stage=stage,
        client_order_id=text("client_order_id") or task_id,
        task_uuid=uuid,
        created_at_s=float(created_at_s) if is_time else now_s(),  # type: ignore[arg-type]
        following=bool(columns.get("following")),
        # The file and the placement that it was created for are lost.
        auto_import=False,
        error=error,
        status_note=None if error else lost,
        revision=revision if isinstance(revision, int) else 0,
    )


def _placement(data: Any) -> Placement:
    placement = _known(Placement, data)
    replaces = None
    if placement.replaces:
        found = _known(Replaced, placement.replaces)
        replaces = Replaced(
            names=tuple(map(str, found.names)),
            matrix=tuple(map(float, found.matrix)),
            low=_three(found.low),
            high=_three(found.high),
            uids=tuple(map(int, found.uids)),
        )
    return dataclasses.replace(
        placement,
        location=_three(placement.location),
        replaces=replaces,
        instead_of_uuid=placement.instead_of_uuid if isinstance(placement.instead_of_uuid, str) else "",
        step_aside=placement.step_aside is True,
        share_data=placement.share_data is True,
        merge=placement.merge is True,
        smooth_deg=int(placement.smooth_deg) if placement.smooth_deg in range(1, 181) else 0,
        work=from_stored(placement.work) if isinstance(placement.work, dict) else PLAIN,
    )


def _three(numbers: Any) -> tuple[float, float, float]:
    x, y, z = map(float, numbers)
    if not all(map(math.isfinite, (x, y, z))):
        raise ValueError("a place that is nowhere")
    return x, y, z


_Part = TypeVar("_Part", Origin, Placement, Replaced)


#: Asked for each row of a list.
_NAMES = {cls: frozenset(f.name for f in dataclasses.fields(cls)) for cls in (Origin, Placement, Replaced)}


def _known(cls: type[_Part], data: Any) -> _Part:
    if not isinstance(data, dict):
        raise ValueError(f"{cls.__name__} is not an object")
    names = _NAMES[cls]
    return cls(**{name: value for name, value in data.items() if name in names})
