# SPDX-License-Identifier: GPL-3.0-or-later
"""
The rules of a manifest, as Blender's extension tool holds them: for a machine that has no Blender.

No floor (development only). Any thread. Never imports ``bpy``. ``tests/package/test_manifest_rules.py`` holds that both
refuse the same. What this add-on's manifest does not use (platforms, asset libraries) is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
_LONGEST_TERSE_CHARS = 64
_WHEEL_PARTS = (5, 6)

_TAGS = """
3D View; Add Curve; Add Mesh; Animation; Bake; Camera; Compositing; Development; Game Engine; Geometry Nodes;
Grease Pencil; Import-Export; Lighting; Material; Mesh; Modeling; Node; Object; Paint; Physics; Pipeline; Render;
Rigging; Scene; Sculpt; Sequencer; System; Text Editor; Tracking; User Interface; UV
"""
TAGS = frozenset(tag.strip() for tag in _TAGS.split(";"))
PERMISSIONS = frozenset({"files", "network", "clipboard", "camera", "microphone"})


def _version(value: str) -> str:
    return "" if _VERSION.fullmatch(value) else "is no semantic version"


def _blender_version(value: str) -> str:
    return "" if re.fullmatch(r"\d+\.\d+\.\d+", value) else "is no version of three numbers"


def _identifier(value: str) -> str:
    is_one = value.isidentifier() and "__" not in value and value == value.strip("_")
    return "" if is_one else "is no identifier with single underscores inside"


def _line(value: str) -> str:
    return "" if value and value == value.strip() and value.isprintable() else "is no plain line of text"


def _terse(value: str) -> str:
    if len(value) > _LONGEST_TERSE_CHARS:
        return f"is longer than {_LONGEST_TERSE_CHARS} characters"
    return _line(value) or ("" if value[-1].isalnum() or value[-1] in ")]}" else "ends with punctuation")


def _wheel(value: str) -> str:
    name = value.rpartition("/")[2]
    is_one = name.lower().endswith(".whl") and name.count("-") + 1 in _WHEEL_PARTS and not set(value) & {'"', "\\"}
    return "" if is_one else "is no path of a wheel"


def _copyright(value: str) -> str:
    return "" if re.fullmatch(r"\d+(-\d+)? .*\S.*", value) else "does not begin with a year, followed by a name"


def _one_of(known: Collection[str]) -> Callable[[str], str]:
    return lambda value: "" if value in known else "is not known to Blender"


_TEXTS: Mapping[str, Callable[[str], str]] = {
    "schema_version": _version,
    "id": _identifier,
    "version": _version,
    "name": _line,
    "tagline": _terse,
    "maintainer": _line,
    "type": _one_of({"add-on"}),
    "blender_version_min": _blender_version,
    "blender_version_max": _blender_version,
    "website": _line,
}
_LISTS: Mapping[str, Callable[[str], str]] = {
    "license": _line,
    "copyright": _copyright,
    "tags": _one_of(TAGS),
    "wheels": _wheel,
}
_OPTIONAL = frozenset({"blender_version_max", "website", "copyright", "tags", "wheels"})


def faults(manifest: Mapping[str, object]) -> list[str]:
    """What Blender would refuse in a manifest, a sentence each; empty if there is nothing."""
    return list(_faults(manifest))


def _faults(manifest: Mapping[str, object]) -> Iterator[str]:
    for key, check in _TEXTS.items():
        value = manifest.get(key)
        if value is None and key in _OPTIONAL:
            continue
        fault = check(value) if isinstance(value, str) else "is missing, or no text"
        if fault:
            yield f'The entry "{key}" {fault}: {value!r}.'
    for key, check in _LISTS.items():
        values = manifest.get(key)
        if values is None and key in _OPTIONAL:
            continue
        if not isinstance(values, list) or not (values or key in ("copyright", "wheels")):
            yield f'The entry "{key}" is missing, empty, or no list.'
            continue
        for value in values:
            fault = check(value) if isinstance(value, str) else "is no text"
            if fault:
                yield f'In the entry "{key}", {value!r} {fault}.'
    yield from _permissions(manifest.get("permissions", {}))


def _permissions(declared: object) -> Iterator[str]:
    if not isinstance(declared, dict):
        yield 'The entry "permissions" is no table.'
        return
    for name, why in declared.items():
        fault = _terse(why) if isinstance(why, str) else "is no text"
        if name not in PERMISSIONS:
            yield f'The permission "{name}" is not known to Blender.'
        elif fault:
            yield f'The text of the permission "{name}" {fault}: {why!r}.'
