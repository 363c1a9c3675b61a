# SPDX-License-Identifier: GPL-3.0-or-later
"""
Pictures that Blender holds, as files that a task can be made from.

Floor: second. Thread: main. Imports ``bpy``.

Everything is written in the quickest way there is, as TGA without compression: 60 to 150 ms for 4096 × 4096 px, where
a PNG takes 900 ms and more (measured). ``child.preparer`` makes a PNG of it in a child Blender, when a task needs it.
"""

import logging
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ...api.picture_kinds import picture_kind
from ...api.sentence import Sentence
from ...api.upload_checks import head_of, image_type
from ...tasks.folders import slug
from ...tasks.private_files import make_folder, opener, own_file
from ..errors import SceneError
from ..worker import colours

_log = logging.getLogger(__name__)

#: Types of the images that Blender itself keeps.
_NOT_OF_A_USER = frozenset({"RENDER_RESULT", "COMPOSITING"})

#: Longest side of a picture of the viewport, at least and at most: small windows are drawn larger.
_LEAST_PX, _MOST_PX = 1024, 2048


def from_image(image: bpy.types.Image, folder: Path) -> Path:
    """
    Return a file with what an Image data-block shows.

    Its own file if that holds the same; else one is written into ``folder``. The data-block does not change.

    :raises SceneError: there are no pixels, it is a movie, or nothing can be written.
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
    # has_data is False for what was not drawn yet; asking for the size loads it.
    if not all(image.size):
        raise SceneError(Sentence.of("The image {name} has no pixels. Its file may be missing.", name=image.name))
    with _plain_scene() as scene:
        if scene is not None:
            return _save(image, scene, _new_path(folder, image.name, ".tga"))
    return _write(_new_path(folder, image.name, ".tga"), _encoded(image))


def last_render(scene: bpy.types.Scene, folder: Path) -> Path:
    """
    Write the last render as it looks with the colour management of ``scene``.

    :raises SceneError: nothing was rendered yet, or nothing can be written.
    """
    result = next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)
    nothing = SceneError(Sentence.of("Nothing was rendered yet. Render an image first."))
    if result is None:
        raise nothing
    path = _new_path(folder, f"render {scene.name}", ".tga")
    with _as_tga(scene):
        try:
            return _save(result, scene, path)
        except SceneError:
            # Blender has the data-block from the first look at a render window on, and no way to ask for its pixels.
            if path.parent.is_dir():
                raise nothing from None
            raise


def has_render() -> bool:
    """Tell whether something may have been rendered; only :func:`last_render` knows for sure."""
    return any(image.type == "RENDER_RESULT" for image in bpy.data.images)


def capture_viewport(area: bpy.types.Area, scene: bpy.types.Scene, layer: bpy.types.ViewLayer, folder: Path) -> Path:
    """
    Write what a 3D viewport shows, in its shading but without grid, outlines, gizmos and other overlays.

    :param area: a 3D viewport.
    :raises SceneError: nothing can be drawn here, or nothing can be written.
    """
    space, region = area.spaces.active, next(region for region in area.regions if region.type == "WINDOW")
    if not isinstance(space, bpy.types.SpaceView3D):
        raise SceneError(Sentence.of("There is no 3D viewport to capture."))
    longest = max(region.width, region.height)
    factor = min(max(longest, _LEAST_PX), _MOST_PX) / max(longest, 1)
    width, height = max(1, round(region.width * factor)), max(1, round(region.height * factor))
    pixels = _draw(space, region, scene, layer, width, height)
    return _write(_new_path(folder, f"viewport {scene.name}", ".tga"), _tga(width, height, _without_alpha(pixels)))


def from_clipboard(context: bpy.types.Context, folder: Path) -> Path | str:
    """
    Return the picture in the clipboard as a file; where the clipboard holds text, the file or address it names.

    Blender reads pictures from the clipboard on Windows, macOS and Wayland, and file names everywhere.

    :raises SceneError: the clipboard holds nothing of that kind, or Blender cannot read it here.
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
        return from_image(pasted[0], folder)
    finally:
        bpy.data.batch_remove(pasted)


# -----------------------------------------------------------------------------
# Files


def _path_of(image: bpy.types.Image) -> Path | None:
    """The file of an image; the first tile's of a tiled one. Not looked at."""
    if not image.filepath:
        return None
    path = bpy.path.abspath(image.filepath, library=image.library)
    if image.source == "TILED" and image.tiles:
        path = path.replace("<UDIM>", str(image.tiles[0].number))
    return Path(path)


def _unpack(image: bpy.types.Image, folder: Path) -> Path:
    """Write the packed file byte for byte, under the suffix that its first bytes deserve."""
    data = image.packed_file.data
    suffix = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}.get(image_type(data[:32]) or "")
    return _write(_new_path(folder, image.name, suffix or Path(image.filepath).suffix.lower() or ".tga"), data)


def _write(path: Path, data: bytes) -> Path:
    try:
        make_folder(path.parent)
        with open(path, "xb", opener=opener) as file:
            file.write(data)
    except OSError as error:
        raise _not_written(path.parent) from error
    return path


def _new_path(folder: Path, name: str, suffix: str) -> Path:
    return folder / f"{slug(name, fallback='picture')}-{secrets.token_hex(4)}{suffix}"


