# SPDX-License-Identifier: GPL-3.0-or-later
"""
Write images, the last render and the clipboard to image files, as sources of tasks.

Floor: second. Thread: main. Imports ``bpy``.

Files are written in the fastest format, TGA without compression: 60 to 150 ms for 4096 × 4096 px, where a PNG takes
900 ms and more (measured). ``child.preparer`` converts them to PNG in a child Blender when a task needs them.
"""

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from ...api.picture_kinds import picture_kind
from ...api.sentence import Sentence
from ...api.upload_checks import head_of, image_type
from ...tasks.files.private_files import make_folder, opener, own_file
from ..host.errors import SceneError
from ..worker import colours
from . import tga
from .source_files import CLIPBOARD, RENDER, new_path, next_name, not_written, numbered_path, write

_log = logging.getLogger(__name__)

#: Values of ``Image.type`` of the images that Blender creates itself.
_NOT_OF_A_USER = frozenset({"RENDER_RESULT", "COMPOSITING"})

#: Size of the file by which it is found out whether the disk is full.
_PROBE_BYTES = 64 * 1024


def from_image(image: bpy.types.Image, folder: Path) -> Path:
    """
    Return the path of a file with the content of an Image data-block.

    If the image's own file has the same content, return that. Otherwise write a new file. The image is not changed.
    Of a UDIM image, it is the first tile.

    :param image: the image; for "Render Result", the last render is written.
    :param folder: folder for a new file.
    :raises SceneError: the image has no pixels, it is a movie, or the file cannot be written.
    """
    if image.type in _NOT_OF_A_USER:
        return last_render(bpy.context.scene, folder)
    if image.source == "MOVIE":
        raise SceneError(Sentence.of("{name} is a movie. Choose a still picture.", name=image.name))
    if not image.is_dirty and image.source != "GENERATED":
        if image.packed_file is not None:
            return _unpack(image, folder)
        path = _path_of(image)
        if path is not None and path.is_file():
            return path
    # has_data is False for an image that was not drawn yet; reading its size loads it.
    if not all(image.size):
        raise SceneError(Sentence.of("The image “{name}” has no pixels. Its file may be missing.", name=image.name))
    # Blender saves all tiles of a UDIM image, or all views of a stereo image, or nothing.
    if image.source != "TILED" and not image.is_multiview:
        with _plain_scene() as scene:
            if scene is not None:
                return _save(image, scene, new_path(folder, image.name, ".tga"))
    return write(new_path(folder, image.name, ".tga"), _encoded(image))


def last_render(scene: bpy.types.Scene, folder: Path) -> Path:
    """
    Write the last render, with the colour management of ``scene``, to a new file.

    :param scene: the scene whose view settings are applied.
    :param folder: folder for the file.
    :return: path of the file.
    :raises SceneError: nothing was rendered yet, or the file cannot be written.
    """
    result = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    nothing = SceneError(Sentence.of("Nothing was rendered yet. Render an image first."))
    if result is None:
        raise nothing
    path = numbered_path(folder, RENDER)
    with _as_tga(scene):
        try:
            return _save(result, scene, path)
        except SceneError:
            # Blender creates the data-block as soon as a render window is shown, has no way to check whether it has
            # pixels, and translates its error messages. But without pixels it does not begin to write.
            if _can_create(path):
                raise nothing from None
            raise


def from_clipboard(context: bpy.types.Context, folder: Path) -> Path | str:
    """
    Return the image in the clipboard as a file, or the image that text in the clipboard names.

    Blender reads images from the clipboard on Windows, macOS and Wayland, and text everywhere.

    :param context: context with a window.
    :param folder: folder for the file.
    :return: path of the file, or an https URL from the clipboard.
    :raises SceneError: the clipboard has no image, or Blender cannot read it here.
    """
    named = _named_in_clipboard(context)
    if named is not None:
        return named
    pasted = _paste(context)
    if not pasted:
        raise SceneError(
            Sentence.of("The clipboard holds no picture that Blender can read here. A file can be chosen or dropped.")
        )
    try:
        pasted[0].name = next_name(folder, CLIPBOARD)
        return from_image(pasted[0], folder)
    finally:
        bpy.data.batch_remove(pasted)


# -----------------------------------------------------------------------------
# Files


def _path_of(image: bpy.types.Image) -> Path | None:
    """Return the path of an image's file, for a tiled image that of its first tile; None if it has none. No I/O."""
    if not image.filepath:
        return None
    path = bpy.path.abspath(image.filepath, library=image.library)
    if image.source == "TILED" and image.tiles:
        path = path.replace("<UDIM>", str(image.tiles[0].number))
    return Path(path)


def _unpack(image: bpy.types.Image, folder: Path) -> Path:
    """Write the packed file byte for byte to a new file, with the suffix of the format that its first bytes show."""
    data = image.packed_file.data
    suffix = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}.get(image_type(data[:32]) or "")
    return write(new_path(folder, image.name, suffix or Path(image.filepath).suffix.lower() or ".tga"), data)


