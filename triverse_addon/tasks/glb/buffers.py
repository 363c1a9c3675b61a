# SPDX-License-Identifier: GPL-3.0-or-later
"""
Checks that all data that is read from a GLB's buffers is inside them.

Floor: first. Thread: worker. No ``bpy``.

Blender's importer ignores a buffer's length, truncates a buffer view at the end of the data, and fails only if an
accessor needs more. So only accessors and images that are used are checked, against the data that actually exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import data_uri
from .container import Container, padding, unreadable, unsafe
from .document import MAX_ELEMENTS, entries, used_accessors, whole

_COMPONENT_BYTES = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
_TYPE_COMPONENTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
#: Some exporters include a buffer's padding in its length but do not write it. Up to this many bytes may be missing and
#: are added.
_MISSING_BYTES = 16
#: Two names of the same extension.
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")


@dataclass(slots=True)
class Data:
    """
    The data of the single buffer of the new GLB: the binary chunk, and the data that is appended to it.

    :ivar chunk_bytes: length of the original binary chunk.
    :ivar added: the appended data, each block padded to a multiple of 4; the first one is for missing bytes.
    :ivar ranges: offset and length of each buffer in the new one; None for a buffer without data.
    """

    chunk_bytes: int
    added: list[bytes] = field(default_factory=lambda: [bytes(_MISSING_BYTES)])
    ranges: list[tuple[int, int] | None] = field(default_factory=list)

    @property
    def chunk_end(self) -> int:
        """Offset of the end of the binary chunk, including bytes that may be missing."""
        return self.chunk_bytes + padding(self.chunk_bytes) + _MISSING_BYTES

    @property
    def size_bytes(self) -> int:
        """Current length of the data."""
        return self.chunk_bytes + padding(self.chunk_bytes) + sum(map(len, self.added))

    def add(self, data: bytes) -> tuple[int, int]:
        """Append data, and return its offset and length."""
        offset = self.size_bytes
        self.added.append(data + bytes(padding(len(data))))
        return offset, len(data)


def lay_out(document: Mapping[str, Any], container: Container) -> Data:
    """
    Find each buffer's data. Data URIs are decoded and appended.

    :raises GlbError: a buffer's data is outside the file, or is no valid base64.
    """
    data = Data(container.bin_bytes)
    for index, buffer in enumerate(entries(document, "buffers")):
        if "uri" not in buffer:
            data.ranges.append((0, data.chunk_end) if index == 0 and data.chunk_bytes else None)
            continue
        if not data_uri.is_data_uri(buffer["uri"]):
            raise unsafe("it wants data from outside the file")
        try:
            _, found = data_uri.decode(buffer["uri"])
        except ValueError:
            raise unreadable("a buffer's data is no base64") from None
        data.ranges.append(data.add(found) if found else None)
    return data


def merge(document: dict[str, Any], data: Data) -> None:
    """Merge all buffers with data into one, as a GLB requires; a second buffer stands for those without data."""
    for view in entries(document, "bufferViews"):
        for place in (view, *(_extensions(view).get(name) for name in MESHOPT)):
            if not isinstance(place, dict) or ("buffer" not in place and place is not view):
                continue
            found = view_range(place, data)
            place["buffer"] = 0 if found is not None else 1
            if found is not None:
                place["byteOffset"], place["byteLength"] = found
    data.ranges = [(0, data.size_bytes), None]
    document["buffers"] = [{"byteLength": data.size_bytes}, {"byteLength": 4}]


def view_range(view: Mapping[str, Any], data: Data) -> tuple[int, int] | None:
    """
    Return offset and length of a buffer view in the merged buffer; None if its buffer has no data.

    :raises GlbError: the buffer does not exist.
    """
    index = whole(view, "buffer")
    if index >= len(data.ranges):
        raise unreadable("a buffer view points nowhere")
    offset, size = whole(view, "byteOffset", 0), whole(view, "byteLength")
    place = data.ranges[index]
    if place is None:
        return None
    start, have = place
    offset = min(offset, have)
    return start + offset, min(size, have - offset)


def check_accessors(document: Mapping[str, Any], data: Data, decoded: frozenset[str]) -> bool:
    """
    Check each used accessor against the data that exists.

    :param decoded: the extensions of :data:`MESHOPT` that this Blender decodes.
    :return: whether missing bytes have to be added at the end of the binary chunk.
    :raises GlbError: data is missing, or an accessor is far too large.
    """
    views = entries(document, "bufferViews")
    for view in views:
        view_range(view, data)
        _check_meshopt(view, data, decoded)
    accessors = entries(document, "accessors")
    total = 0
    for accessor in accessors:
        count = whole(accessor, "count")
        if count > MAX_ELEMENTS:
            raise unsafe(f"it has {count} elements in one place")
        total += count
    if total > MAX_ELEMENTS * 4:
        raise unsafe("it is far too large")
    is_short = False
    for index in used_accessors(document):
        is_short |= _check_accessor(accessors[index], views, data, decoded)
    return is_short


def _check_accessor(
    accessor: Mapping[str, Any], views: list[dict[str, Any]], data: Data, decoded: frozenset[str]
) -> bool:
    component_bytes = _COMPONENT_BYTES.get(whole(accessor, "componentType", 0))
    kind = str(accessor.get("type"))
    if component_bytes is None or kind not in _TYPE_COMPONENTS:
        raise unreadable("an accessor has an unknown type")
    count = whole(accessor, "count")
    element_bytes = component_bytes * _TYPE_COMPONENTS[kind]
    is_short = False
    if "sparse" in accessor:
        parts = _sparse_parts(accessor["sparse"], count)
        index_bytes = _COMPONENT_BYTES.get(whole(parts[0], "componentType"))
        if index_bytes is None:
            raise unreadable("an accessor has an unknown type")
        changed = whole(accessor["sparse"], "count")
        is_short |= _check_within(parts[0], changed, index_bytes, index_bytes, views, data, decoded)
        is_short |= _check_within(parts[1], changed, element_bytes, component_bytes, views, data, decoded)
    if "bufferView" in accessor:
        is_short |= _check_within(accessor, count, element_bytes, component_bytes, views, data, decoded)
    return is_short


def _sparse_parts(sparse: Any, count: int) -> list[dict[str, Any]]:
    found = [sparse.get("indices"), sparse.get("values")] if isinstance(sparse, dict) else []
    parts = [part for part in found if isinstance(part, dict)]
    if len(parts) != 2:
        raise unreadable("a sparse accessor has no indices and values")
    if whole(sparse, "count") > count:
        raise unreadable("a sparse accessor changes more than there is")
    return parts


def _check_within(
    place: Mapping[str, Any],
    count: int,
    element_bytes: int,
    component_bytes: int,
    views: list[dict[str, Any]],
    data: Data,
    decoded: frozenset[str],
) -> bool:
    """
    Check that ``count`` elements are inside the buffer view that ``place`` refers to.

    :param place: an accessor, or one of the parts of a sparse accessor.
    :param element_bytes: size of an element.
    :param component_bytes: size of a component of an element.
    :return: True if only the last bytes of the binary chunk are missing.
    :raises GlbError: they are not inside.
    """
    index = whole(place, "bufferView")
    if index >= len(views):
        raise unreadable("an accessor points nowhere")
    view = views[index]
    stride = whole(view, "byteStride", 0) or element_bytes
    if stride != element_bytes and stride % component_bytes:
        raise unreadable("a buffer view has an impossible stride")
    needed = whole(place, "byteOffset", 0) + (stride * (count - 1) + element_bytes if count else 0)
    if meshopt_of(view, decoded) is not None:
        if needed > whole(view, "byteLength"):
            raise unreadable("an accessor ends outside its buffer view")
        return False
    if needed > whole(view, "byteLength"):
        raise unreadable("an accessor ends outside its buffer view")
    found = view_range(view, data)
    if found is None:
        names = ", ".join(name for name in MESHOPT if name in _extensions(view))
        raise unreadable(f"it needs {names}" if names else "a buffer has no data")
    if needed > found[1]:
        raise unreadable("a buffer is longer than its data")
    return data.chunk_bytes < found[0] + needed <= data.chunk_end


# -----------------------------------------------------------------------------
# Compressed views


def _extensions(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    extensions = entry.get("extensions", {})
    return extensions if isinstance(extensions, dict) else {}


def meshopt_of(view: Mapping[str, Any], decoded: frozenset[str]) -> dict[str, Any] | None:
    """Return the compression of a buffer view; None if it has none, or if Blender reads its uncompressed fallback."""
    for name in MESHOPT:
        if name in decoded and name in _extensions(view):
            found = _extensions(view)[name]
            if not isinstance(found, dict):
                raise unreadable(f"{name} is no object")
            return found
    return None


def _check_meshopt(view: Mapping[str, Any], data: Data, decoded: frozenset[str]) -> None:
    """Check the parameters of a compressed buffer view, which the decoder library uses without a check."""
    packed = meshopt_of(view, decoded)
    if packed is None:
        return
    stride, count = whole(packed, "byteStride"), whole(packed, "count")
    mode, filter_ = packed.get("mode"), packed.get("filter", "NONE")
    allowed = range(4, 257, 4) if mode == "ATTRIBUTES" else (2, 4)
    strides = {"NONE": allowed, "OCTAHEDRAL": (4, 8), "QUATERNION": (8,), "EXPONENTIAL": allowed, "COLOR": (4, 8)}
    if mode not in ("ATTRIBUTES", "TRIANGLES", "INDICES") or str(filter_) not in strides:
        raise unsafe("a compressed buffer view is of an unknown kind")
    if stride not in allowed or stride not in strides[str(filter_)] or (mode == "TRIANGLES" and count % 3):
        raise unsafe("a compressed buffer view has an impossible stride")
    if stride * count != whole(view, "byteLength"):
        raise unsafe("a compressed buffer view has another length than it says")
    if count > MAX_ELEMENTS:
        raise unsafe(f"it has {count} elements in one place")
    found = view_range(packed, data)
    if found is None or found[1] < whole(packed, "byteLength"):
        raise unreadable("a compressed buffer view ends outside its buffer")