def _save(image: bpy.types.Image, scene: bpy.types.Scene, path: Path) -> Path:
    try:
        make_folder(path.parent)
        # Image.save() of 4.2 would make a file of a generated image, and of a painted one a saved one.
        image.save_render(str(path), scene=scene)
    except (OSError, RuntimeError) as error:
        raise _not_written(path.parent) from error
    if not path.is_file():
        raise _not_written(path.parent)
    own_file(path)
    return path


def _encoded(image: bpy.types.Image) -> bytes:
    """
    Return a TGA of the pixels as they are; of a picture with linear light, as sRGB encodes it (IEC 61966-2-1).

    Takes 0.4 to 1.3 s for 4096 × 4096 px, where Blender saves in 0.1 to 0.2 s (processor time, measured).

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
            level = numpy.where(level <= 0.0031308, level * 12.92, 1.055 * level ** (1 / 2.4) - 0.055)
        level *= 255.0
        level += 0.5
        levels[:, place] = level
    return _tga(width, height, levels.tobytes(), depth=len(order))


def _not_written(folder: Path) -> SceneError:
    return SceneError(Sentence.of("The picture cannot be written to {path}. Make room there.", path=str(folder)))


@contextmanager
def _plain_scene() -> Iterator[bpy.types.Scene | None]:
    """
    A scene that saves pictures with the colours they have, whatever the user's scene makes of renders.

    None where the colour configuration has no view for that: see :func:`_encoded`.
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
    """Let ``scene`` save TGA meanwhile."""
    settings = scene.render.image_settings
    # The kind of media comes first, for it decides which formats there are (5.0); the format decides the rest.
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
# The viewport


def _draw(
    space: bpy.types.SpaceView3D,
    region: bpy.types.Region,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    width: int,
    height: int,
) -> bytes:
    """Return the pixels, RGBA from the lower left, of one drawing without overlays."""
    view = space.region_3d
    shown = space.overlay.show_overlays
    try:
        import gpu  # absent in the bpy module

        offscreen = gpu.types.GPUOffScreen(width, height)
    except (ImportError, SystemError, RuntimeError) as error:
        raise SceneError(Sentence.of("Blender cannot draw the viewport without a window.")) from error
    try:
        space.overlay.show_overlays = False
        offscreen.draw_view3d(
            scene, layer, space, region, view.view_matrix, view.window_matrix, do_color_management=True
        )
        with offscreen.bind():
            buffer = gpu.state.active_framebuffer_get().read_color(0, 0, width, height, 4, 0, "UBYTE")
        buffer.dimensions = width * height * 4  # type: ignore[assignment]
        return bytes(buffer)
    finally:
        space.overlay.show_overlays = shown
        offscreen.free()


def _tga(width: int, height: int, body: bytes, *, depth: int = 3) -> bytes:
    """
    Return an uncompressed TGA (Truevision TGA 2.0, type 2).

    :param body: blue, green, red and, with a depth of 4, alpha of each pixel, from the lower left.
    """
    has_alpha = depth == 4
    return struct.pack("<BBB5xHHHHBB", 0, 0, 2, 0, 0, width, height, 8 * depth, 8 * has_alpha) + body


def _without_alpha(rgba: bytes) -> bytes:
    """Return blue, green and red of pixels that are red, green, blue and alpha."""
    body = bytearray(len(rgba) // 4 * 3)
    body[0::3], body[1::3], body[2::3] = rgba[2::4], rgba[1::4], rgba[0::4]
    return bytes(body)


# -----------------------------------------------------------------------------
# The clipboard


def _paste(context: bpy.types.Context) -> list[bpy.types.Image]:
    """Let Blender make an image of the clipboard; nothing where it cannot or the clipboard holds none."""
    before = set(bpy.data.images)
    with _image_editor(context) as is_there:
        # Without an Image Editor the operator refuses in newer Blenders and crashes in older ones, whose poll() does
        # not look for it (image_ops.cc: image_clipboard_paste_exec, ED_space_image_set).
        if is_there and bpy.ops.image.clipboard_paste.poll():  # type: ignore[call-arg]
            try:
                bpy.ops.image.clipboard_paste()
            except RuntimeError as error:
                _log.info("Blender cannot paste: %s", error)
    # An Image Editor that is new may bring "Render Result" and "Viewer Node" with it, which nobody pasted.
    return [image for image in bpy.data.images if image not in before and image.type not in _NOT_OF_A_USER]


@contextmanager
def _image_editor(context: bpy.types.Context) -> Iterator[bool]:
    """Be in an Image Editor meanwhile, lent by another one or by any other area, which shows afterwards what it did."""
    window = context.window
    areas = list(window.screen.areas) if window is not None else []
    # The area the user is in comes last: its panel may be running us.
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
    from urllib.parse import unquote, urlparse
    from urllib.request import url2pathname

    text = context.window_manager.clipboard[:4000].strip().strip('"')
    if not text or "\n" in text:
        return None
    if text.startswith("https://"):
        return text
    path = Path(url2pathname(unquote(urlparse(text).path)) if text.startswith("file://") else text)
    try:
        is_picture = path.is_absolute() and path.is_file()
        is_picture = is_picture and (
            path.suffix.lower() in bpy.path.extensions_image or bool(picture_kind(head_of(path)))
        )
    except (OSError, ValueError):
        return None
    return path if is_picture else None
