# SPDX-License-Identifier: GPL-3.0-or-later
"""
Colours by what this Blender knows: a studio's configuration (``OCIO``) has other names for all of them.

Floor: second. Thread: main, of the user's Blender or of the child. Imports ``bpy``, and nothing of this package: the
child loads it as a plain module.
"""

import ast
from collections.abc import Iterable

import bpy

#: The view that changes nothing of a picture: Blender's own.
_PLAIN_VIEW = "Standard"
_NO_LOOK = "None"
#: A custom property of pictures that hold no colours, from the child that read them to the Blender that appends them.
IS_DATA = "triverse_is_data"


def choices(owner: bpy.types.bpy_struct, attribute: str) -> tuple[str, ...]:
    """
    Return the names that a colour setting may have here.

    They are made when they are looked at, so Blender's description of the property has none of them; the refusal of a
    name that cannot be lists them all (``TypeError: … enum "…" not found in ('Standard', …)``, 4.2 to 5.3).
    """
    try:
        setattr(owner, attribute, "\x01")
    except TypeError as error:
        listed = str(error).rpartition(" not found in ")[2]
        try:
            found = ast.literal_eval(listed)
        except (ValueError, SyntaxError):
            return ()
        # One name alone is written without the comma that would make it a tuple.
        return (found,) if isinstance(found, str) else tuple(found)
    return ()


def show_plainly(scene: bpy.types.Scene) -> bool:
    """
    Have pictures that ``scene`` renders or saves show the colours that they have.

    :return: False where the configuration has no such view; what it uses by itself stays then.
    """
    view = scene.view_settings
    if _PLAIN_VIEW not in choices(view, "view_transform"):
        return False
    view.view_transform = _PLAIN_VIEW  # type: ignore[assignment]
    # Looks depend on the view.
    if _NO_LOOK in choices(view, "look"):
        view.look = _NO_LOOK  # type: ignore[assignment]
    view.exposure, view.gamma, view.use_curve_mapping = 0.0, 1.0, False
    return True


def note_data(images: Iterable[bpy.types.Image]) -> None:
    """Note which pictures hold no colours, for :func:`settle` in a Blender with other names for colour spaces."""
    for image in images:
        if image.colorspace_settings.is_data:
            image[IS_DATA] = True


def settle(images: Iterable[bpy.types.Image]) -> None:
    """
    Give appended pictures whose colour space is unknown here one that means the same, and take the notes away.

    Blender reads such a picture as if it had its default space, which turns normal and roughness maps into colours.
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
