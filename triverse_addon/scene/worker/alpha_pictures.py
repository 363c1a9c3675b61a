# SPDX-License-Identifier: GPL-3.0-or-later
"""
Put into a picture's own alpha what a material makes of it, for exporters that pass over that.

Floor: second. Thread: main, of the child. Imports ``bpy``, and nothing of this package: the child loads it as a plain
module.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from . import channel_pictures, png_pictures
else:
    import channel_pictures
    import png_pictures

#: What the Math nodes of the glTF importer do: it multiplies by a factor, and of a mask takes 1 - (alpha < cutoff).
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "MULTIPLY": lambda first, second: first * second,
    "LESS_THAN": lambda first, second: first < second,
    "SUBTRACT": lambda first, second: first - second,
}


@contextmanager
def as_seen(*, only_factors: bool = False) -> Iterator[None]:
    """
    Let materials be as translucent as their pictures' own alpha, linked directly, as long as the context lasts.

    The exporters of FBX and OBJ only follow a link that leads to a picture directly. That of USD follows it through a
    factor, which it leaves out, and writes the cutoff of a mask. Where the alpha of vertices is multiplied with that of
    a picture, all is left as it is. The new images are packed.

    :param only_factors: whether masks stay as they are linked, and only factors before them are put into the picture.
    """
    made: dict[tuple[object, ...], bpy.types.Image] = {}
    changed = []
    for surface in channel_pictures.surfaces():
        picture, nodes = _behind(surface.inputs["Alpha"])
        if only_factors:
            nodes = _factors_of(nodes)
        if picture is None or not nodes:
            continue
        image = picture.image
        key = (image.name, *((node.operation, *_numbers(node)) for node in nodes))
        if key not in made:
            made[key] = _made(image, nodes)
        output = nodes[-1].outputs[0]
        links = [(output, link.to_socket) for link in output.links]
        for _, socket in links:
            surface.id_data.links.new(picture.outputs["Alpha"], socket)
        picture.image = made[key]
        changed.append((picture, image, links))
    try:
        yield
    finally:
        for picture, image, links in reversed(changed):
            picture.image = image
            for output, socket in links:
                picture.id_data.links.new(output, socket)
        for (name, *_), image in made.items():
            if image.name != name:
                bpy.data.images.remove(image)


def _behind(socket: Any) -> tuple[Any, list[Any]]:
    """
    Return the node of the picture whose alpha is behind an input, and the Math nodes between them, from the picture on.

    :return: the node is None if something else is there, or a Math node that the importer does not make.
    """
    nodes: list[Any] = []
    link = socket.links[0] if socket.is_linked else None
    while link is not None and link.from_node.type == "MATH" and link.from_node.operation in _OPERATIONS:
        nodes.insert(0, link.from_node)
        ahead = [one.links[0] for one in link.from_node.inputs[:2] if one.is_linked]
        link = ahead[0] if len(ahead) == 1 else None
    is_alpha = link is not None and channel_pictures.has_picture(link.from_node) and link.from_socket.name == "Alpha"
    return (link.from_node if is_alpha else None), nodes


def _factors_of(nodes: list[Any]) -> list[Any]:
    """Return those Math nodes, from the first on, that multiply."""
    for number, node in enumerate(nodes):
        if node.operation != "MULTIPLY":
            return nodes[:number]
    return nodes


def _numbers(node: Any) -> tuple[float | None, ...]:
    """Return the two numbers that a Math node takes; None for the one that is linked."""
    return tuple(None if one.is_linked else one.default_value for one in node.inputs[:2])


def _made(image: Any, nodes: list[Any]) -> bpy.types.Image:
    """Return a packed image with the alpha that Math nodes make of that of ``image``; itself if it stays the same."""
    texels = png_pictures.texels_of(image)
    alpha = texels[:, 3]
    for node in nodes:
        alpha = _OPERATIONS[node.operation](*(alpha if one is None else one for one in _numbers(node)))
    if (alpha == texels[:, 3]).all():
        return image
    texels[:, 3] = alpha
    return png_pictures.packed(f"{image.name}-alpha", image, texels, is_data=image.colorspace_settings.is_data)
