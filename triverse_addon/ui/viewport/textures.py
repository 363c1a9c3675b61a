# SPDX-License-Identifier: GPL-3.0-or-later
"""
Textures of the pictures in the large preview.

Floor: third. Thread: main, in a draw handler, except :func:`free`. Imports ``bpy`` (``gpu``).

They are made from pixels, not from data-blocks: nothing is added to the open file.
"""

from array import array
from typing import TYPE_CHECKING

import gpu
from gpu_extras.batch import batch_for_shader

if TYPE_CHECKING:
    from ...scene.child.preview_pixels import PreviewPixels, Source
    from ..state.thumbnails import Thumbnails

_of_sources: "dict[Source, tuple[gpu.types.GPUTexture, ...]]" = {}
_of_thumbnails: dict[str, gpu.types.GPUTexture] = {}
_encodes: bool | None = None
"""What :func:`_is_encoding` has found."""
_PROBE_PX = 4


def get(pictures: "PreviewPixels", source: "Source") -> tuple[gpu.types.GPUTexture, ...]:
    """Return the textures of pictures; none until they are fetched. They are requested at the first call."""
    if source not in _of_sources:
        pictures.request(source)
        taken = pictures.take(source)
        if not taken:
            return ()
        _of_sources[source] = tuple(_texture(one.width, one.height, memoryview(one.data).cast("f")) for one in taken)
    return _of_sources[source]


def of_thumbnail(thumbnails: "Thumbnails", task_id: str) -> gpu.types.GPUTexture | None:
    """Return the texture of a task's thumbnail; None if that is not loaded."""
    if task_id not in _of_thumbnails:
        found = thumbnails.pixels(task_id)
        if found is None:
            return None
        width, height, pixels = found
        _of_thumbnails[task_id] = _texture(width, height, memoryview(pixels))
    return _of_thumbnails[task_id]


def free() -> None:
    """Free all textures."""
    _of_sources.clear()
    _of_thumbnails.clear()


def _texture(width: int, height: int, pixels: "memoryview[float]") -> gpu.types.GPUTexture:
    buffer = gpu.types.Buffer("FLOAT", len(pixels), pixels)
    # Where the viewport encodes colours, the texture has to decode them, or pictures would be too light.
    return gpu.types.GPUTexture((width, height), format="SRGB8_A8" if _is_encoding() else "RGBA8", data=buffer)


def _is_encoding() -> bool:
    """
    Return whether what a shader puts out is encoded as sRGB when it is written to the viewport.

    Blender 4.3 does this, 5.2 does not (measured). So it is tried once: a pixel is drawn in a corner, and read.
    """
    global _encodes
    if _encodes is None:
        grey = array("f", (0.5, 0.5, 0.5, 1.0))
        probe = gpu.types.GPUTexture((1, 1), format="RGBA8", data=gpu.types.Buffer("FLOAT", 4, memoryview(grey)))
        draw(probe, 0, 0, _PROBE_PX, _PROBE_PX)
        left, low, *_ = gpu.state.viewport_get()
        framebuffer = gpu.state.active_framebuffer_get()
        found = framebuffer.read_color(left + _PROBE_PX // 2, low + _PROBE_PX // 2, 1, 1, 4, 0, "FLOAT")
        _encodes = found.to_list()[0][0][0] > 0.62  # 0.5 is 0.735 in sRGB
    return _encodes


def draw(texture: gpu.types.GPUTexture, left: float, low: float, width: float, height: float) -> tuple[float, ...]:
    """
    Draw a picture as large as it fits into the middle of a rectangle, in pixels.

    :return: left, low, width and height of what was drawn.
    """
    factor = min(width / texture.width, height / texture.height)
    wide, high = texture.width * factor, texture.height * factor
    left, low = left + (width - wide) / 2, low + (height - high) / 2
    right, top = left + wide, low + high
    gpu.state.blend_set("ALPHA_PREMULT")
    shader = gpu.shader.from_builtin("IMAGE")
    shader.bind()
    shader.uniform_sampler("image", texture)
    places = [(left, low, 0.0), (right, low, 0.0), (right, top, 0.0), (left, top, 0.0)]
    inside = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    batch = batch_for_shader(shader, "TRIS", {"pos": places, "texCoord": inside}, indices=[(0, 1, 2), (0, 2, 3)])
    batch.draw(shader)
    gpu.state.blend_set("ALPHA")
    return left, low, wide, high
