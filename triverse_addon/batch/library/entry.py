# SPDX-License-Identifier: GPL-3.0-or-later
"""
The ledger's entry for one row, and the validation of entries read from a file.

Floor: between first and second. Thread: any (immutable). No ``bpy``.

A library may come from another person, so its ledger is untrusted input: every field has a type and a pattern, and
every path must be inside the library.
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...api.display_text import is_word_part
from .safe_paths import is_plain_relative

STATES = ("claimed", "ordered", "done", "failed")

#: Keys in the ledger's files that differ from the fields' names; libraries of earlier versions have them.
_KEYS = {"row_order_id": "order_id", "last_order_id": "order", "build_hash": "recipe"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KIND = re.compile(r"[a-z0-9_]{1,32}")
_UUID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
#: Longest text, for long prompts.
_TEXT_CHARS = 20_000
_STEM_BYTES = 200
_MAX_FILES = 64
_MAX_TAGS = 1000
_LARGEST = 2**53


class EntryError(ValueError):
    """A field of a ledger entry is invalid; the text is the field's name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The ledger's entry for one row. Paths are relative to the library, with ``/``.

    :ivar row_order_id: the row's own ``client_order_id``, see ``input.order_ids``.
    :ivar row_key: see ``input.order_ids.row_key``.
    :ivar content_key: see ``input.order_ids.Identities.content_key``; "" in libraries of earlier versions.
    :ivar stem: name of its files without suffix.
    :ivar state: "claimed" (nothing paid yet), "ordered", "done" or "failed".
    :ivar last_order_id: the ``client_order_id`` that was sent last; a retry has a different one.
    :ivar build_hash: hash of how the model was written, see ``ledger.build_hash_of``.
    :ivar cost_credits: the price charged by the service, or the quoted one if it is unknown; in credits.
    :ivar is_final: whether the service ended the task without a model, so that trying again orders another one. Missing
        in libraries of earlier versions: then the task is looked at once more.
    :ivar files: path by kind: "blend", "thumbnail" and the exports.
    """

    row_order_id: str
    row_key: str
    stem: str
    state: str = "claimed"
    last_order_id: str = ""
    task_uuid: str = ""
    build_hash: str = ""
    name: str = ""
    flow: str = ""
    prompt: str = ""
    catalog: str = ""
    tags: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    triangles: int | None = None
    cost_credits: int | None = None
    created_at_s: float = 0.0
    error: str = ""
    is_final: bool = False
    content_key: str = ""

    def failed(self, error: str, build_hash: str, *, is_final: bool) -> "Entry":
        """Return the entry of a row that has failed."""
        return dataclasses.replace(self, state="failed", error=error, build_hash=build_hash, is_final=is_final)


def entry_from_json(value: Any, order_id: str) -> Entry:
    """
    Return an entry from parsed JSON; fields of a newer version are ignored.

    :param value: the parsed JSON.
    :param order_id: name of the file without suffix, which must be the entry's ``row_order_id``.
    :raises EntryError: a field is missing, or has an invalid type or value.
    """
    if not isinstance(value, dict):
        raise EntryError("no entry")
    keys = {one.name: _KEYS.get(one.name, one.name) for one in dataclasses.fields(Entry)}
    values = {name: value[key] for name, key in keys.items() if key in value}
    for name in ("row_order_id", "row_key", "stem"):
        if name not in values:
            raise EntryError(name)
    for name, found in values.items():
        if not _FITS[name](found):
            raise EntryError(name)
    if values["row_order_id"] != order_id:
        raise EntryError("row_order_id")
    values["tags"] = tuple(values.get("tags", ()))
    return Entry(**values)


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """
    Return an entry as JSON types, see :func:`entry_from_json`, which can read it again.

    Texts that are longer than it accepts are cut: a cell of a batch may have more. They are for people only; what
    identifies a row are its ids.
    """
    values = dataclasses.asdict(entry) | {"tags": [_cut(tag) for tag in entry.tags[:_MAX_TAGS]]}
    return {_KEYS.get(name, name): _cut(value) if isinstance(value, str) else value for name, value in values.items()}


def is_stem(text: object) -> bool:
    """Return whether ``text`` can be a file name without suffix: letters with marks, digits, ``-`` and ``_``."""
    return (
        isinstance(text, str)
        and 0 < len(text.encode("utf-8", "replace")) <= _STEM_BYTES
        and all(is_word_part(char) or char in "-_" for char in text)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _TEXT_CHARS else f"{text[: _TEXT_CHARS - 1]}…"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _TEXT_CHARS


def _is_id(value: object) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_id_or_empty(value: object) -> bool:
    return value == "" or _is_id(value)


def _is_uuid_or_empty(value: object) -> bool:
    return value == "" or (isinstance(value, str) and _UUID.fullmatch(value) is not None)


def _is_count(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _are_tags(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_TAGS and all(_is_text(tag) for tag in value)


def _are_files(value: object) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= _MAX_FILES
        and all(_KIND.fullmatch(kind) is not None and is_plain_relative(path) for kind, path in value.items())
    )


_FITS: Mapping[str, Callable[[object], bool]] = {
    "row_order_id": _is_id,
    "row_key": _is_id,
    "stem": is_stem,
    "state": lambda value: isinstance(value, str) and value in STATES,
    "last_order_id": _is_id_or_empty,
    "task_uuid": _is_uuid_or_empty,
    "build_hash": _is_id_or_empty,
    "name": _is_text,
    "flow": _is_text,
    "prompt": _is_text,
    "catalog": _is_text,
    "tags": _are_tags,
    "files": _are_files,
    "triangles": _is_count,
    "cost_credits": _is_count,
    "created_at_s": _is_time,
    "error": _is_text,
    "is_final": lambda value: isinstance(value, bool),
    "content_key": _is_id_or_empty,
}
