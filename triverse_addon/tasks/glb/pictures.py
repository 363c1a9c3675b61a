# SPDX-License-Identifier: GPL-3.0-or-later
"""
Moves a GLB's images into its buffer, and limits their size before anything decodes them.

Floor: first. Thread: worker. No ``bpy``.

The child Blender only packs the images. The user's Blender decodes each when it is first drawn.
"""

import io
from collections.abc import Mapping
from typing import Any, BinaryIO

from ..files.image_size import MAX_PIXELS, EndlessPictureError
from ..files.picture_formats import decoded_size_px
from . import data_uri
from .buffers import Data, view_range
from .container import unreadable, unsafe
from .document import entries, whole
from .gltf_reader import GltfReader

#: Maximum number of pixels of all images together: 16 of the largest decode to 17 GB, more than a Blender can show.
_MAX_PIXELS_TOGETHER = 16 * MAX_PIXELS
_BASIS = "KHR_texture_basisu"
_WEBP = "EXT_texture_webp"


def take_in(document: dict[str, Any], data: Data) -> list[tuple[dict[str, Any], str, bytes]]:
    """
    Remove the URIs of all images, and decode data URIs.

    An image whose URI cannot be decoded keeps no data, so only that image is lost.

    :return: each image that had a URI, with media type and data; see :func:`put_in`.
    :raises GlbError: an image's data is outside the file.
    """
    views = entries(document, "bufferViews")
    taken = []
    for image in entries(document, "images"):
        if "bufferView" in image and whole(image, "bufferView") >= len(views):
            raise unreadable("a picture points nowhere")
        if "uri" not in image:
            continue
        uri = image.pop("uri")
        if not data_uri.is_data_uri(uri):
            raise unsafe("it wants a picture from outside the file")
        try:
            media_type, found = data_uri.decode(uri)
        except ValueError:
            media_type, found = "", b""
        taken.append((image, media_type, b"" if "bufferView" in image else found))
    return taken


def put_in(document: dict[str, Any], data: Data, taken: list[tuple[dict[str, Any], str, bytes]]) -> None:
    """Append images to the buffer, as views of a document that :func:`buffers.merge` will change afterwards."""
    views = document.setdefault("bufferViews", [])
    for image, media_type, found in taken:
        if found:
            data.ranges.append(data.add(found))
            image |= {"bufferView": len(views), "mimeType": media_type or "image/png"}
            views.append({"buffer": len(data.ranges) - 1, "byteLength": len(found)})


def check_pictures(
    document: Mapping[str, Any], data: Data, file: BinaryIO, bin_offset: int, reader: GltfReader
) -> None:
    """
    Check the size of all images that may be decoded: those that are used and that a Blender version can read.

    :raises GlbError: an image, or all of them together, have too many pixels.
    """
    images, views = entries(document, "images"), entries(document, "bufferViews")
    pixels = 0
    for index in sorted(_shown(document, reader)):
        if "bufferView" not in images[index]:
            continue
        found = view_range(views[whole(images[index], "bufferView")], data)
        if found is None:
            continue
        try:
            size = _size(found, data, file, bin_offset)
        except EndlessPictureError as error:
            raise unsafe(f"a picture's size cannot be read: {error}") from None
        if size is None:
            continue
        pixels += size[0] * size[1]
        if size[0] * size[1] > MAX_PIXELS or pixels > _MAX_PIXELS_TOGETHER:
            raise unsafe(f"a picture has {size[0]} × {size[1]} pixels")


def _shown(document: Mapping[str, Any], reader: GltfReader) -> set[int]:
    """Return the indices of the images that the importer loads: of a texture's sources, the first one in this order."""
    shown = set()
    for texture in entries(document, "textures"):
        extensions = texture.get("extensions", {})
        formats = [name for name in (_WEBP, _BASIS) if name in reader.extensions]
        sources = [texture.get("source"), *(_source(extensions, name) for name in formats)]
        shown.add(next((source for source in sources if source is not None), None))
    return {index for index in shown if index is not None}


def _source(extensions: Any, name: str) -> Any:
    found = extensions.get(name) if isinstance(extensions, dict) else None
    return found.get("source") if isinstance(found, dict) else None


def _size(found: tuple[int, int], data: Data, file: BinaryIO, bin_offset: int) -> tuple[int, int] | None:
    offset, length = found
    if offset < data.chunk_bytes:
        file.seek(bin_offset + offset)
        return decoded_size_px(file, min(length, data.chunk_bytes - offset))
    added = io.BytesIO(b"".join(data.added))
    added.seek(offset - (data.size_bytes - len(added.getbuffer())))
    return decoded_size_px(added, length)
