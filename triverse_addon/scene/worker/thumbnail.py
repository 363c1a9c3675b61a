# SPDX-License-Identifier: GPL-3.0-or-later
"""
Make small images of a model: the asset's preview, and the thumbnail for the task list.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import bpy

_log = logging.getLogger(__name__)

#: Longest side of the thumbnail. ``bpy.utils.previews`` decodes on the main thread, so the list does not use the
#: original.
EDGE_PX = 256
#: Limits above which an image is not opened. The service's previews have 2 MB and 2048 px.
MAX_BYTES = 32 * 1024 * 1024
MAX_PIXELS = 8192 * 8192
#: Number of bytes in which a PNG or WebP tells its size, and how a JPEG begins.
_HEADER_BYTES = 64
_JPEG = b"\xff\xd8"
#: Level of compression: the size of what Blender writes, in the least time.
COMPRESSION = 1


class PictureError(Exception):
    """The image is missing, damaged, too large, or not a PNG, JPEG or WebP."""


def pixel_size(path: Path) -> tuple[int, int]:
    """
    Return the width and height of a PNG, JPEG or WebP in pixels, from its header, without decoding it.

    :raises PictureError: the file cannot be read, has another format or an invalid header, or is larger than
        :data:`MAX_BYTES` or :data:`MAX_PIXELS`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PictureError("too many bytes")
        with path.open("rb") as file:
            data = file.read(_HEADER_BYTES)
            if data.startswith(_JPEG):  # its size may stand anywhere
                data += file.read()
    except OSError as error:
        raise PictureError(str(error)) from error
    try:
        width, height = _size_in_header(data)
    except (struct.error, IndexError):
        raise PictureError("broken header") from None
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise PictureError(f"{width} × {height} px")
    return width, height


def _size_in_header(data: bytes) -> tuple[int, int]:
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _size_in_webp(data)
    if data.startswith(_JPEG):
        return _size_in_jpeg(data)
    raise PictureError("not a PNG, JPEG or WebP")


