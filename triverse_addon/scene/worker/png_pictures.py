# SPDX-License-Identifier: GPL-3.0-or-later
"""
Put PNGs in the place of WebP pictures, for formats whose readers know PNG and JPEG only.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy


@contextmanager
def instead_of_webp() -> Iterator[None]:
    """
    Let all users of WebP pictures use PNGs, packed and under the same names, as long as the context lasts.

    The exporters of FBX, USD and OBJ write pictures as they are packed. A ``.usdz`` may have no WebP, and few programs
    that read the others know it.
    """
    exchanged = []
    images: list[Any] = list(bpy.data.images)
    for image in [one for one in images if one.file_format == "WEBP" and one.packed_file is not None]:
        if image.size[0]:  # else it cannot be read
            name = image.name
            image.name = "WebP"
            new = _png(image, name)
            image.user_remap(new)
            exchanged.append((image, new, name))
    try:
        yield
    finally:
        for image, new, name in exchanged:
            new.user_remap(image)
            bpy.data.images.remove(new)
            image.name = name


def _png(image: Any, name: str) -> bpy.types.Image:
    new = packed(name, image, texels_of(image), is_data=image.colorspace_settings.is_data)
    new.alpha_mode = image.alpha_mode
    return new


def texels_of(image: Any) -> Any:
    """Return the pixels of an image, an array of four numbers each."""
    import numpy  # where it is missing, the child still starts, and says so

    width, height = image.size
    texels = numpy.empty((width * height, 4), numpy.float32)
    image.pixels.foreach_get(texels.ravel())
    return texels


def packed(name: str, image: Any, texels: Any, *, is_data: bool) -> bpy.types.Image:
    """
    Return a new packed image, as large as ``image``.

    :param texels: its pixels, as :func:`texels_of` returns them.
    :param is_data: whether they are no colours.
    """
    # Importers take the alpha of a picture for that of its material.
    has_alpha = bool((texels[:, 3] < 1.0).any())
    new = bpy.data.images.new(name, *image.size, alpha=has_alpha, is_data=is_data)
    new.pixels.foreach_set(texels.ravel())
    new.pack()
    return new
