# SPDX-License-Identifier: GPL-3.0-or-later
"""
Parses the JSON of a GLB. Its size and depth are limited before, and invalid values are removed.

Floor: first. Thread: worker. No ``bpy``.
"""

import json
import math
import re
from typing import Any

from .container import damaged, unreadable, unsafe

#: Maximum size of the JSON without the contents of its strings (which may be images).
MAX_JSON_BYTES = 16 * 1024**2
#: Blender's own importer reads 900 levels of extras and fails at 1000 (4.2 to 5.0), or drops levels below 1024.
MAX_DEPTH = 512

#: A string, or the beginning of an unterminated one. Without the latter, each quote in a file of escaped quotes only
#: was a new beginning that was scanned to the end (64 KB took 100 s, in which Blender hung, because ``re`` holds the
#: GIL).
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
#: Matches any JSON with null or a number that is not finite: fewer than 200 digits times ten to the 99th are still a
#: float. Searching is fast, while checking each value of a large document takes as long as parsing it.
_MAYBE_NOTHING = re.compile(rb"null|NaN|Infinity|[eE]\+?[0-9]{3}|[0-9]{200}")
_BOM = b"\xef\xbb\xbf"


def parse(text: bytes) -> tuple[dict[str, Any], bool]:
    """
    Parse the JSON.

    A byte order mark, NUL padding, null values and numbers that are not finite are removed: in glTF, an absent value
    has the meaning of each of them, and Blender's importer fails on most.

    :return: the document, and whether Blender's importer can read ``text`` without a change.
    :raises GlbError: it is no JSON, not glTF 2, too large or nested too deeply.
    """
    clean = text.removeprefix(_BOM).rstrip(b"\0 \t\r\n")
    is_same = not text.startswith(_BOM) and b"\0" not in text[len(clean) :]
    outside = _STRING.sub(b'""', clean)
    if len(outside) > MAX_JSON_BYTES:
        raise unsafe("its description is too large")
    depth = 0
    # json.loads is recursive, so the depth is checked first, ignoring strings.
    for bracket in _BRACKET.finditer(outside):
        depth += 1 if bracket[0] in b"{[" else -1
        if depth > MAX_DEPTH:
            raise unsafe("its description is nested too deeply")
    try:
        # As a string: for bytes, json.loads would detect UTF-16, which Blender's importer does not.
        document = json.loads(clean.decode("utf-8"))
    except (ValueError, RecursionError):
        raise damaged("its description is not JSON") from None
    if not isinstance(document, dict):
        raise unreadable("its description is not an object")
    if _MAYBE_NOTHING.search(outside) is not None:
        is_same = not _take_out_nothings(document) and is_same
    return document, not _settle_version(document) and is_same


def to_text(document: dict[str, Any]) -> bytes:
    """Return a document as compact JSON, encoded as ASCII."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def _take_out_nothings(document: dict[str, Any]) -> bool:
    """
    Remove null, NaN and infinity. Null values in extras are kept.

    :return: whether there were any.
    """
    found = False
    waiting: list[tuple[Any, bool]] = [(document, False)]
    while waiting:
        place, is_free = waiting.pop()
        if isinstance(place, dict):
            for name in [name for name, value in place.items() if _is_nothing(value, is_free)]:
                del place[name]
                found = True
            waiting += [(value, is_free or name == "extras") for name, value in place.items() if _holds(value)]
        else:
            # A list of lists or of objects: any other list with such a number was removed as a whole.
            for index, value in enumerate(place):
                if _is_no_number(value):
                    place[index] = 0.0
                    found = True
            waiting += [(value, is_free) for value in place if _holds(value)]
    return found


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _is_nothing(value: Any, is_free: bool) -> bool:
    if value is None:
        return not is_free
    return _is_no_number(value) or (isinstance(value, list) and any(map(_is_no_number, value)))


def _is_no_number(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _settle_version(document: dict[str, Any]) -> bool:
    """
    Set the version to "2.0" if the file can be read as glTF 2.0.

    :return: whether it had another version.
    :raises GlbError: the file requires another version.
    """
    asset = document.get("asset")
    if not isinstance(asset, dict):
        raise unreadable("it is not glTF 2")
    version, least = str(asset.get("version")), str(asset.get("minVersion", "2.0"))
    if version.partition(".")[0] != "2" or least not in ("2.0", "2"):
        raise unreadable("it is not glTF 2")
    if asset["version"] == "2.0":
        return False
    asset["version"] = "2.0"
    return True