def _size_in_webp(data: bytes) -> tuple[int, int]:
    """Return width and height from the first chunk of a WebP, of which there are three kinds (RFC 9649)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PictureError("unknown kind of WebP")


def _size_in_jpeg(data: bytes) -> tuple[int, int]:
    """Return width and height from the first start-of-frame segment of a JPEG (ITU T.81, B.2.2)."""
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + length
    raise PictureError("no frame in the JPEG")


@dataclass(frozen=True, slots=True)
class Small:
    """
    An image that was scaled down.

    :ivar size: width and height in pixels.
    :ivar pixels: red, green, blue and alpha of each pixel, from 0 to 1.
    """

    size: tuple[int, int]
    pixels: Any

    def show(self, collection: bpy.types.Collection) -> None:
        """Make this the preview of ``collection``."""
        preview = collection.preview_ensure()
        preview.image_size = self.size  # type: ignore[assignment]
        preview.image_pixels_float.foreach_set(self.pixels)


Made: TypeAlias = tuple[Small, bytes]
"""An image that was scaled down, and the PNG of it."""


def read(picture: Path, target: Path | None, made: Made | None = None) -> Small:
    """
    Read an image, scale it down, and write that to a file.

    :param picture: path of a PNG, JPEG or WebP.
    :param target: path of the PNG to write, which is replaced atomically; None to write none.
    :param made: what was made of the image already.
    :raises PictureError: the image cannot be used.
    """
    small, png = made or scaled(picture, with_png=target is not None)
    if target is not None:
        _replace(target, png)
    return small


def scaled(picture: Path, *, with_png: bool) -> Made:
    """
    Read an image and scale it down.

    :param picture: path of a PNG, JPEG or WebP.
    :return: the image, and the PNG of it, which is empty if it is not asked for.
    :raises PictureError: the image cannot be used.
    """
    width, height = pixel_size(picture)
    image = bpy.data.images.load(str(picture), check_existing=False)
    try:
        if not image.has_data and not len(image.pixels):
            raise PictureError("Blender cannot decode it")
        factor = EDGE_PX / max(width, height)
        if factor < 1.0:
            image.scale(max(1, round(width * factor)), max(1, round(height * factor)))
        wide: int
        high: int
        wide, high = tuple(image.size)
        pixels = _floats(wide * high * 4)
        if len(image.pixels) != len(pixels):
            raise PictureError(f"{image.channels} channels")
        image.pixels.foreach_get(pixels)
        return Small((wide, high), pixels), _encoded(image, pixels) if with_png else b""
    except (OSError, RuntimeError) as error:
        raise PictureError(str(error)) from error
    finally:
        bpy.data.images.remove(image)


def _floats(number: int) -> Any:
    """Return so many zeros, in a numpy array if there is numpy: Blender fills that without a detour."""
    try:
        import numpy
    except ImportError:
        return [0.0] * number
    return numpy.zeros(number, numpy.float32)


def warm_up() -> None:
    """
    Write, read and scale an image, which takes Blender 0.1 s the first time.

    :raises RuntimeError: that is not possible here.
    """
    path = Path(bpy.app.tempdir) / "warm-up.png"
    made = [bpy.data.images.new("Warm-up", 2, 2)]
    try:
        made[0].file_format = "PNG"
        made[0].save(filepath=str(path))
        made.append(bpy.data.images.load(str(path), check_existing=False))
        made[1].scale(1, 1)
    finally:
        bpy.data.batch_remove(made)
        path.unlink(missing_ok=True)


def try_read(picture: Path, target: Path | None, made: Made | None = None) -> Small | None:
    """Call :func:`read`. Return None, with a line in the log, if the image cannot be used."""
    try:
        return read(picture, target, made)
    except PictureError as error:
        _log.warning("No thumbnail from %s: %s", picture.name, error)
        return None


def try_make(picture: Path, target: Path | None, collection: bpy.types.Collection) -> bool:
    """Call :func:`try_read`, and make the result the preview of ``collection``. Return False if there is none."""
    small = try_read(picture, target)
    if small is not None:
        small.show(collection)
    return small is not None


def _replace(target: Path, data: bytes) -> None:
    """
    Write a file atomically.

    :raises PictureError: it cannot be written.
    """
    part = target.with_name(f".{target.stem}.{os.getpid()}.png")
    try:
        part.write_bytes(data)
        os.replace(part, target)
    except OSError as error:
        raise PictureError(str(error)) from error
    finally:
        part.unlink(missing_ok=True)


def _encoded(image: bpy.types.Image, pixels: Any) -> bytes:
    """
    Return an image as a PNG.

    :param pixels: its pixels.
    :raises OSError: Blender has to write it, and cannot; likewise RuntimeError.
    """
    if (data := _png_of(image, pixels)) is not None:
        return data
    path = Path(bpy.app.tempdir) / "thumbnail.png"
    try:
        image.file_format = "PNG"
        image.save(filepath=str(path))
        return path.read_bytes()
    finally:
        path.unlink(missing_ok=True)


def _png_of(image: bpy.types.Image, pixels: Any) -> bytes | None:
    """Return what Blender would write, in half the time; None for images of other kinds, and without numpy."""
    channels = {24: 3, 32: 4}.get(image.depth)
    if channels is None or image.is_float:
        return None
    try:
        if TYPE_CHECKING or __package__:
            from . import png_bytes
        else:
            import png_bytes
    except ImportError:
        return None
    wide: int
    high: int
    wide, high = tuple(image.size)
    # Pixels of a byte are multiples of 1/255. Blender's first row is the lowest.
    rows = (pixels * 255 + 0.5).astype("uint8").reshape(high, wide, 4)[::-1, :, :channels]
    return png_bytes.encode(rows, COMPRESSION)
