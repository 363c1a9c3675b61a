# SPDX-License-Identifier: GPL-3.0-or-later
"""
Changes the document of a GLB's copy so that Blender's importer reads it according to the specification.

Floor: first. Thread: worker. No ``bpy``. The file itself is not changed.
"""

import array
import sys
from collections.abc import Sequence
from typing import Any, BinaryIO

from .buffers import Data, meshopt_of, view_range
from .document import entries, found, is_index, whole

#: Maximum number of elements of an attribute that is converted; a longer one is removed.
_MAX_CONVERTED = 4_000_000
_UNSIGNED_BYTE, _FLOAT = 5121, 5126


def list_roots_once(document: dict[str, Any], places: Sequence[tuple[int, int]]) -> bool:
    """
    Remove duplicates from a scene's root nodes, and nodes that are descendants of another root.

    Blender 4.5 and newer fail with "already in collection".

    :param places: result of :func:`document.check_nodes`.
    :return: whether there were any.
    """
    changed = False
    for scene in entries(document, "scenes"):
        roots = scene.get("nodes", [])
        if not isinstance(roots, list):
            continue
        last, below = -1, set()
        for root in sorted(set(roots), key=lambda node: places[node]):
            if places[root][0] <= last:
                below.add(root)
            last = max(last, places[root][1])
        kept = [root for root in dict.fromkeys(roots) if root not in below]
        if len(kept) != len(roots):
            scene["nodes"] = kept
            changed = True
    return changed


def drop_plain_extras(document: dict[str, Any]) -> bool:
    """
    Remove extras that are not objects, which glTF allows.

    Blender 5.3 writes into them (TypeError); earlier Blenders ignored them.

    :return: whether there were any.
    """
    changed = False
    waiting: list[Any] = [document]
    while waiting:
        place = waiting.pop()
        if isinstance(place, dict):
            if "extras" in place and not isinstance(place["extras"], dict):
                del place["extras"]
                changed = True
            waiting += [value for name, value in place.items() if name != "extras"]
        elif isinstance(place, list):
            waiting += place
    return changed


def drop_addresses(document: dict[str, Any]) -> bool:
    """
    Remove all remaining URIs, in any extension, in case a future importer opens them.

    :return: whether there were any.
    """
    changed = False
    waiting: list[Any] = [document]
    while waiting:
        place = waiting.pop()
        if isinstance(place, dict):
            if "uri" in place:
                del place["uri"]
                changed = True
            waiting += [value for name, value in place.items() if name != "extras"]
        elif isinstance(place, list):
            waiting += place
    return changed


def widen_attributes(
    document: dict[str, Any], data: Data, file: BinaryIO, bin_offset: int, decoded: frozenset[str]
) -> bool:
    """
    Convert custom attributes of normalized bytes to floats: Blender reads them as integers and then fails.

    An attribute that cannot be converted is removed.

    :return: whether there were any.
    """
    accessors = entries(document, "accessors")
    made: dict[int, int | None] = {}
    changed = False
    for attributes in found(document, "meshes.*.primitives.*.attributes"):
        for name, index in list(attributes.items()):
            if not name.startswith(("_", "KHR_")) or not _is_normalized_byte(accessors[index]):
                continue
            if index not in made:
                made[index] = _as_floats(document, index, data, file, bin_offset, decoded)
            replaced = made[index]
            changed = True
            if replaced is None:
                del attributes[name]
            else:
                attributes[name] = replaced
    return changed


def _is_normalized_byte(accessor: dict[str, Any]) -> bool:
    return (
        accessor.get("normalized") is True
        and accessor.get("componentType") == _UNSIGNED_BYTE
        and accessor.get("type") == "SCALAR"
    )


def _as_floats(
    document: dict[str, Any], index: int, data: Data, file: BinaryIO, bin_offset: int, decoded: frozenset[str]
) -> int | None:
    """Add an accessor with the same values as floats, and return its index; None if it cannot be converted."""
    accessor = document["accessors"][index]
    count = whole(accessor, "count")
    views = entries(document, "bufferViews")
    if "sparse" in accessor or count > _MAX_CONVERTED or not is_index(accessor.get("bufferView"), views):
        return None
    view = views[accessor["bufferView"]]
    place = view_range(view, data)
    if place is None or meshopt_of(view, decoded) is not None:
        return None
    stride = whole(view, "byteStride", 0) or 1
    offset = place[0] + whole(accessor, "byteOffset", 0)
    size = stride * (count - 1) + 1 if count else 0
    raw = _bytes_at(offset, size, data, file, bin_offset)[::stride]
    floats = array.array("f", (value / 255.0 for value in raw))
    if sys.byteorder == "big":
        floats.byteswap()
    data.ranges.append(data.add(floats.tobytes()))
    views.append({"buffer": len(data.ranges) - 1, "byteLength": 4 * len(floats)})
    document["accessors"].append(
        {"bufferView": len(views) - 1, "componentType": _FLOAT, "count": len(floats), "type": "SCALAR"}
    )
    return len(document["accessors"]) - 1


def _bytes_at(offset: int, size: int, data: Data, file: BinaryIO, bin_offset: int) -> bytes:
    """Read ``size`` bytes of the merged buffer at ``offset``. Missing bytes are zeros."""
    parts = []
    if offset < data.chunk_bytes:
        file.seek(bin_offset + offset)
        parts.append(file.read(min(size, data.chunk_bytes - offset)))
    added = b"".join(data.added)
    start = max(0, offset - (data.size_bytes - len(added)))
    parts.append(added[start:])
    return b"".join(parts)[:size].ljust(size, b"\0")