def _save(image: bpy.types.Image, scene: bpy.types.Scene, path: Path) -> Path:
    try:
        make_folder(path.parent)
        # Image.save() is not used: in 4.2 it turns a generated image into a file image, and marks a painted one as
        # saved.
        image.save_render(str(path), scene=scene)
        if not tga.is_whole(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        own_file(path)
    except (OSError, RuntimeError) as error:
        raise not_written(path.parent) from error
    return path


def _can_create(path: Path) -> bool:
    """Return False if there is a file at ``path``, or none can be written there. Nothing is left at ``path``."""
    try:
        with open(path, "xb", opener=opener) as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
    return True


def _encoded(image: bpy.types.Image) -> bytes:
    """
    Return the pixels of ``image`` as TGA, without colour management. Scene-linear pixels are encoded as sRGB.

    The encoding is that of IEC 61966-2-1. Takes 0.4 to 1.3 s for 4096 × 4096 px, where Blender saves in 0.1 to 0.2 s
    (processor time, measured).

    :raises SceneError: numpy is missing.
    """
    try:
        import numpy  # a Blender of a Linux distribution may lack it
    except ImportError:
        raise SceneError(
            Sentence.of(
                "Your colour configuration cannot show this picture as it is. Save it as a file, and choose that."
            )
        ) from None
    width, height = (int(edge_px) for edge_px in image.size)
    pixels = numpy.empty(len(image.pixels), dtype=numpy.float32)
    image.pixels.foreach_get(pixels)
    channels = len(pixels) // (width * height)
    has_alpha = channels in (2, 4)  # one channel is grey, two are grey and alpha
    order = ([2, 1, 0] if channels > 2 else [0, 0, 0]) + ([channels - 1] if has_alpha else [])
    is_light = image.is_float and not image.colorspace_settings.is_data
    levels = numpy.empty((width * height, len(order)), dtype=numpy.uint8)
    for place, channel in enumerate(order):
        level = pixels[channel::channels].clip(0.0, 1.0)
        if is_light and place < 3:
            level = colours.shades_of(level)
        level *= 255.0
        level += 0.5
        levels[:, place] = level
    return tga.encode(width, height, levels.tobytes(), depth=len(order))


@contextmanager
def _plain_scene() -> Iterator[bpy.types.Scene | None]:
    """
    Yield a temporary scene that saves images without changing their colours, independent of the user's view settings.

    Yield None if the colour configuration has no view for that: see :func:`_encoded`.
    """
    scene = bpy.data.scenes.new("Triverse")
    try:
        if not colours.show_plainly(scene):
            yield None
            return
        with _as_tga(scene):
            yield scene
    finally:
        bpy.data.scenes.remove(scene)


@contextmanager
def _as_tga(scene: bpy.types.Scene) -> Iterator[None]:
    """Set the output format of ``scene`` to uncompressed TGA, and restore the user's settings afterwards."""
    settings = scene.render.image_settings
    # Order matters: the media type (5.0) determines which file formats can be set, and the format the other settings.
    names = [name for name in ("media_type", "file_format", "color_mode", "color_depth") if hasattr(settings, name)]
    before: dict[str, Any] = {name: getattr(settings, name) for name in names}
    try:
        for name, value in {"media_type": "IMAGE", "file_format": "TARGA_RAW", "color_mode": "RGBA"}.items():
            if name in before:
                setattr(settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


# -----------------------------------------------------------------------------
# The clipboard


def _paste(context: bpy.types.Context) -> list[bpy.types.Image]:
    """Paste the clipboard as an Image data-block and return that in a list, which is empty if there is no image."""
    before = set(bpy.data.images)
    with _image_editor(context) as is_there:
        # Without an Image Editor the operator fails in newer Blenders and crashes older ones, whose poll() does not
        # check for it (image_ops.cc: image_clipboard_paste_exec, ED_space_image_set).
        if is_there and bpy.ops.image.clipboard_paste.poll():  # type: ignore[call-arg]
            try:
                bpy.ops.image.clipboard_paste()
            except RuntimeError as error:
                _log.info("Blender cannot paste: %s", error)
    # A new Image Editor may create "Render Result" and "Viewer Node", which were not pasted.
    return [image for image in bpy.data.images if image not in before and image.type not in _NOT_OF_A_USER]


@contextmanager
def _image_editor(context: bpy.types.Context) -> Iterator[bool]:
    """
    Override the context with an Image Editor, and restore the area that was used for it afterwards.

    An open Image Editor is used if there is one. Otherwise another area becomes an Image Editor temporarily. Yields
    False if there is no area.
    """
    window = context.window
    areas = list(window.screen.areas) if window is not None else []
    # The area in the context comes last: the panel that called this code may be in it.
    areas.sort(key=lambda area: (area.type != "IMAGE_EDITOR", area == context.area))
    if not areas:
        yield False
        return
    area = areas[0]
    shown = area.ui_type
    if area.type != "IMAGE_EDITOR":
        area.type = "IMAGE_EDITOR"
    space = area.spaces.active
    image, is_pinned = space.image, space.use_image_pin
    try:
        with context.temp_override(window=window, area=area):
            yield True
    finally:
        space.image, space.use_image_pin = image, is_pinned
        area.ui_type = shown


def _named_in_clipboard(context: bpy.types.Context) -> Path | str | None:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    text = context.window_manager.clipboard[:4000].strip().strip('"')
    if not text or "\n" in text:
        return None
    if text.startswith("https://"):
        return text
    try:
        path = Path(url2pathname(urlsplit(text).path) if text.startswith("file://") else text)
        is_picture = path.is_absolute() and path.is_file()
        is_picture = is_picture and (
            path.suffix.lower() in bpy.path.extensions_image or bool(picture_kind(head_of(path)))
        )
    except (OSError, ValueError):
        return None
    return path if is_picture else None
