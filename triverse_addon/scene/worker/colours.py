# SPDX-License-Identifier: GPL-3.0-or-later
"""
Set view transforms and colour spaces by name, with any OpenColorIO configuration, and compute sRGB.

A configuration set through the variable ``OCIO``, as studios do, has other names than Blender's own.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import ast
from collections.abc import Iterable
from typing import Any

import bpy

#: Name of the view transform that does not change an image's colours, in Blender's own configuration.
_PLAIN_VIEW = "Standard"
_NO_LOOK = "None"
#: Custom property of images with non-colour data. The child sets it, and the Blender that appends the images reads it.
IS_DATA = "triverse_is_data"


def choices(owner: bpy.types.bpy_struct, attribute: str) -> tuple[str, ...]:
    """
    Return the values that an enum property for a colour setting accepts in this Blender.

    The enum is dynamic, so ``bl_rna`` does not list its items. But the error for an invalid value lists them all
    (``TypeError: … enum "…" not found in ('Standard', …)``, 4.2 to 5.3).

    :param owner: struct that has the property.
    :param attribute: name of the property.
    :return: the values; empty if they cannot be determined.
    """
    try:
        setattr(owner, attribute, "\x01")
    except TypeError as error:
        listed = str(error).rpartition(" not found in ")[2]
        try:
            found = ast.literal_eval(listed)
        except (ValueError, SyntaxError):
            return ()
        # If there is only one value, the message has no comma after it, so it is parsed as a string.
        return (found,) if isinstance(found, str) else tuple(found)
    return ()


def show_plainly(scene: bpy.types.Scene) -> bool:
    """
    Set the view settings of ``scene`` so that renders and saved images keep their colours.

    :return: False if the configuration has no such view transform; the settings are not changed then.
    """
    view = scene.view_settings
    if _PLAIN_VIEW not in choices(view, "view_transform"):
        return False
    view.view_transform = _PLAIN_VIEW  # type: ignore[assignment]
    # Which looks there are depends on the view transform.
    if _NO_LOOK in choices(view, "look"):
        view.look = _NO_LOOK  # type: ignore[assignment]
    view.exposure, view.gamma, view.use_curve_mapping = 0.0, 1.0, False
    return True


def mark_data_images(images: Iterable[bpy.types.Image]) -> None:
    """Mark images with non-colour data, for :func:`resolve_colour_spaces` where colour spaces have other names."""
    for image in images:
        if image.colorspace_settings.is_data:
            image[IS_DATA] = True


def resolve_colour_spaces(images: Iterable[bpy.types.Image]) -> None:
    """
    Replace unknown colour spaces of appended images by equivalents, and remove the marks of :func:`mark_data_images`.

    Blender reads an image with an unknown colour space as if it had the default one, which treats normal and roughness
    maps as colours.
    """
    for image in images:
        is_data = bool(image.get(IS_DATA))
        if IS_DATA in image.keys():  # noqa: SIM118 -- the stubs know no other
            del image[IS_DATA]
        space = image.colorspace_settings
        if space.name in choices(space, "name"):
            continue
        if is_data:
            space.is_data = True
        else:
            space.name = _default_space(is_float=image.is_float)  # type: ignore[assignment]


def _default_space(*, is_float: bool) -> str:
    probe = bpy.data.images.new("Triverse", 1, 1, float_buffer=is_float)
    try:
        return probe.colorspace_settings.name
    finally:
        bpy.data.images.remove(probe)


def light_of(shades: Any) -> Any:
    """Return the linear light of sRGB's shades: arrays of numpy, from 0 to 1."""
    import numpy  # a Blender of a Linux distribution may lack it

    return numpy.where(shades <= 0.04045, shades / 12.92, ((shades + 0.055) / 1.055) ** 2.4)


def shades_of(light: Any) -> Any:
    """Return sRGB's shades of linear light: arrays of numpy, from 0 to 1."""
    import numpy  # likewise

    return numpy.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
