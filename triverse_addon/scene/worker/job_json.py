# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write jobs and results of child Blenders as JSON, and read them strictly.

Floor: second. Thread: any. No ``bpy``, and nothing of this package: both ends import this module, the child as a plain
module.

A key that is unknown, missing or of the wrong type is an error. So a field that only one end knows is found at the
first job.
"""

import json
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
if TYPE_CHECKING or __package__:
    from .job_format import Input, InputT, Job, Output, OutputT, Refused
else:
    from job_format import Input, InputT, Job, Output, OutputT, Refused

T = TypeVar("T", bound="DataclassInstance")


class FormatError(ValueError):
    """A job or a result is not what this version writes."""


def write_job(job: Job[Any]) -> str:
    """Return the text of a job file."""
    return _to_json(job.input, result_path=job.result_path, memory_bytes=job.memory_bytes)


def read_job(text: str, *kinds: type[InputT]) -> Job[InputT]:
    """
    Read the text of a job file.

    :param text: the text.
    :param kinds: the types of the input that are accepted.
    :raises FormatError: it is not what :func:`write_job` of this version writes for one of these types.
    """
    name, values, rest = _from_json(text)
    kind = next((one for one in kinds if one.__name__ == name), None)
    if kind is None:
        raise FormatError(f"not an expected job: {name}")
    return Job(read_part(kind, values), **_checked(rest, {"result_path": str, "memory_bytes": int}, "job"))


def write_output(output: Output) -> str:
    """Return the text of a result file."""
    return _to_json(output)


def read_output(text: str, kind: type[OutputT]) -> OutputT | Refused:
    """
    Read the text of a result file.

    :param text: the text.
    :param kind: the type of the result if the job did not fail.
    :raises FormatError: it is not what :func:`write_output` of this version writes for that type.
    """
    name, values, rest = _from_json(text)
    _checked(rest, {}, "result")
    if name == Refused.__name__:
        return read_part(Refused, values)
    if name != kind.__name__:
        raise FormatError(f"not the expected result: {name}")
    return read_part(kind, values)


def read_part(kind: type[T], values: object) -> T:
    """
    Return an instance of a dataclass of ``job_format`` from JSON values.

    :raises FormatError: a key is unknown or missing, or a value has the wrong type.
    """
    if not isinstance(values, dict):
        raise FormatError(f"{kind.__name__} is no object")
    known = {one.name: one.type for one in fields(kind)}
    optional = {one.name for one in fields(kind) if one.default is not MISSING}
    return kind(**_checked(values, known, kind.__name__, optional))


def _to_json(part: Input | Output, **rest: object) -> str:
    return json.dumps({"type": type(part).__name__, "fields": asdict(part), **rest})


def _from_json(text: str) -> tuple[str, object, dict[str, object]]:
    """
    Return the name of the type, the values of its fields, and everything else in the text.

    :raises FormatError: it is not JSON, or has no type or fields.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(str(error)) from None
    if not isinstance(values, dict) or not isinstance(values.get("type"), str) or "fields" not in values:
        raise FormatError("no type or no fields")
    return values.pop("type"), values.pop("fields"), values


def _checked(
    values: Mapping[str, object], known: Mapping[str, Any], where: str, optional: Collection[str] = ()
) -> dict[str, Any]:
    """
    Return ``values`` converted to their types.

    :param values: the values by key.
    :param known: the types by key.
    :param where: name of the part, for the error message.
    :param optional: keys that may be missing.
    :raises FormatError: a key is unknown or missing, or a value has the wrong type.
    """
    if wrong := sorted((values.keys() ^ known.keys()) - ({*optional} - values.keys())):
        raise FormatError(f"{where}: unknown or missing: {', '.join(wrong)}")
    return {name: _converted(known[name], value, f"{where}.{name}") for name, value in values.items()}


def _converted(kind: Any, value: object, where: str) -> object:
    """Return ``value`` as an instance of the type ``kind``: tuples for lists, dataclasses for objects."""
    of = typing.get_args(kind)
    if isinstance(kind, types.UnionType):
        # Only of plain types, and exactly of these: True is no int here, and 1 no float.
        if type(value) not in of:
            raise FormatError(f"{where} is {type(value).__name__}")
        return value
    if is_dataclass(kind):
        return read_part(typing.cast("type[DataclassInstance]", kind), value)
    origin = typing.get_origin(kind)
    if origin is tuple and isinstance(value, list):
        return tuple(_converted(of[0], one, where) for one in value)
    if origin is dict and isinstance(value, dict):
        return {name: _converted(of[1], one, where) for name, one in value.items()}
    if kind is float and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise FormatError(f"{where} is too large") from None
    if kind is not type(value):
        raise FormatError(f"{where} is {type(value).__name__}")
    return value
